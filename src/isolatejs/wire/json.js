// JSON text that no `toJSON` on a patched prototype can change.
// @ts-check

import {
  ArrayPrototype,
  JSONStringify,
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor,
  ObjectPrototype,
  ReflectDeleteProperty,
} from "../guest/primordials.js";

const StringPrototype = String.prototype;
const NumberPrototype = Number.prototype;

/** @param {any} value @returns {string} */
export function stringify(value) {
  if (
    /** @type {any} */ (ArrayPrototype).toJSON === undefined && /** @type {any} */
      (StringPrototype).toJSON === undefined &&
      /** @type {any} */ (NumberPrototype).toJSON === undefined
  ) {
    return JSONStringify(value);
  }
  /** @type {[object, PropertyDescriptor][]} */
  const removed = [];
  const prototypes = [ObjectPrototype, ArrayPrototype, StringPrototype, NumberPrototype];
  for (let i = 0; i < prototypes.length; i++) {
    const prototype = prototypes[i];
    const own = ObjectGetOwnPropertyDescriptor(prototype, "toJSON");
    if (own !== undefined && ReflectDeleteProperty(prototype, "toJSON")) {
      removed[removed.length] = [prototype, own];
    }
  }
  try {
    return JSONStringify(value);
  } finally {
    for (let i = 0; i < removed.length; i++) ObjectDefineProperty(removed[i][0], "toJSON", removed[i][1]);
  }
}
