// @ts-check
// The node:async_hooks module (https://nodejs.org/api/async_hooks.html and async_context.html): a shim for
// async context inside the sandbox, over the engine's async context and the execution tracker. It knows
// promises, timers, microtasks and the program's own AsyncResources.

import { platformFunction } from "../../guest/timers.js";
import { ExecutionTracker } from "./execution.js";
import { observeScheduling } from "./scheduling.js";
import { ASYNC_WRAP_PROVIDERS } from "./providers.js";

const { apply } = Reflect;
const { defineProperty } = Object;
const { isSafeInteger } = Number;

/** @param {any} core `core` of the engine's internals */
export function createAsyncHooks(core) {
  const { getAsyncContext, setAsyncContext, AsyncVariable } = core;
  const tracker = new ExecutionTracker(core);
  observeScheduling(tracker, globalThis, platformFunction);

  /** @param {unknown} context @param {any} fn @param {unknown} thisArgument @param {ArrayLike<any>} args */
  function runInContext(context, fn, thisArgument, args) {
    const previous = getAsyncContext();
    setAsyncContext(context);
    try {
      return apply(fn, thisArgument, args);
    } finally {
      setAsyncContext(previous);
    }
  }

  class AsyncResource {
    #context = getAsyncContext();
    #execution;

    /** @param {string} type @param {number | {triggerAsyncId?: number, requireManualDestroy?: boolean}} [options] */
    constructor(type, options = {}) {
      requireString(type, "type");
      if (type.length === 0) {
        throw nodeError(TypeError, "ERR_ASYNC_TYPE", `Invalid name for async "type": ${type}`);
      }
      const { triggerAsyncId, requireManualDestroy = false } = typeof options === "number"
        ? { triggerAsyncId: options }
        : options;
      if (triggerAsyncId !== undefined && (!isSafeInteger(triggerAsyncId) || triggerAsyncId < -1)) {
        throw nodeError(
          RangeError,
          "ERR_INVALID_ASYNC_ID",
          `Invalid triggerAsyncId value: ${triggerAsyncId}`,
        );
      }
      this.#execution = tracker.create(type, this, triggerAsyncId);
      if (!requireManualDestroy) tracker.destroyWhenCollected(this, this.#execution);
    }

    /** @param {any} fn @param {unknown} [thisArg] @param {any[]} args */
    runInAsyncScope(fn, thisArg, ...args) {
      return runInContext(
        this.#context,
        () => tracker.run(this.#execution, fn, thisArg, args),
        undefined,
        [],
      );
    }

    emitDestroy() {
      tracker.destroy(this.#execution);
      return this;
    }

    asyncId() {
      return this.#execution.id;
    }

    triggerAsyncId() {
      return this.#execution.triggerId;
    }

    /** @param {any} fn @param {unknown} [thisArg] */
    bind(fn, thisArg) {
      requireFunction(fn, "fn");
      const run = (/** @type {unknown} */ receiver, /** @type {any[]} */ args) =>
        apply(this.runInAsyncScope, this, [fn, thisArg === undefined ? receiver : thisArg, ...args]);
      const bound = /** @this {unknown} @param {any[]} args */ function (...args) {
        return run(this, args);
      };
      defineProperty(bound, "length", { value: fn.length, configurable: true });
      return bound;
    }

    /** @param {any} fn @param {string} [type] @param {unknown} [thisArg] */
    static bind(fn, type, thisArg) {
      requireFunction(fn, "fn");
      return new AsyncResource(type || fn.name || "bound-anonymous-fn").bind(fn, thisArg);
    }
  }

  class AsyncLocalStorage {
    #variable = new AsyncVariable();
    #name = "";
    /** @type {unknown} */
    #defaultValue;

    /** @param {{name?: string, defaultValue?: unknown}} [options] */
    constructor(options = {}) {
      if (typeof options !== "object" || options === null) throw invalidType("options", "an object", options);
      this.#defaultValue = options.defaultValue;
      if (options.name !== undefined) this.#name = `${options.name}`;
    }

    get name() {
      return this.#name;
    }

    getStore() {
      const box = this.#variable.get();
      return box === undefined ? this.#defaultValue : box.store;
    }

    /** @param {unknown} store */
    enterWith(store) {
      this.#variable.enter({ __proto__: null, store });
    }

    /** Leaves the current execution without a store. */
    disable() {
      this.#variable.enter(undefined);
    }

    /** @param {unknown} store @param {any} callback @param {any[]} args */
    run(store, callback, ...args) {
      const previous = this.#variable.get();
      this.enterWith(store);
      try {
        return apply(callback, null, args);
      } finally {
        // Only this store: what the callback entered in another one stays.
        this.#variable.enter(previous);
      }
    }

    /** @param {any} callback @param {any[]} args */
    exit(callback, ...args) {
      return this.run(undefined, callback, ...args);
    }

    /** @param {any} fn */
    static bind(fn) {
      return AsyncResource.bind(fn);
    }

    static snapshot() {
      return AsyncLocalStorage.bind((/** @type {any} */ fn, /** @type {any[]} */ ...args) => fn(...args));
    }
  }

  class AsyncHook {
    #registered;

    /** @param {Record<string, any>} callbacks */
    constructor(callbacks) {
      this.#registered = { ...callbacks, owner: this };
    }

    enable() {
      tracker.enable(this.#registered);
      return this;
    }

    disable() {
      tracker.disable(this.#registered);
      return this;
    }
  }

  /** @param {Record<string, any>} callbacks */
  function createHook(callbacks) {
    if (typeof callbacks !== "object" || callbacks === null) {
      throw invalidType("callbacks", "an object", callbacks);
    }
    const { init, before, after, destroy, promiseResolve } = callbacks;
    const named = { init, before, after, destroy, promiseResolve };
    for (const name in named) {
      const callback = named[/** @type {keyof typeof named} */ (name)];
      if (callback !== undefined && typeof callback !== "function") {
        throw nodeError(TypeError, "ERR_ASYNC_CALLBACK", `hook.${name} must be a function`);
      }
    }
    return new AsyncHook(named);
  }

  const exports = {
    AsyncLocalStorage,
    AsyncResource,
    asyncWrapProviders: ASYNC_WRAP_PROVIDERS,
    createHook,
    executionAsyncId: () => tracker.current.id,
    executionAsyncResource: () => tracker.current.resource,
    triggerAsyncId: () => tracker.current.triggerId,
  };
  return { ...exports, default: exports };
}

/** @param {unknown} value @param {string} name */
function requireFunction(value, name) {
  if (typeof value !== "function") throw invalidType(name, "of type function", value);
}

/** @param {unknown} value @param {string} name */
function requireString(value, name) {
  if (typeof value !== "string") throw invalidType(name, "of type string", value);
}

/** @param {string} name @param {string} expected @param {unknown} value */
function invalidType(name, expected, value) {
  const received = value === null ? "null" : typeof value;
  return nodeError(
    TypeError,
    "ERR_INVALID_ARG_TYPE",
    `The "${name}" argument must be ${expected}. Received ${received}`,
  );
}

/** An error with the `code` that Node gives it. @param {any} Base @param {string} code @param {string} message */
function nodeError(Base, code, message) {
  const error = new Base(message);
  error.code = code;
  return error;
}
