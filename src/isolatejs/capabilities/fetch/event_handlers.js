// `onmessage` and its like: attributes that hold one listener, as the HTML standard's event handlers do.
// @ts-check

import { ObjectDefineProperty, SafeWeakMap } from "../../guest/primordials.js";

const { addEventListener } = EventTarget.prototype;

/** @param {any} prototype of a class that extends EventTarget @param {string[]} types event types */
export function defineEventHandlers(prototype, types) {
  for (const type of types) {
    /** @type {WeakMap<any, {handler: any}>} */
    const slots = new SafeWeakMap();
    ObjectDefineProperty(prototype, `on${type}`, {
      enumerable: true,
      configurable: true,
      /** @this {any} */
      get() {
        return slots.get(this)?.handler ?? null;
      },
      /** @this {any} @param {any} value */
      set(value) {
        const handler = typeof value === "function" ? value : null;
        const slot = slots.get(this);
        if (slot !== undefined) {
          slot.handler = handler;
          return;
        }
        const made = { handler };
        slots.set(this, made);
        addEventListener.call(this, type, (event) => made.handler?.call(this, event));
      },
    });
  }
}
