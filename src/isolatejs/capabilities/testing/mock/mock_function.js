// @ts-check
// Mock functions: they record every call and do as they are told. Jest's and Vitest's names, both.

/**
 * @typedef {object} MockRecord
 * @property {any[][]} calls @property {any[]} instances @property {any[]} contexts
 * @property {any[]} [lastCall] absent before the first one
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
 * @typedef {object} MockOptions
 * @property {string} [name] the function's
 * @property {string} [label] what messages call the mock, unless it is told otherwise
 * @property {number} [length]
 * @property {() => void} [restore] puts back what a spy stands in for
 * @property {Function} [original] what the mock does after a reset
 * @property {Function} [fallback] what it does as long as it has not been told
 * @property {PropertyKey[]} [methods] those of the prototype that every instance gets as mocks of its own
 */

/** @param {Function} [implementation] @param {MockOptions} [options] @returns {any} */
export function createMock(implementation, options = {}) {
  const { name, label = name ?? "", length = implementation?.length ?? 0 } = options;
  const { restore, original, fallback, methods: instanceMethods = [] } = options;
  let record = freshRecord();
  /** @type {Function | undefined} */
  let current = implementation;
  /** @type {Function[]} */
  let once = [];
  let mockName = label;

  /** @this {any} @param {...any} args */
  const mock = function (...args) {
    const constructed = new.target !== undefined;
    const target = record;
    const index = target.calls.length;
    target.calls.push(args);
    target.lastCall = args;
    target.contexts.push(this);
    target.instances.push(this);
    target.invocationCallOrder.push(++order);
    target.results.push({ type: "incomplete", value: undefined });
    target.settledResults.push({ type: "incomplete", value: undefined });
    if (constructed) addInstanceMethods(this, instanceMethods);
    const run = once.length > 0 ? once.shift() : current ?? fallback;
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
      mockName = label;
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
  Object.defineProperty(mock, "mock", { get: () => record, configurable: true });
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

/** Two instances can be told to do different things. @param {any} instance @param {PropertyKey[]} methods */
function addInstanceMethods(instance, methods) {
  for (const key of methods) {
    const inherited = instance[key];
    if (!isMockFunction(inherited)) continue;
    const own = createMock(undefined, {
      name: inherited.name,
      length: inherited.length,
      fallback: inherited,
    });
    Object.defineProperty(instance, key, {
      value: own,
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
}

const COLLECTIONS = [Map, Set, WeakMap, WeakSet];
/** Where the members that everything inherits begin. @type {Set<any>} */
const COMMON = new Set([Object.prototype, Function.prototype, RegExp.prototype]);
/** @type {Set<PropertyKey>} */
const OWN_TO_FUNCTIONS = new Set(["length", "name", "prototype", "arguments", "caller", "callee"]);
/** @type {Set<PropertyKey>} */
const OWN_TO_PROTOTYPES = new Set(["constructor"]);

/**
 * Automatic mock of a value, as Jest makes it: functions become mocks that return undefined, classes and
 * objects keep their shape with what they inherit, arrays become empty, collections and primitives stay.
 * @param {any} value @param {Map<any, any>} [made] @returns {any}
 */
export function automock(value, made = new Map()) {
  if (made.has(value)) return made.get(value);
  if (typeof value === "function") {
    /** @type {PropertyKey[]} */
    const methods = [];
    const mock = createMock(undefined, { name: value.name, length: value.length, methods });
    made.set(value, mock);
    copyMocked(value, mock, made, OWN_TO_FUNCTIONS);
    if (typeof value.prototype === "object" && value.prototype !== null) {
      copyMocked(value.prototype, mock.prototype, made, OWN_TO_PROTOTYPES);
      methods.push(...Reflect.ownKeys(mock.prototype).filter((key) => isMockFunction(mock.prototype[key])));
    }
    return mock;
  }
  if (Array.isArray(value)) return [];
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof RegExp) return new RegExp("");
  if (COLLECTIONS.some((kind) => value instanceof kind)) return value;
  const copy = Object.create(Object.getPrototypeOf(value) === null ? null : Object.prototype);
  made.set(value, copy);
  copyMocked(value, copy, made, OWN_TO_PROTOTYPES);
  return copy;
}

/** @param {any} from @param {any} to @param {Map<any, any>} made @param {Set<PropertyKey>} skip */
function copyMocked(from, to, made, skip) {
  for (let holder = from; holder !== null && !COMMON.has(holder); holder = Object.getPrototypeOf(holder)) {
    for (const key of Reflect.ownKeys(holder)) {
      if (skip.has(key) || Object.hasOwn(to, key)) continue;
      const descriptor = /** @type {PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(holder, key));
      const { configurable, enumerable } = descriptor;
      const accessor = descriptor.get !== undefined || descriptor.set !== undefined;
      if (accessor && !holder.__esModule) continue; // reading a getter could run the program's code
      const value = automock(accessor ? holder[key] : descriptor.value, made);
      Object.defineProperty(to, key, { configurable, enumerable, value, writable: true });
    }
  }
}

/** @template T @param {T} value @returns {T} only for types */
export const mocked = (value) => value;
