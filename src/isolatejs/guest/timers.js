// @ts-check
// The timers of a program: the engine's, with delays read as the HTML standard says (a 32-bit integer, not
// below zero). The engine's own answer to another delay is a warning of Node's process object, which a sandbox
// does not have. They are loaded when they are first used: that costs the engine some milliseconds.

import { withEngine } from "./engine.js";
import { defineGlobal } from "./globals.js";
import {
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor,
  ReflectApply,
  ReflectOwnKeys,
  SafeMap,
} from "./primordials.js";

/** @type {Map<string, () => any>} */
const makers = new SafeMap();
/** @type {Map<string, any>} */
const made = new SafeMap();

for (const name of ["setTimeout", "setInterval"]) {
  const engineOwn = engineFunction(name);
  makers.set(name, () => withStandardDelay(engineOwn()));
}
for (const name of ["setImmediate", "clearTimeout", "clearInterval", "clearImmediate", "queueMicrotask"]) {
  makers.set(name, engineFunction(name));
}

/** Put the timers in place of the engine's. */
export function installTimers() {
  for (const name of ["setTimeout", "setInterval"]) {
    ObjectDefineProperty(globalThis, name, {
      get: () => platformFunction(name),
      set: (value) => defineGlobal(name, value),
      enumerable: true,
      configurable: true,
    });
  }
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

/** @param {any} schedule */
function withStandardDelay(schedule) {
  const timer = (/** @type {any[]} */ ...args) => {
    if (args.length > 1) {
      const delay = args[1] | 0;
      args[1] = delay > 0 ? delay : 0;
    }
    return ReflectApply(schedule, undefined, args);
  };
  const keys = ReflectOwnKeys(schedule);
  for (let i = 0; i < keys.length; i++) {
    if (keys[i] === "prototype") continue;
    const property = /** @type {any} */ (ObjectGetOwnPropertyDescriptor(schedule, keys[i]));
    ObjectDefineProperty(timer, keys[i], property);
  }
  return timer;
}
