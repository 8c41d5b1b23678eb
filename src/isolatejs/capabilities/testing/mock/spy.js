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

/** @param {any} object @param {PropertyKey} key @param {"spyOn" | "replaceProperty"} what was called */
function ensureTarget(object, key, what) {
  if (object === null || (typeof object !== "object" && typeof object !== "function")) {
    throw new Error(
      `Cannot use ${what} on a primitive value; ${object === null ? "null" : typeof object} given`,
    );
  }
  if (key === undefined || key === null) throw new Error("No property name supplied");
  const found = findDescriptor(object, key);
  if (found === undefined) {
    throw new Error(`Property \`${String(key)}\` does not exist in the provided object`);
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
  const { descriptor, own } = ensureTarget(object, key, "spyOn");
  const original = descriptor.get ? object[key] : descriptor.value;
  if (isMockFunction(original)) return original;
  if (typeof original !== "function") {
    throw new Error(
      `Cannot spy on the \`${String(key)}\` property because it is not a function; ${
        original === null ? "null" : typeof original
      } given instead.${
        original === undefined
          ? ""
          : ` If you are trying to mock a property, use \`jest.replaceProperty(object, '${
            String(key)
          }', value)\` instead.`
      }`,
    );
  }
  if (own && !descriptor.configurable && !descriptor.writable) {
    throw new TypeError(`Cannot spy on \`${String(key)}\`: the property is read only`);
  }
  const restore = () => putBack(object, key, descriptor, own);
  const { name, length } = original;
  const mock = createMock(original, { name, label: String(key), length, restore, original });
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
  const { descriptor, own } = ensureTarget(object, key, "spyOn");
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
  const name = String(key);
  const mock = createMock(original, { name, label: `${accessor} ${name}`, restore, original });
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

/** What is replaced now, and what keeps it: one for each property. @type {WeakMap<object, Map<PropertyKey, any>>} */
const replacements = new WeakMap();
/** Keeps the holders of replaced properties alive until they are restored. @type {Set<any>} */
const kept = new Set();

/**
 * Replaces a value until restore, which gives the first one back however often it was replaced.
 * @param {any} object @param {PropertyKey} key @param {any} value
 */
export function replaceProperty(object, key, value) {
  const { descriptor, own } = ensureTarget(object, key, "replaceProperty");
  const name = String(key);
  const replacedNow = replacements.get(object)?.get(key);
  if (replacedNow !== undefined) return replacedNow.replaceValue(value);
  if (!descriptor.configurable) throw new Error(`Property \`${name}\` is not declared configurable`);
  if (typeof descriptor.value === "function") {
    throw new Error(
      `Cannot replace the \`${name}\` property because it is a function. Use \`jest.spyOn(object, '${name}')\` instead.`,
    );
  }
  for (const accessor of /** @type {const} */ (["get", "set"])) {
    if (descriptor[accessor]) {
      throw new Error(`Cannot replace the \`${name}\` property because it has a ${accessor}ter`);
    }
  }
  const restore = () => {
    if (!kept.delete(holder)) return;
    replacements.get(object)?.delete(key);
    putBack(object, key, descriptor, own);
  };
  const holder = createMock(undefined, { restore });
  const replaced = {
    replaceValue: (/** @type {any} */ next) => {
      Object.defineProperty(object, key, { ...descriptor, value: next });
      return replaced;
    },
    restore: () => holder.mockRestore(),
  };
  kept.add(holder);
  if (!replacements.has(object)) replacements.set(object, new Map());
  replacements.get(object)?.set(key, replaced);
  return replaced.replaceValue(value);
}
