// @ts-check
// Mock functions: they record every call and do as they are told. Jest's and Vitest's names, both.

/**
 * @typedef {object} MockRecord
 * @property {any[][]} calls @property {any[]} instances @property {any[]} contexts
 * @property {number[]} invocationCallOrder one counter for all mocks
 * @property {Array<{type: "return" | "throw" | "incomplete", value: any}>} results
 * @property {Array<{type: "fulfilled" | "rejected" | "incomplete", value: any}>} settledResults
 */

let order = 0;
/** @type {Set<WeakRef<any>>} mocks that clearAllMocks and the others reach */
let known = new Set();
let nextSweep = 1_000;

/** @returns {MockRecord} */
function freshRecord() {
  return { calls: [], instances: [], contexts: [], invocationCallOrder: [], results: [], settledResults: [] };
}

/** @param {any} mock */
function remember(mock) {
  known.add(new WeakRef(mock));
  if (known.size < nextSweep) return;
  known = new Set([...known].filter((ref) => ref.deref() !== undefined));
  nextSweep = Math.max(1_000, known.size * 2);
}

/** @param {string} method */
function forAll(method) {
  for (const ref of known) ref.deref()?.[method]();
}

export const clearAllMocks = () => forAll("mockClear");
export const resetAllMocks = () => forAll("mockReset");

/** Puts back everything that was spied on. */
export function restoreAllMocks() {
  for (const ref of known) {
    const mock = ref.deref();
    if (mock?.[RESTORE]) mock.mockRestore();
  }
}

/** Tells spies from plain mocks: spies have a way back. */
export const RESTORE = Symbol("isolatejs.mockRestore");

/** @param {any} value */
export function isMockFunction(value) {
  return value?._isMockFunction === true;
}

/**
 * @param {Function} [implementation]
 * @param {{name?: string, length?: number, restore?: () => void, original?: Function}} [options]
 * @returns {any}
 */
export function createMock(
  implementation,
  { name, length = implementation?.length ?? 0, restore, original } = {},
) {
  let record = freshRecord();
  /** @type {Function | undefined} */
  let current = implementation;
  /** @type {Function[]} */
  let once = [];
  let mockName = name ?? "";

  /** @this {any} @param {...any} args */
  const mock = function (...args) {
    const constructed = new.target !== undefined;
    const target = record;
    const index = target.calls.length;
    target.calls.push(args);
    target.contexts.push(this);
    target.instances.push(this);
    target.invocationCallOrder.push(++order);
    target.results.push({ type: "incomplete", value: undefined });
    target.settledResults.push({ type: "incomplete", value: undefined });
    const run = once.length > 0 ? once.shift() : current;
    let value;
    try {
      if (run === undefined) value = undefined;
      else if (constructed && isClass(run)) value = Reflect.construct(run, args, new.target);
      else value = run.apply(this, args);
    } catch (error) {
      target.results[index] = { type: "throw", value: error };
      throw error;
    }
    target.results[index] = { type: "return", value };
    if (constructed && typeof value === "object" && value !== null) target.instances[index] = value;
    noteSettled(target, index, value);
    return value;
  };

  const methods = {
    _isMockFunction: true,
    getMockImplementation: () => once[0] ?? current,
    getMockName: () => mockName || "jest.fn()",
    mockClear: () => {
      record = freshRecord();
      return mock;
    },
    mockReset: () => {
      record = freshRecord();
      once = [];
      current = original;
      return mock;
    },
    mockRestore: () => {
      methods.mockReset();
      restore?.();
    },
    mockName: (/** @type {string} */ text) => {
      mockName = text;
      return mock;
    },
    mockImplementation: (/** @type {Function} */ fn) => {
      current = fn;
      return mock;
    },
    mockImplementationOnce: (/** @type {Function} */ fn) => {
      once.push(fn);
      return mock;
    },
    withImplementation: (/** @type {Function} */ fn, /** @type {() => any} */ callback) => {
      const [before, onceBefore] = [current, once];
      current = fn;
      once = [];
      const back = () => {
        current = before;
        once = onceBefore;
      };
      let result;
      try {
        result = callback();
      } catch (error) {
        back();
        throw error;
      }
      if (typeof result?.then !== "function") {
        back();
        return mock;
      }
      return Promise.resolve(result).finally(back).then(() => mock);
    },
    mockReturnThis: () =>
      /** @this {any} */
      methods.mockImplementation(function () {
        // @ts-ignore the caller's `this` is the point
        return this;
      }),
    mockReturnValue: (/** @type {any} */ value) => methods.mockImplementation(() => value),
    mockReturnValueOnce: (/** @type {any} */ value) => methods.mockImplementationOnce(() => value),
    mockResolvedValue: (/** @type {any} */ value) => methods.mockImplementation(() => Promise.resolve(value)),
    mockResolvedValueOnce: (/** @type {any} */ value) =>
      methods.mockImplementationOnce(() => Promise.resolve(value)),
    mockRejectedValue: (/** @type {any} */ value) => methods.mockImplementation(() => Promise.reject(value)),
    mockRejectedValueOnce: (/** @type {any} */ value) =>
      methods.mockImplementationOnce(() => Promise.reject(value)),
    mockThrow: (/** @type {any} */ error) =>
      methods.mockImplementation(() => {
        throw error;
      }),
    mockThrowOnce: (/** @type {any} */ error) =>
      methods.mockImplementationOnce(() => {
        throw error;
      }),
    [Symbol.dispose]: () => methods.mockRestore(),
  };
  for (const key of Reflect.ownKeys(methods)) {
    const value = /** @type {any} */ (methods)[key];
    Object.defineProperty(mock, key, { value, configurable: true, writable: true });
  }
  if (restore) Object.defineProperty(mock, RESTORE, { value: true });
  Object.defineProperty(mock, "mock", {
    get: () =>
      Object.defineProperty(record, "lastCall", {
        get: () => record.calls.at(-1),
        configurable: true,
        enumerable: record.calls.length > 0,
      }),
    configurable: true,
  });
  Object.defineProperty(mock, "length", { value: length, configurable: true });
  Object.defineProperty(mock, "name", { value: name ?? "mockConstructor", configurable: true });
  remember(mock);
  return mock;
}

/** @param {Function} fn */
function isClass(fn) {
  return typeof fn === "function" && /^class\b/.test(Function.prototype.toString.call(fn));
}

/** @param {MockRecord} record @param {number} index @param {any} value */
function noteSettled(record, index, value) {
  if (typeof value?.then !== "function") {
    record.settledResults[index] = { type: "fulfilled", value };
    return;
  }
  value.then(
    (/** @type {any} */ result) => record.settledResults[index] = { type: "fulfilled", value: result },
    (/** @type {any} */ error) => record.settledResults[index] = { type: "rejected", value: error },
  );
}

/** @param {Function} [implementation] */
export function fn(implementation) {
  return createMock(implementation);
}

/**
 * Automatic mock of a value: functions become mocks that return undefined, classes and objects keep their
 * shape, arrays become empty, primitives stay.
 * @param {any} value @param {Map<any, any>} [made] @returns {any}
 */
export function automock(value, made = new Map()) {
  if (made.has(value)) return made.get(value);
  if (typeof value === "function") {
    const mock = createMock(undefined, { name: value.name, length: value.length });
    made.set(value, mock);
    copyMocked(value, mock, made, new Set(["length", "name", "prototype", "arguments", "caller"]));
    if (value.prototype) copyMocked(value.prototype, mock.prototype, made, new Set(["constructor"]));
    return mock;
  }
  if (Array.isArray(value)) return [];
  if (typeof value !== "object" || value === null) return value;
  const copy = Object.create(Object.getPrototypeOf(value) === null ? null : Object.prototype);
  made.set(value, copy);
  for (let holder = value; holder && holder !== Object.prototype; holder = Object.getPrototypeOf(holder)) {
    copyMocked(holder, copy, made, new Set(["constructor"]));
  }
  return copy;
}

/** @param {any} from @param {any} to @param {Map<any, any>} made @param {Set<PropertyKey>} skip */
function copyMocked(from, to, made, skip) {
  for (const key of Reflect.ownKeys(from)) {
    if (skip.has(key) || Object.hasOwn(to, key)) continue;
    const descriptor = /** @type {PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(from, key));
    if (descriptor.get || descriptor.set) continue; // reading a getter could run the program's code
    Object.defineProperty(to, key, {
      ...descriptor,
      value: automock(descriptor.value, made),
      writable: true,
    });
  }
}

/** @template T @param {T} value @returns {T} only for types */
export const mocked = (value) => value;
