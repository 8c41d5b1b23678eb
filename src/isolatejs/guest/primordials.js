// Built-ins as they were before any program ran. A program may patch every prototype; the kernel goes on
// working because it only uses these. This is for correct behaviour, never for safety.
// @ts-check

const { bind, call, apply } = Function.prototype;
/** Turn a method into a function whose first argument is its `this`. @type {(method: any) => any} */
export const uncurryThis = bind.bind(call);
/** @type {(fn: any, self: any, args: any) => any} */
export const applyFunction = uncurryThis(apply);

const TypedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype);
/** @param {any} prototype @param {string | symbol} name */
const getter = (prototype, name) =>
  uncurryThis(
    /** @type {any} */ (Object.getOwnPropertyDescriptor(prototype, name)).get,
  );

export const ObjectKeys = Object.keys;
export const ObjectGetPrototypeOf = Object.getPrototypeOf;
export const ObjectSetPrototypeOf = Object.setPrototypeOf;
export const ObjectDefineProperty = Object.defineProperty;
export const ObjectDefineProperties = Object.defineProperties;
export const ObjectGetOwnPropertyDescriptor = Object.getOwnPropertyDescriptor;
export const ObjectGetOwnPropertyNames = Object.getOwnPropertyNames;
export const ObjectGetOwnPropertySymbols = Object.getOwnPropertySymbols;
export const ObjectCreate = Object.create;
export const ObjectFreeze = Object.freeze;
export const ObjectAssign = Object.assign;
export const ObjectEntries = Object.entries;
export const ObjectHasOwn = Object.hasOwn;
export const ObjectPrototype = Object.prototype;
export const ArrayPrototype = Array.prototype;
export const ReflectApply = Reflect.apply;
export const ReflectConstruct = Reflect.construct;
export const ReflectDeleteProperty = Reflect.deleteProperty;
export const ReflectOwnKeys = Reflect.ownKeys;
export const ArrayIsArray = Array.isArray;
export const ArrayFrom = Array.from;
export const push = uncurryThis(Array.prototype.push);
export const pop = uncurryThis(Array.prototype.pop);
export const shift = uncurryThis(Array.prototype.shift);
export const slice = uncurryThis(Array.prototype.slice);
export const splice = uncurryThis(Array.prototype.splice);
export const join = uncurryThis(Array.prototype.join);
export const map = uncurryThis(Array.prototype.map);
export const forEach = uncurryThis(Array.prototype.forEach);
export const includes = uncurryThis(Array.prototype.includes);
export const JSONStringify = JSON.stringify;
export const JSONParse = JSON.parse;
export const NumberIsFinite = Number.isFinite;
export const NumberIsInteger = Number.isInteger;
export const NumberIsSafeInteger = Number.isSafeInteger;
export const ObjectIs = Object.is;
export const MathMin = Math.min;
export const MathMax = Math.max;
export const SymbolIterator = Symbol.iterator;
export const SymbolAsyncIterator = Symbol.asyncIterator;
export const SymbolToStringTag = Symbol.toStringTag;
export const StringPrototypeIsWellFormed = uncurryThis(String.prototype.isWellFormed);
export const StringPrototypeStartsWith = uncurryThis(String.prototype.startsWith);
export const StringPrototypeEndsWith = uncurryThis(String.prototype.endsWith);
export const StringPrototypeIncludes = uncurryThis(String.prototype.includes);
export const StringPrototypeIndexOf = uncurryThis(String.prototype.indexOf);
export const StringPrototypeSlice = uncurryThis(String.prototype.slice);
export const StringPrototypeSplit = uncurryThis(String.prototype.split);
export const StringPrototypeReplace = uncurryThis(String.prototype.replace);
export const StringPrototypeReplaceAll = uncurryThis(String.prototype.replaceAll);
export const StringPrototypeTrim = uncurryThis(String.prototype.trim);
export const StringPrototypeToLowerCase = uncurryThis(String.prototype.toLowerCase);
export const StringPrototypeCharCodeAt = uncurryThis(String.prototype.charCodeAt);
export const StringFromCharCode = String.fromCharCode;
export const RegExpPrototypeExec = uncurryThis(RegExp.prototype.exec);
export const BigIntPrototypeToString = uncurryThis(BigInt.prototype.toString);
export const DatePrototypeGetTime = uncurryThis(Date.prototype.getTime);
export const DateNow = Date.now;
export const FunctionPrototypeToString = uncurryThis(Function.prototype.toString);

/** A Map whose methods no program can patch. */
export class SafeMap extends Map {}
/** A Set whose methods no program can patch. */
export class SafeSet extends Set {}
/**
 * A WeakMap whose methods no program can patch.
 * @extends {WeakMap<any, any>}
 */
export class SafeWeakMap extends WeakMap {}
for (const [Safe, Base] of /** @type {any[]} */ ([[SafeMap, Map], [SafeSet, Set], [SafeWeakMap, WeakMap]])) {
  for (const key of Reflect.ownKeys(Base.prototype)) {
    if (key !== "constructor") {
      Object.defineProperty(
        Safe.prototype,
        key,
        /** @type {any} */ (Object.getOwnPropertyDescriptor(Base.prototype, key)),
      );
    }
  }
  Object.setPrototypeOf(Safe.prototype, null);
}

export const MapPrototypeForEach = uncurryThis(Map.prototype.forEach);
export const MapPrototypeSet = uncurryThis(Map.prototype.set);
export const SetPrototypeForEach = uncurryThis(Set.prototype.forEach);
export const SetPrototypeAdd = uncurryThis(Set.prototype.add);
export const isMap = /** @type {(value: any) => boolean} */ (brand(getter(Map.prototype, "size")));
export const isSet = /** @type {(value: any) => boolean} */ (brand(getter(Set.prototype, "size")));

export const PromisePrototypeThen = uncurryThis(Promise.prototype.then);
export const PromiseResolve = Promise.resolve.bind(Promise);
export const PromiseWithResolvers = Promise.withResolvers.bind(Promise);

export const getTypedArrayTag = getter(TypedArrayPrototype, SymbolToStringTag);
export const getTypedArrayBuffer = getter(TypedArrayPrototype, "buffer");
export const getTypedArrayByteOffset = getter(TypedArrayPrototype, "byteOffset");
export const getTypedArrayByteLength = getter(TypedArrayPrototype, "byteLength");
export const getArrayBufferByteLength = getter(ArrayBuffer.prototype, "byteLength");
export const getDataViewBuffer = getter(DataView.prototype, "buffer");
export const getDataViewByteOffset = getter(DataView.prototype, "byteOffset");
export const getDataViewByteLength = getter(DataView.prototype, "byteLength");
export const TypedArrayPrototypeSet = uncurryThis(TypedArrayPrototype.set);
export const TypedArrayPrototypeSubarray = uncurryThis(TypedArrayPrototype.subarray);
export const TypedArrayPrototypeSlice = uncurryThis(TypedArrayPrototype.slice);
export const ArrayBufferIsView = ArrayBuffer.isView;
export const isArrayBuffer = /** @type {(value: any) => boolean} */ (brand(getArrayBufferByteLength));

const encoder = new TextEncoder();
const decoder = new TextDecoder();
export const encodeText = encoder.encode.bind(encoder);
export const encodeTextInto = encoder.encodeInto.bind(encoder);
export const decodeText = decoder.decode.bind(decoder);

export const queueMicrotask = globalThis.queueMicrotask;
export const { AbortController, AbortSignal, Blob, DOMException, File, URL } = globalThis;

/** Globals that the engine loads at first touch: captured now, loaded when the kernel first needs them. */
const LAZY = ["FormData", "Headers", "ReadableStream", "Request", "Response"];
/** @type {Pick<typeof globalThis, "FormData" | "Headers" | "ReadableStream" | "Request" | "Response">} */
export const web = /** @type {any} */ (ObjectCreate(null));
for (const name of LAZY) {
  const { get, value } = /** @type {any} */ (ObjectGetOwnPropertyDescriptor(globalThis, name));
  let loaded = value;
  ObjectDefineProperty(web, name, { get: () => loaded ??= applyFunction(get, globalThis, []) });
}

/** A test for "is one of these" from a getter that throws for everything else. @param {any} probe */
function brand(probe) {
  return (/** @type {any} */ value) => {
    try {
      probe(value);
      return true;
    } catch {
      return false;
    }
  };
}
