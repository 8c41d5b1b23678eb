// @ts-check
// Spies: mocks in place of an object's own methods, accessors and values, with a way back.

import { createMock, isMockFunction } from "./mock_function.js";

/** @param {any} object @param {PropertyKey} key */
function findDescriptor(object, key) {
  for (let holder = object; holder !== null && holder !== undefined; holder = Object.getPrototypeOf(holder)) {
    const descriptor = Object.getOwnPropertyDescriptor(holder, key);
    if (descriptor !== undefined) return { descriptor, own: holder === object };
  }
  return undefined;
}

/** @param {any} object @param {PropertyKey} key @param {string} what */
function ensureTarget(object, key, what) {
  if (object === null || (typeof object !== "object" && typeof object !== "function")) {
    throw new Error(
      `Cannot use spyOn on a primitive value; ${object === null ? "null" : typeof object} given`,
    );
  }
  if (key === undefined || key === null) throw new Error("No property name supplied");
  const found = findDescriptor(object, key);
  if (found === undefined) {
    throw new Error(`${what} \`${String(key)}\` does not exist in the provided object`);
  }
  return found;
}

/** @param {any} object @param {PropertyKey} key @param {PropertyDescriptor} descriptor @param {boolean} own */
function putBack(object, key, descriptor, own) {
  if (own) Object.defineProperty(object, key, descriptor);
  else delete object[key];
}

/**
 * Replaces a method by a mock that still calls it.
 * @param {any} object @param {PropertyKey} key @param {"get" | "set"} [accessor] @returns {any}
 */
export function spyOn(object, key, accessor) {
  if (accessor) return spyOnProperty(object, key, accessor);
  const { descriptor, own } = ensureTarget(object, key, "Property");
  const original = descriptor.get ? object[key] : descriptor.value;
  if (isMockFunction(original)) return original;
  if (typeof original !== "function") {
    throw new Error(
      `Cannot spy on the \`${String(key)}\` property because it is not a function; ${
        original === null ? "null" : typeof original
      } given instead.${
        original === undefined
          ? ""
          : ` If you are trying to mock a property, use \`replaceProperty\` instead.`
      }`,
    );
  }
  if (own && !descriptor.configurable && !descriptor.writable) {
    throw new TypeError(`Cannot spy on \`${String(key)}\`: the property is read only`);
  }
  const restore = () => putBack(object, key, descriptor, own);
  const mock = createMock(original, { name: original.name, length: original.length, restore, original });
  mock.mockName(String(key));
  // Static members of a spied class or function stay reachable.
  for (const name of Reflect.ownKeys(original)) {
    if (Object.hasOwn(mock, name) && name !== "prototype") continue;
    const member = /** @type {PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(original, name));
    Object.defineProperty(mock, name, name === "prototype" ? { value: member.value } : member);
  }
  Object.defineProperty(object, key, {
    value: mock,
    configurable: true,
    enumerable: descriptor.enumerable,
    writable: true,
  });
  return mock;
}

/** @param {any} object @param {PropertyKey} key @param {"get" | "set"} accessor @returns {any} */
export function spyOnProperty(object, key, accessor = "get") {
  const { descriptor, own } = ensureTarget(object, key, "Property");
  if (!descriptor.configurable) throw new Error(`Property \`${String(key)}\` is not declared configurable`);
  const plain = "value" in descriptor;
  let value = descriptor.value;
  const original = plain
    ? accessor === "get" ? () => value : (/** @type {any} */ next) => value = next
    : descriptor[accessor];
  if (original === undefined) {
    throw new Error(`Property \`${String(key)}\` does not have access type ${accessor}`);
  }
  if (isMockFunction(original)) return original;
  const restore = () => putBack(object, key, descriptor, own);
  const mock = createMock(original, { name: String(key), restore, original });
  mock.mockName(`${accessor} ${String(key)}`);
  const other = plain
    ? { get: () => value, set: (/** @type {any} */ next) => value = next }
    : { get: descriptor.get, set: descriptor.set };
  Object.defineProperty(object, key, {
    configurable: true,
    enumerable: descriptor.enumerable,
    ...other,
    /** @this {any} @param {...any} args */
    [accessor]: function (...args) {
      return mock.apply(this, args);
    },
  });
  return mock;
}

/**
 * Replaces a value until restore.
 * @param {any} object @param {PropertyKey} key @param {any} value
 */
export function replaceProperty(object, key, value) {
  const { descriptor, own } = ensureTarget(object, key, "Property");
  if (!descriptor.configurable) throw new Error(`Property \`${String(key)}\` is not declared configurable`);
  if (descriptor.get || descriptor.set) {
    throw new Error(
      `Cannot replace the \`${
        String(key)
      }\` property because it has an accessor; use \`spyOn(object, key, "get")\``,
    );
  }
  if (typeof descriptor.value === "function") {
    throw new Error(
      `Cannot replace the \`${String(key)}\` property because it is a function; use \`spyOn\` instead`,
    );
  }
  const replaced = {
    replaceValue: (/** @type {any} */ next) => {
      Object.defineProperty(object, key, { ...descriptor, value: next });
      return replaced;
    },
    restore: () => holder.mockRestore(),
  };
  const holder = createMock(undefined, { restore: () => putBack(object, key, descriptor, own) });
  kept.add(holder);
  return replaced.replaceValue(value);
}

/** Keeps the holders of replaced properties alive until they are restored. @type {Set<any>} */
const kept = new Set();
