// @ts-check
// Deep copies for diffs, whose parts can be replaced by matchers without touching the program's values.

import { typeName } from "./type_name.js";

const SERIALIZABLE_PROPERTIES = Symbol.for("@jest/serializableProperties");
/** @param {any} value @param {WeakMap<object, any>} [copies] @returns {any} */
export function copyForDiff(value, copies = new WeakMap()) {
  if (typeof value !== "object" || value === null) return value;
  if (copies.has(value)) return copies.get(value);
  if (Array.isArray(value)) return copyArray(value, copies);
  if (value.constructor === Map) {
    const copy = new Map();
    copies.set(value, copy);
    for (const [key, item] of value) copy.set(key, copyForDiff(item, copies));
    return copy;
  }
  // Anything with a tag of its own (Date, bytes, URL, ...) has parts that a copy would lose.
  if (Object.prototype.toString.call(value) !== "[object Object]") return value;
  return copyObject(value, copies);
}

/** @param {any[]} array @param {WeakMap<object, any>} copies */
function copyArray(array, copies) {
  const copy = new (Object.getPrototypeOf(array).constructor)(array.length);
  copies.set(array, copy);
  for (let i = 0; i < array.length; i++) copy[i] = copyForDiff(array[i], copies);
  return copy;
}

/** @param {any} object @param {WeakMap<object, any>} copies */
function copyObject(object, copies) {
  const copy = Object.create(Object.getPrototypeOf(object));
  copies.set(object, copy);
  /** @type {any} */
  const descriptors = Object.create(null);
  let holder = object;
  do {
    const chosen = holder[SERIALIZABLE_PROPERTIES];
    const keys = Array.isArray(chosen)
      ? chosen.filter((key) => typeof key === "string" || typeof key === "symbol")
      : Reflect.ownKeys(holder);
    for (const key of keys) {
      if (!(key in descriptors)) descriptors[key] = Object.getOwnPropertyDescriptor(holder, key);
    }
    holder = Object.getPrototypeOf(holder);
  } while (holder !== null && holder !== Object.prototype);
  for (const key of Reflect.ownKeys(descriptors)) {
    const descriptor = descriptors[key];
    let value = object[key];
    // A getter that makes an object of its own class would be followed for ever.
    const endless = descriptor?.get && value?.constructor === object.constructor &&
      value?.constructor !== Object;
    value = endless ? "[Getter]" : copyForDiff(value, copies);
    Object.defineProperty(copy, key, {
      configurable: true,
      enumerable: descriptor?.enumerable ?? false,
      value,
      writable: true,
    });
  }
  return copy;
}

const REPLACEABLE = new Set(["map", "array", "object"]);

/** @param {any} a @param {any} b */
export function isReplaceable(a, b) {
  return typeName(a) === typeName(b) && REPLACEABLE.has(typeName(a));
}

/** One way to read and write the parts of an object, array or Map. */
export class ReplaceablePart {
  #object;

  /** @param {any} object */
  constructor(object) {
    this.#object = object;
  }

  /** @returns {Array<[any, any]>} */
  entries() {
    const object = this.#object;
    if (object instanceof Map) return [...object];
    if (Array.isArray(object)) return Object.keys(object).map((key) => [key, object[Number(key)]]);
    return Reflect.ownKeys(object)
      .filter((key) => Object.getOwnPropertyDescriptor(object, key)?.enumerable)
      .map((key) => [key, object[key]]);
  }

  /** @param {any} key */
  get(key) {
    return this.#object instanceof Map ? this.#object.get(key) : this.#object[key];
  }

  /** @param {any} key @param {any} value */
  set(key, value) {
    if (this.#object instanceof Map) this.#object.set(key, value);
    else this.#object[key] = value;
  }
}
