// @ts-check
// Timers and microtasks as resources of node:async_hooks: `Timeout`, `Immediate` and `Microtask`. The
// wrappers are put in place when the program first imports that module.

const { apply, ownKeys } = Reflect;
const { defineProperty, getOwnPropertyDescriptor } = Object;
const { get: getRecord, set: setRecord } = WeakMap.prototype;

/** @typedef {import("./execution.js").ExecutionTracker} ExecutionTracker */

/**
 * Observes the scheduling functions of `target` (the global object). One that the program has replaced stays.
 * @param {ExecutionTracker} tracker @param {any} target
 * @param {(name: string) => any} platformFunction what `target` had under a name
 */
export function observeScheduling(tracker, target, platformFunction) {
  /** @type {WeakMap<object, import("./execution.js").Execution>} */
  const records = new WeakMap();

  /** @param {any} schedule @param {string} type @param {boolean} repeats */
  function observeTimer(schedule, type, repeats) {
    return (/** @type {any[]} */ ...args) => {
      const callback = args[0];
      if (typeof callback !== "function") return apply(schedule, undefined, args);
      /** @type {any} */
      let execution = null;
      args[0] = /** @this {unknown} @param {any[]} given */ function (...given) {
        try {
          return tracker.run(execution, callback, this, given);
        } finally {
          if (!repeats) tracker.destroy(execution);
        }
      };
      const timer = apply(schedule, undefined, args);
      const resource = typeof timer === "object" && timer !== null ? timer : {};
      execution = tracker.create(type, resource);
      apply(setRecord, records, [resource, execution]);
      return timer;
    };
  }

  /** @param {any} clear */
  function observeClear(clear) {
    return (/** @type {any} */ timer) => {
      apply(clear, undefined, [timer]);
      if (typeof timer !== "object" || timer === null) return;
      const execution = apply(getRecord, records, [timer]);
      if (execution !== undefined) tracker.destroy(execution);
    };
  }

  /** @param {any} queue */
  function observeMicrotask(queue) {
    return (/** @type {any} */ callback) => {
      if (typeof callback !== "function") return queue(callback);
      const execution = tracker.create("Microtask", { callback });
      return queue(() => {
        try {
          tracker.run(execution, callback, undefined, []);
        } finally {
          tracker.destroy(execution);
        }
      });
    };
  }

  /** @param {string} name @param {(original: any) => any} observe */
  function replace(name, observe) {
    const original = platformFunction(name);
    const descriptor = getOwnPropertyDescriptor(target, name);
    if (original === undefined || !descriptor?.configurable || target[name] !== original) return;
    const observed = observe(original);
    for (const key of ownKeys(original)) {
      const property = getOwnPropertyDescriptor(original, key);
      if (key !== "prototype" && property !== undefined) defineProperty(observed, key, property);
    }
    const { enumerable } = descriptor;
    defineProperty(target, name, { value: observed, writable: true, enumerable, configurable: true });
  }

  replace("setTimeout", (original) => observeTimer(original, "Timeout", false));
  replace("setInterval", (original) => observeTimer(original, "Timeout", true));
  replace("setImmediate", (original) => observeTimer(original, "Immediate", false));
  for (const name of ["clearTimeout", "clearInterval", "clearImmediate"]) replace(name, observeClear);
  replace("queueMicrotask", observeMicrotask);
}
