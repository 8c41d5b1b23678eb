// @ts-check
// What node:async_hooks observes: which asynchronous resource runs now, and the four events of its life.
//
// A resource has a record {id, triggerId, type, resource}. `stack` holds the records that run, innermost
// last; below it is the program's top level, id 1. Promises are observed through V8's promise hooks, which
// are set while a hook is enabled and at no other time; timers and microtasks through the thin wrappers of
// scheduling.js.
//
// A hook's callbacks are not observed themselves: what they create has no record, and neither has what a
// reaction of such a promise creates. Otherwise a hook that logs would see its own logging for ever.

const { apply } = Reflect;
const { freeze } = Object;
const { reportError } = globalThis;

/**
 * @typedef {{id: number, triggerId: number, type: string, resource: object, destroyed: boolean}} Execution
 * @typedef {object} HookCallbacks
 * @property {(id: number, type: string, triggerId: number, resource: object) => void} [init]
 * @property {(id: number) => void} [before]
 * @property {(id: number) => void} [after]
 * @property {(id: number) => void} [destroy]
 * @property {(id: number) => void} [promiseResolve]
 * @property {object} owner the `this` of the callbacks
 */

const { get: getRecord, set: setRecord } = WeakMap.prototype;
const { register } = FinalizationRegistry.prototype;

const ROOT_ID = 1;

/** Marks a promise that belongs to a hook and is not observed. */
const UNOBSERVED = freeze({ id: 0, triggerId: 0, type: "", resource: freeze({}), destroyed: true });

export class ExecutionTracker {
  #core;
  #nextId = ROOT_ID;
  /** @type {Execution} */
  #root;
  /** @type {Execution[]} */
  #stack = [];
  /** The innermost record of `#stack`, or the root. @type {Execution} */
  #current;
  /** Enabled hooks, replaced (never changed) so that a running emission keeps its list. @type {HookCallbacks[]} */
  #hooks = [];
  #silent = 0;
  #promiseHooksSet = false;
  /** @type {WeakMap<object, Execution>} */
  #promises = new WeakMap();
  /** @type {FinalizationRegistry<Execution>} */
  #collected;

  /** @param {any} core `core` of the engine's internals */
  constructor(core) {
    this.#core = core;
    this.#root = { id: this.#takeId(), triggerId: 0, type: "", resource: {}, destroyed: false };
    this.#current = this.#root;
    this.#collected = new FinalizationRegistry((execution) => this.destroy(execution));
  }

  #takeId() {
    return this.#nextId++;
  }

  get current() {
    return this.#current;
  }

  /** @param {HookCallbacks} hook */
  enable(hook) {
    for (let i = 0; i < this.#hooks.length; i++) if (this.#hooks[i] === hook) return;
    const hooks = [];
    for (let i = 0; i < this.#hooks.length; i++) hooks[i] = this.#hooks[i];
    hooks[hooks.length] = hook;
    this.#hooks = hooks;
    this.#setPromiseHooks();
  }

  /** @param {HookCallbacks} hook */
  disable(hook) {
    /** @type {HookCallbacks[]} */
    const hooks = [];
    for (let i = 0; i < this.#hooks.length; i++) {
      if (this.#hooks[i] !== hook) hooks[hooks.length] = this.#hooks[i];
    }
    this.#hooks = hooks;
  }

  /**
   * A new resource: gives it an id and tells the hooks.
   * @param {string} type @param {object} resource @param {number} [triggerId]
   * @returns {Execution}
   */
  create(type, resource, triggerId = this.#current.id) {
    const execution = { id: this.#takeId(), triggerId, type, resource, destroyed: false };
    this.#emit("init", execution);
    return execution;
  }

  /**
   * Runs a callback of a resource, between `before` and `after`.
   * @param {Execution} execution @param {any} fn @param {unknown} thisArgument @param {ArrayLike<any>} args
   */
  run(execution, fn, thisArgument, args) {
    this.#enter(execution);
    try {
      return apply(fn, thisArgument, args);
    } finally {
      this.#leave(execution);
    }
  }

  /** The end of a resource; told once. @param {Execution} execution */
  destroy(execution) {
    if (execution.destroyed) return;
    execution.destroyed = true;
    this.#emit("destroy", execution);
  }

  /**
   * Tells `destroy` when the garbage collector takes `resource`.
   * @param {object} resource @param {Execution} execution
   */
  destroyWhenCollected(resource, execution) {
    for (let i = 0; i < this.#hooks.length; i++) {
      if (this.#hooks[i].destroy === undefined) continue;
      // The registry must not hold the resource itself.
      apply(register, this.#collected, [resource, { ...execution, resource: UNOBSERVED.resource }]);
      return;
    }
  }

  /** @param {Execution} execution */
  #enter(execution) {
    this.#stack[this.#stack.length] = execution;
    this.#current = execution;
    if (execution === UNOBSERVED) this.#silent++;
    else if (execution !== this.#root) this.#emit("before", execution);
  }

  /** Ends the innermost execution; ignored when it is another one, whose start was not observed. @param {Execution} execution */
  #leave(execution) {
    const depth = this.#stack.length;
    if (depth === 0 || this.#stack[depth - 1] !== execution) return;
    if (execution === UNOBSERVED) this.#silent--;
    else if (execution !== this.#root) this.#emit("after", execution);
    this.#stack.length = depth - 1;
    this.#current = depth > 1 ? this.#stack[depth - 2] : this.#root;
  }

  /**
   * Calls the hooks. What a hook throws is reported as an uncaught error: it must not change the control flow
   * of the code that is observed.
   * @param {"init" | "before" | "after" | "destroy" | "promiseResolve"} event @param {Execution} execution
   */
  #emit(event, execution) {
    const hooks = this.#hooks;
    if (hooks.length === 0 || this.#silent > 0) return;
    this.#silent++;
    try {
      for (let i = 0; i < hooks.length; i++) {
        const { [event]: callback } = hooks[i];
        if (callback === undefined) continue;
        const { id, type, triggerId, resource } = execution;
        try {
          apply(callback, hooks[i].owner, event === "init" ? [id, type, triggerId, resource] : [id]);
        } catch (error) {
          reportError(error);
        }
      }
    } finally {
      this.#silent--;
    }
  }

  /** The engine can add promise hooks but not remove them: set at the first enable(), idle after disable(). */
  #setPromiseHooks() {
    if (this.#promiseHooksSet) return;
    this.#promiseHooksSet = true;
    this.#core.setPromiseHooks(
      (/** @type {object} */ promise, /** @type {object | undefined} */ parent) =>
        this.#promiseCreated(promise, parent),
      (/** @type {object} */ promise) => this.#enter(this.#recordOf(promise) ?? this.#adopt(promise)),
      (/** @type {object} */ promise) => {
        const execution = this.#recordOf(promise);
        if (execution !== undefined) this.#leave(execution);
      },
      (/** @type {object} */ promise) => {
        const execution = this.#recordOf(promise);
        if (execution !== undefined && execution.id > ROOT_ID) this.#emit("promiseResolve", execution);
      },
    );
  }

  /** @param {object} promise @returns {Execution | undefined} */
  #recordOf(promise) {
    return apply(getRecord, this.#promises, [promise]);
  }

  /** @param {object} promise @param {object | undefined} parent */
  #promiseCreated(promise, parent) {
    if (this.#hooks.length === 0) return;
    // The kernel's own work runs without an async context, a program never does.
    if (this.#silent > 0 || this.#core.getAsyncContext() === undefined) {
      apply(setRecord, this.#promises, [promise, UNOBSERVED]);
      return;
    }
    const parentId = parent === undefined ? 0 : this.#recordOf(parent)?.id ?? 0;
    const execution = this.create("PROMISE", promise, parentId > 0 ? parentId : undefined);
    apply(setRecord, this.#promises, [promise, execution]);
    this.destroyWhenCollected(promise, execution);
  }

  /** A promise that is older than the hooks: its reactions run as the top level. @param {object} promise */
  #adopt(promise) {
    apply(setRecord, this.#promises, [promise, this.#root]);
    return this.#root;
  }
}
