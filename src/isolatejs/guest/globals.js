// The global object that a program finds: the web platform without what the engine adds for itself.
// @ts-check

import { ObjectDefineProperty, ObjectGetOwnPropertyNames, StringPrototypeStartsWith } from "./primordials.js";

/** Engine globals that are no part of the surface. Capabilities define their own in place of some. */
const REMOVED = [
  "Deno",
  "alert",
  "confirm",
  "prompt",
  "caches",
  "Cache",
  "CacheStorage",
  "localStorage",
  "sessionStorage",
  "Storage",
  "close",
  "closed",
  "name",
  "location",
  "Location",
  "onload",
  "onbeforeunload",
  "onunload",
  "Window",
  "Worker",
  "WebSocket",
  "EventSource",
  "BroadcastChannel",
  "createImageBitmap",
  "ImageBitmap",
  "ImageBitmapRenderingContext",
  "ImageData",
  "OffscreenCanvas",
  "Navigator",
  "NavigatorUAData",
  "Lock",
  "LockManager",
  "process",
  "global",
  "Buffer",
  "getParent",
  "nodeBootstrap",
];

/** Take from the global object what a program must not find. */
export function scrubGlobals() {
  const target = /** @type {any} */ (globalThis);
  for (const name of REMOVED) delete target[name];
  for (const name of ObjectGetOwnPropertyNames(target)) {
    if (StringPrototypeStartsWith(name, "GPU")) delete target[name];
  }
  defineGlobal("navigator", {
    userAgent: "isolatejs",
    language: "en-US",
    languages: ["en-US"],
    hardwareConcurrency: 1,
    onLine: true,
  });
  defineGlobal("global", globalThis);
}

/** Define a global as the platform's own are: not enumerable. @param {string} name @param {any} value */
export function defineGlobal(name, value) {
  ObjectDefineProperty(globalThis, name, { value, writable: true, enumerable: false, configurable: true });
}

/** Define a global that is made when it is first read. @param {string} name @param {() => any} make */
export function defineLazyGlobal(name, make) {
  ObjectDefineProperty(globalThis, name, {
    get() {
      const value = make();
      defineGlobal(name, value);
      return value;
    },
    set: (value) => defineGlobal(name, value),
    enumerable: false,
    configurable: true,
  });
}
