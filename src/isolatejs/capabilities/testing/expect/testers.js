// @ts-check
// Equality testers that matchers add to `equals`: iterables, subsets, types, array buffers, sparse arrays.

import { equals, hasOwn, isA } from "./equals.js";
import { isPrimitive } from "./type_name.js";

/** @param {any} value */
const isObject = (value) => value !== null && typeof value === "object";

/** @param {any} value */
function isNative(value) {
  return typeof value === "function" && Function.prototype.toString.call(value).includes("[native code]");
}

/** Are both built-in classes of the same name, perhaps of two realms? @param {any} a @param {any} b */
function sameBuiltIn(a, b) {
  return a != null && b != null && a.name === b.name && isNative(a) && isNative(b);
}

/** @param {any} value @param {...string} kinds Immutable.js marks, all of which must be set */
function immutable(value, ...kinds) {
  return kinds.every((kind) =>
    kind.startsWith("!") ? !value[`@@__IMMUTABLE_${kind.slice(1)}__@@`] : value[`@@__IMMUTABLE_${kind}__@@`]
  );
}

/**
 * Sets by members, Maps by entries (order does not count), other iterables item by item; all of them
 * also by their own enumerable properties.
 * @param {any} a @param {any} b @param {any[]} [testers] @param {any[]} [aStack] @param {any[]} [bStack]
 * @returns {boolean | undefined}
 */
export function iterableEquality(a, b, testers = [], aStack = [], bStack = []) {
  if (!isObject(a) || !isObject(b)) return undefined;
  if (Array.isArray(a) || Array.isArray(b) || ArrayBuffer.isView(a) || ArrayBuffer.isView(b)) {
    return undefined;
  }
  if (!a[Symbol.iterator] || !b[Symbol.iterator]) return undefined;
  if (a.constructor !== b.constructor && !sameBuiltIn(a.constructor, b.constructor)) return false;
  for (let i = aStack.length - 1; i >= 0; i--) {
    if (aStack[i] === a) return bStack[i] === b;
  }
  aStack.push(a);
  bStack.push(b);
  const nested = (/** @type {any} */ x, /** @type {any} */ y) =>
    iterableEquality(x, y, [...inner], [...aStack], [...bStack]);
  const inner = [...testers.filter((tester) => tester !== iterableEquality), nested];
  const result = compareIterables(a, b, inner);
  if (result !== false) {
    aStack.pop();
    bStack.pop();
  }
  return result;
}

/** @param {any} a @param {any} b @param {any[]} testers @returns {boolean | undefined} */
function compareIterables(a, b, testers) {
  if (a.size !== undefined) {
    if (a.size !== b.size) return false;
    if (isA("Set", a) || immutable(a, "SET", "!ORDERED")) return sameMembers(a, b, testers);
    if (isA("Map", a) || immutable(a, "KEYED", "!ORDERED")) return sameEntries(a, b, testers);
  }
  let aItems;
  let bItems;
  try {
    aItems = a[Symbol.iterator]();
    bItems = b[Symbol.iterator]();
  } catch {
    return undefined; // not iterable after all: compare as plain objects
  }
  for (;;) {
    const aStep = aItems.next();
    const bStep = bItems.next();
    if (aStep.done || bStep.done) {
      if (Boolean(aStep.done) !== Boolean(bStep.done)) return false;
      break;
    }
    if (!equals(aStep.value, bStep.value, testers)) return false;
  }
  const skip = immutable(a, "LIST") || (immutable(a, "KEYED", "ORDERED")) || immutable(a, "SET", "ORDERED") ||
    immutable(a, "RECORD");
  return skip || sameOwnProperties(a, b);
}

/** @param {any} a @param {any} b @param {any[]} testers */
function sameMembers(a, b, testers) {
  for (const item of a) {
    if (b.has(item)) continue;
    let found = false;
    for (const other of b) {
      if (equals(item, other, testers)) {
        found = true;
        break;
      }
    }
    if (!found) return false;
  }
  return true;
}

/** @param {any} a @param {any} b @param {any[]} testers */
function sameEntries(a, b, testers) {
  for (const [key, value] of a) {
    if (b.has(key) && equals(value, b.get(key), testers)) continue;
    let found = false;
    for (const [otherKey, otherValue] of b) {
      if (equals(key, otherKey, testers) && equals(value, otherValue, testers)) {
        found = true;
        break;
      }
    }
    if (!found) return false;
  }
  return true;
}

/** @param {any} a @param {any} b */
function sameOwnProperties(a, b) {
  const entries = (/** @type {any} */ object) => [
    ...Object.getOwnPropertySymbols(object).filter((key) => key !== Symbol.iterator)
      .map((key) => [key, object[key]]),
    ...Object.entries(object),
  ];
  return equals(entries(a), entries(b));
}

/** @param {any} object @param {PropertyKey} key @returns {boolean} own or inherited, not from Object.prototype */
function hasProperty(object, key) {
  if (!isObject(object) || object === Object.prototype) return false;
  return hasOwn(object, key) || hasProperty(Object.getPrototypeOf(object), key);
}

/** @param {any} object @returns {any[]} */
export function objectKeys(object) {
  return [
    ...Object.keys(object),
    ...Object.getOwnPropertySymbols(object).filter((symbol) =>
      Object.getOwnPropertyDescriptor(object, symbol)?.enumerable
    ),
  ];
}

/** @param {any} value */
function isSubset(value) {
  return isObject(value) && !(value instanceof Error) && !Array.isArray(value) && !(value instanceof Date) &&
    !(value instanceof Set) && !(value instanceof Map);
}

/**
 * Does the object hold all properties of the subset, recursively?
 * @param {any} object @param {any} subset @param {any[]} [testers] @returns {boolean | undefined}
 */
export function subsetEquality(object, subset, testers = []) {
  const others = testers.filter((tester) => tester !== subsetEquality);
  const withSeen =
    (/** @type {WeakSet<object>} */ seen) => (/** @type {any} */ object, /** @type {any} */ subset) => {
      if (!isSubset(subset)) return undefined;
      if (seen.has(subset)) return undefined;
      seen.add(subset);
      const result = objectKeys(subset).every((key) => {
        if (isSubset(subset[key]) && seen.has(subset[key])) return equals(object[key], subset[key], others);
        const same = object != null && hasProperty(object, key) &&
          equals(object[key], subset[key], [...others, withSeen(seen)]);
        seen.delete(subset[key]); // only ancestors count: siblings may be the same object
        return same;
      });
      seen.delete(subset);
      return result;
    };
  return withSeen(new WeakSet())(object, subset);
}

/** The part of the object that the subset names, for a diff without noise. @param {any} object @param {any} subset @param {any[]} [testers] @param {WeakMap<object, any>} [seen] @returns {any} */
export function objectSubset(object, subset, testers = [], seen = new WeakMap()) {
  if (Array.isArray(object)) {
    if (Array.isArray(subset) && subset.length === object.length) {
      return subset.map((part, i) => objectSubset(object[i], part, testers));
    }
    return object;
  }
  if (object instanceof Date || !isObject(object) || !isObject(subset)) return object;
  if (equals(object, subset, [...testers, iterableEquality, subsetEquality])) return subset;
  /** @type {any} */
  const trimmed = {};
  seen.set(object, trimmed);
  for (const key of objectKeys(object)) {
    if (!hasProperty(subset, key)) continue;
    trimmed[key] = seen.has(object[key])
      ? seen.get(object[key])
      : objectSubset(object[key], subset[key], testers, seen);
  }
  return objectKeys(trimmed).length > 0 ? trimmed : object;
}

/** Different classes are different. @param {any} a @param {any} b @returns {false | undefined} */
export function typeEquality(a, b) {
  if (a == null || b == null || a.constructor === b.constructor) return undefined;
  if (Array.isArray(a) && Array.isArray(b)) return undefined;
  return sameBuiltIn(a.constructor, b.constructor) ? undefined : false;
}

/** @param {any} a @param {any} b @returns {boolean | undefined} */
export function arrayBufferEquality(a, b) {
  let [x, y] = [a, b];
  if (isA("ArrayBuffer", a) && isA("ArrayBuffer", b)) {
    [x, y] = [new DataView(a), new DataView(b)];
  } else if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) {
    x = new DataView(a.buffer, a.byteOffset, a.byteLength);
    y = new DataView(b.buffer, b.byteOffset, b.byteLength);
  }
  if (!(x instanceof DataView && y instanceof DataView)) return undefined;
  if (x.byteLength !== y.byteLength) return false;
  for (let i = 0; i < x.byteLength; i++) {
    if (x.getUint8(i) !== y.getUint8(i)) return false;
  }
  return true;
}

/** A hole is not an undefined. @param {any} a @param {any} b @param {any[]} [testers] @returns {boolean | undefined} */
export function sparseArrayEquality(a, b, testers = []) {
  if (!Array.isArray(a) || !Array.isArray(b)) return undefined;
  return equals(a, b, testers.filter((tester) => tester !== sparseArrayEquality), true) &&
    equals(Object.keys(a), Object.keys(b));
}

/** Parts of "a.b[0].c". @param {string} path @returns {string[]} */
export function pathParts(path) {
  if (path === "") return [""];
  const parts = path.startsWith(".") ? [""] : [];
  parts.push(...(path.match(/[^.[\]]+|(?=(?:\.)(?:\.|$))/g) ?? []));
  return parts;
}

/**
 * Follows a property path as far as it goes.
 * @param {any} object @param {string | any[]} path
 * @returns {{value?: any, found: boolean, defined: boolean, lastObject: any, traversed: any[]}}
 */
export function followPath(object, path) {
  const parts = Array.isArray(path) ? path : pathParts(path);
  const traversed = [];
  let current = object;
  for (let i = 0; i < parts.length; i++) {
    const last = i === parts.length - 1;
    const next = current[parts[i]];
    if (!last && (next === null || next === undefined)) {
      return { found: false, defined: false, lastObject: current, traversed };
    }
    if (last) {
      const defined = !isPrimitive(current) && parts[i] in current;
      const found = next !== undefined || defined;
      if (found) traversed.push(parts[i]);
      return { value: next, found, defined, lastObject: current, traversed };
    }
    traversed.push(parts[i]);
    current = next;
  }
  return { value: object, found: false, defined: false, lastObject: null, traversed };
}
