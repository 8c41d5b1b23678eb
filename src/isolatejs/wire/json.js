// JSON text that no `toJSON` on a patched prototype can change, and that is Unicode throughout.
// @ts-check

import {
  ArrayPrototype,
  JSONStringify,
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor,
  ObjectPrototype,
  ReflectDeleteProperty,
  StringPrototypeIndexOf,
  StringPrototypeSlice,
} from "../guest/primordials.js";

const StringPrototype = String.prototype;
const NumberPrototype = Number.prototype;

/** JSON of a value; a lone surrogate in it becomes U+FFFD, as in the web's USVString. @param {any} value @returns {string} */
export function stringify(value) {
  const text = withoutToJSON(value);
  return StringPrototypeIndexOf(text, "\\ud", 0) < 0 ? text : wellFormed(text);
}

/** JSON.stringify escapes lone surrogates and no other character beyond U+001F. @param {string} text */
function wellFormed(text) {
  let made = "";
  let from = 0;
  let at = StringPrototypeIndexOf(text, "\\", 0);
  while (at >= 0) {
    const following = at + 2;
    if (text[at + 1] === "u" && text[following] === "d") {
      made += `${StringPrototypeSlice(text, from, at)}\\ufffd`;
      from = at + 6;
      at = StringPrototypeIndexOf(text, "\\", from);
    } else {
      at = StringPrototypeIndexOf(text, "\\", following);
    }
  }
  return made + StringPrototypeSlice(text, from);
}

/** @param {any} value @returns {string} */
function withoutToJSON(value) {
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
