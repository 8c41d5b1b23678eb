// @ts-check
// The AsyncContext namespace of the TC39 proposal (https://tc39.es/proposal-async-context/, stage 2):
// Variable and Snapshot over the engine's own async context, which V8 carries across await, and the web
// platform across timers, events, streams and messages.

const { apply } = Reflect;
const { defineProperty, defineProperties, getOwnPropertyDescriptor } = Object;
const { trunc } = Math;

/**
 * The engine's part: `core` of `Deno[Deno.internal]`.
 * @typedef {object} ContextCore
 * @property {() => unknown} getAsyncContext
 * @property {(context: unknown) => void} setAsyncContext
 * @property {new () => {enter(value: unknown): unknown, get(): any}} AsyncVariable
 */

/**
 * @param {ContextCore} core
 */
export function createAsyncContext(core) {
  const { getAsyncContext, setAsyncContext, AsyncVariable } = core;

  /**
   * Calls `fn` in `context`, and leaves that of the caller in place afterwards.
   * @param {unknown} context @param {any} fn @param {unknown} thisArgument @param {ArrayLike<any>} args
   */
  function runInContext(context, fn, thisArgument, args) {
    const previous = getAsyncContext();
    setAsyncContext(context);
    try {
      return apply(fn, thisArgument, args);
    } finally {
      setAsyncContext(previous);
    }
  }

  class Variable {
    #name = "";
    /** @type {unknown} */
    #defaultValue;
    #variable = new AsyncVariable();

    /** @param {{name?: string, defaultValue?: unknown}} [options] */
    constructor(options) {
      if ((typeof options === "object" && options !== null) || typeof options === "function") {
        if ("name" in options) this.#name = toString(options.name);
        this.#defaultValue = options.defaultValue;
      }
    }

    get name() {
      return this.#name;
    }

    get() {
      const box = this.#variable.get();
      return box === undefined ? this.#defaultValue : box.value;
    }

    /** @param {unknown} value @param {any} func @param {any[]} args */
    run(value, func, ...args) {
      const previous = this.#variable.enter({ __proto__: null, value });
      try {
        return apply(func, undefined, args);
      } finally {
        setAsyncContext(previous);
      }
    }
  }

  class Snapshot {
    #context = getAsyncContext();

    /** @param {any} func @param {any[]} args */
    run(func, ...args) {
      return runInContext(this.#context, func, undefined, args);
    }

    /** @param {any} fn */
    static wrap(fn) {
      if (typeof fn !== "function") throw new TypeError("AsyncContext.Snapshot.wrap: fn is not a function");
      const context = getAsyncContext();
      const { wrapped } = {
        // A method has no [[Construct]], as the built-in function of the proposal has none.
        /** @this {unknown} @param {any[]} args */
        wrapped(...args) {
          return runInContext(context, fn, this, args);
        },
      };
      copyNameAndLength(wrapped, fn, "wrapped");
      return wrapped;
    }
  }

  tag(Variable.prototype, "AsyncContext.Variable");
  tag(Snapshot.prototype, "AsyncContext.Snapshot");
  const namespace = tag({}, "AsyncContext");
  defineProperties(namespace, {
    Snapshot: { value: Snapshot, writable: true, enumerable: false, configurable: true },
    Variable: { value: Variable, writable: true, enumerable: false, configurable: true },
  });
  return namespace;
}

/** ToString of the language, which refuses symbols. @param {any} value */
function toString(value) {
  return `${value}`;
}

/** @template {object} T @param {T} object @param {string} name @returns {T} */
function tag(object, name) {
  return defineProperty(object, Symbol.toStringTag, { value: name, configurable: true });
}

/**
 * CopyNameAndLength of the ShadowRealm proposal.
 * @param {object} target @param {any} source @param {string} prefix
 */
function copyNameAndLength(target, source, prefix) {
  let length = 0;
  if (getOwnPropertyDescriptor(source, "length") !== undefined) {
    const given = source.length;
    if (typeof given === "number") length = given > 0 ? trunc(given) : 0;
  }
  defineProperty(target, "length", { value: length, configurable: true });
  const name = source.name;
  defineProperty(target, "name", {
    value: `${prefix} ${typeof name === "string" ? name : ""}`,
    configurable: true,
  });
}
