// @ts-check
// The timers of a program: the engine's, with delays read as the HTML standard says (a 32-bit integer, not
// below zero). The engine's own answer to another delay is a warning of Node's process object, which a sandbox
// does not have. They are loaded when they are first used: that costs the engine some milliseconds.

import { getBuiltin, withEngine } from "./engine.js";
import { defineGlobal } from "./globals.js";
import {
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor,
  ReflectApply,
  ReflectOwnKeys,
  SafeMap,
  SafeSet,
} from "./primordials.js";

/** @type {Map<string, () => any>} */
const makers = new SafeMap();
/** @type {Map<string, any>} */
const made = new SafeMap();

/** Timers that have yet to fire. @type {Set<any>} */
const pending = new SafeSet();
const { Promise } = globalThis;
const engineSetTimeout = engineFunction("setTimeout");

for (const name of ["setTimeout", "setInterval"]) {
  const engineOwn = engineFunction(name);
  makers.set(name, () => asTimer(engineOwn(), name === "setInterval"));
}
for (const name of ["clearTimeout", "clearInterval"]) {
  const engineOwn = engineFunction(name);
  makers.set(name, () => asClear(engineOwn()));
}
for (const name of ["setImmediate", "clearImmediate", "queueMicrotask"]) {
  makers.set(name, engineFunction(name));
}

/** Put the timers in place of the engine's. @param {import("./kernel.js").Kernel} kernel */
export function installTimers(kernel) {
  for (const name of ["setTimeout", "setInterval", "clearTimeout", "clearInterval"]) {
    ObjectDefineProperty(globalThis, name, {
      get: () => platformFunction(name),
      set: (value) => defineGlobal(name, value),
      enumerable: true,
      configurable: true,
    });
  }
  kernel.registerBuiltin("node:timers", () => {
    const timers = { ...getBuiltin("node:timers") };
    makers.forEach((_, name) => {
      if (name in timers) timers[name] = platformFunction(name);
    });
    return { ...timers, default: timers };
  });
  kernel.registerBuiltin("node:timers/promises", () => {
    const timers = getBuiltin("node:timers/promises");
    /** @param {string} name */
    const standard = (name) => (/** @type {unknown} */ delay, /** @type {any[]} */ ...rest) =>
      timers[name](delay === undefined ? undefined : standardDelay(delay), ...rest);
    const made = { ...timers, setTimeout: standard("setTimeout"), setInterval: standard("setInterval") };
    return { ...made, default: made };
  });
}

/** A scheduling function as a program finds it, whatever the program has put in its place. @param {string} name */
export function platformFunction(name) {
  let found = made.get(name);
  if (found === undefined) {
    found = makers.get(name)?.();
    made.set(name, found);
  }
  return found;
}

/** A function of the engine, which defines some of them as accessors. @param {string} name @returns {() => any} */
function engineFunction(name) {
  const descriptor = /** @type {any} */ (ObjectGetOwnPropertyDescriptor(globalThis, name));
  if (descriptor.get === undefined) return () => descriptor.value;
  return () => withEngine(() => ReflectApply(descriptor.get, globalThis, []));
}

/** Whether a timer of the program has yet to fire. One that was unref()ed does not count. */
export function hasPendingTimers() {
  let found = false;
  pending.forEach((timer) => found ||= timer.hasRef?.() !== false);
  return found;
}

/** Wait for some milliseconds; not a timer of the program. @param {number} ms @returns {Promise<void>} */
export const pause = (ms) => new Promise((resolve) => engineSetTimeout()(resolve, ms));

/** Call something later, in the async context of now; not a timer of the program. @param {number} ms @param {() => void} fn */
export const callLater = (ms, fn) => void engineSetTimeout()(fn, ms);

/** A `long` of WebIDL, not below zero. @param {any} delay */
function standardDelay(delay) {
  const ms = delay | 0;
  return ms > 0 ? ms : 0;
}

/** @param {any} schedule @param {boolean} repeats */
function asTimer(schedule, repeats) {
  return alike(schedule, (/** @type {any[]} */ ...args) => {
    if (args.length > 1) args[1] = standardDelay(args[1]);
    const callback = args[0];
    if (!repeats && typeof callback === "function") {
      args[0] = /** @this {any} @param {any[]} given */ function (...given) {
        pending.delete(this);
        return ReflectApply(callback, this, given);
      };
    }
    const timer = ReflectApply(schedule, undefined, args);
    pending.add(timer);
    return timer;
  });
}

/** @param {any} clear */
function asClear(clear) {
  return alike(clear, (/** @type {any} */ timer) => {
    clear(timer);
    if (typeof timer === "object" && timer !== null) {
      pending.delete(timer);
    } else if (timer !== undefined && timer !== null) {
      pending.forEach((one) => {
        if (+one === +timer) pending.delete(one);
      });
    }
  });
}

/** Give a function the name, the length and the properties of the one that it stands for. @param {any} original @param {any} made */
function alike(original, made) {
  const keys = ReflectOwnKeys(original);
  for (let i = 0; i < keys.length; i++) {
    if (keys[i] === "prototype") continue;
    const property = /** @type {any} */ (ObjectGetOwnPropertyDescriptor(original, keys[i]));
    ObjectDefineProperty(made, keys[i], property);
  }
  return made;
}
