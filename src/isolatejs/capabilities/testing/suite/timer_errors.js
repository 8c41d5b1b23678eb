// @ts-check
// What a timer's callback throws belongs to the test that set the timer. The engine reports such errors
// without the context they come from, so the callbacks are guarded while they still have it.

import { platformFunction } from "../../../guest/timers.js";

const GUARDED = ["setTimeout", "setInterval", "setImmediate", "queueMicrotask"];

/**
 * Guards the scheduling functions. Each is made when it is first read: loading the engine's timers takes some
 * milliseconds.
 * @param {(error: any) => boolean} claim says whether a test takes an error
 */
export function guardTimers(claim) {
  for (const name of GUARDED) {
    /** @type {any} */
    let guarded;
    Object.defineProperty(globalThis, name, {
      get: () => guarded ??= guard(platformFunction(name), claim),
      set: (value) =>
        Object.defineProperty(globalThis, name, {
          value,
          writable: true,
          enumerable: true,
          configurable: true,
        }),
      enumerable: true,
      configurable: true,
    });
  }
}

/** @param {any} schedule @param {(error: any) => boolean} claim */
function guard(schedule, claim) {
  const guarded = (/** @type {any} */ callback, /** @type {any[]} */ ...rest) => {
    if (typeof callback !== "function") return schedule(callback, ...rest);
    /** @this {any} @param {...any} args */
    const run = function (...args) {
      try {
        return Reflect.apply(callback, this, args);
      } catch (error) {
        if (!claim(error)) throw error;
      }
    };
    return schedule(run, ...rest);
  };
  for (const key of Reflect.ownKeys(schedule)) {
    if (key === "prototype") continue;
    Object.defineProperty(
      guarded,
      key,
      /** @type {PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(schedule, key)),
    );
  }
  return guarded;
}
