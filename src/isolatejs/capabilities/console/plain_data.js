// @ts-check
// The arguments of a console call as plain data, copied at the time of the call. A function, a class
// instance or an accessor stands as its text, so that logging a value neither runs its code nor keeps it
// alive, and a structure that is too large stands as its text as a whole.

const { apply } = Reflect;
const { defineProperty, getOwnPropertyDescriptor, getPrototypeOf, keys } = Object;
const { isArray } = Array;
const { isView } = ArrayBuffer;
const { forEach: forEachEntry, get: getCopy, set: setCopy } = Map.prototype;
const { forEach: forEachMember, add: addMember } = Set.prototype;
const NativeMap = Map;
const NativeSet = Set;
const NativeError = Error;
const OBJECT = Object.prototype;
const MAP = Map.prototype;
const SET = Set.prototype;
const DATE = Date.prototype;
const REGEXP = RegExp.prototype;
const BUFFER = ArrayBuffer.prototype;
const ERRORS = [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError].map((E) =>
  E.prototype
);

const NODES_LIMIT = 1_000;
const DEPTH_LIMIT = 100;

class TooLarge {}

/**
 * @param {any[]} values
 * @param {(value: unknown) => string} inspect text of one value
 * @param {number} limitBytes of all strings and buffers together
 * @returns {any[]}
 */
export function asPlainData(values, inspect, limitBytes) {
  /** @type {any[]} */
  const plain = [];
  let bytesLeft = limitBytes;
  for (let i = 0; i < values.length; i++) {
    const copier = new Copier(inspect, bytesLeft);
    let copy;
    try {
      copy = copier.copy(values[i], 0);
      bytesLeft = copier.bytesLeft;
    } catch {
      // Too large, or a proxy that refuses to be looked at.
      copy = cut(inspect(values[i]), bytesLeft);
      bytesLeft -= copy.length;
    }
    defineProperty(plain, i, { value: copy, writable: true, enumerable: true, configurable: true });
  }
  return plain;
}

/** @param {string} text @param {number} length */
function cut(text, length) {
  return text.length <= length ? text : apply(String.prototype.slice, text, [0, length]);
}

class Copier {
  #inspect;
  #nodesLeft = NODES_LIMIT;
  /** Copies by original: shared references and cycles stay. */
  #copies = new NativeMap();

  /** @param {(value: unknown) => string} inspect @param {number} bytesLeft */
  constructor(inspect, bytesLeft) {
    this.#inspect = inspect;
    this.bytesLeft = bytesLeft;
  }

  /** @param {any} value @param {number} depth @returns {any} */
  copy(value, depth) {
    if (--this.#nodesLeft < 0 || depth > DEPTH_LIMIT) throw new TooLarge();
    switch (typeof value) {
      case "string":
        return this.#take(value, value.length);
      case "function":
      case "symbol":
        return this.#text(value);
      case "object":
        return value === null ? null : this.#copyObject(value, depth);
      default:
        return value;
    }
  }

  /** @template T @param {T} value @param {number} size @returns {T} */
  #take(value, size) {
    this.bytesLeft -= size;
    if (this.bytesLeft < 0) throw new TooLarge();
    return value;
  }

  /** @param {unknown} value */
  #text(value) {
    const text = this.#inspect(value);
    return this.#take(text, text.length);
  }

  /** @param {any} value @param {number} depth */
  #copyObject(value, depth) {
    const known = apply(getCopy, this.#copies, [value]);
    if (known !== undefined) return known;
    if (isView(value)) return this.#take(value, value.byteLength);
    const prototype = getPrototypeOf(value);
    if (isArray(value)) {
      // Holes count: a copy of them would be filled in on its way.
      if (!(value.length <= NODES_LIMIT)) throw new TooLarge();
      return this.#copyProperties(value, this.#remember(value, []), depth);
    }
    if (prototype === OBJECT || prototype === null) {
      return this.#copyProperties(value, this.#remember(value, {}), depth);
    }
    switch (prototype) {
      case DATE:
      case REGEXP:
        return value;
      case BUFFER:
        return this.#take(value, value.byteLength);
      case MAP:
        return this.#copyMap(value, depth);
      case SET:
        return this.#copySet(value, depth);
    }
    for (let i = 0; i < ERRORS.length; i++) {
      if (prototype === ERRORS[i]) return this.#copyError(value, depth);
    }
    return this.#text(value);
  }

  /** @template T @param {object} value @param {T} copy @returns {T} */
  #remember(value, copy) {
    apply(setCopy, this.#copies, [value, copy]);
    return copy;
  }

  /** @param {any} source @param {any} copy @param {number} depth */
  #copyProperties(source, copy, depth) {
    const names = keys(source);
    if (names.length > this.#nodesLeft) throw new TooLarge();
    if (isArray(copy)) copy.length = source.length;
    for (let i = 0; i < names.length; i++) {
      const descriptor = getOwnPropertyDescriptor(source, names[i]);
      const value = descriptor !== undefined && "value" in descriptor
        ? this.copy(descriptor.value, depth + 1)
        : "[Getter]";
      defineProperty(copy, names[i], { value, writable: true, enumerable: true, configurable: true });
    }
    return copy;
  }

  /** @param {any} source @param {number} depth */
  #copyMap(source, depth) {
    const copy = this.#remember(source, new NativeMap());
    apply(forEachEntry, source, [(/** @type {any} */ value, /** @type {any} */ key) => {
      apply(setCopy, copy, [this.copy(key, depth + 1), this.copy(value, depth + 1)]);
    }]);
    return copy;
  }

  /** @param {any} source @param {number} depth */
  #copySet(source, depth) {
    const copy = this.#remember(source, new NativeSet());
    apply(forEachMember, source, [(/** @type {any} */ value) => {
      apply(addMember, copy, [this.copy(value, depth + 1)]);
    }]);
    return copy;
  }

  /** @param {any} source @param {number} depth */
  #copyError(source, depth) {
    const copy = this.#remember(source, new NativeError());
    const names = ["name", "message", "stack"];
    for (let i = 0; i < names.length; i++) {
      const value = source[names[i]];
      if (typeof value !== "string") continue;
      this.#take(value, value.length);
      defineProperty(copy, names[i], { value, writable: true, configurable: true });
    }
    const cause = getOwnPropertyDescriptor(source, "cause");
    if (cause !== undefined && "value" in cause) {
      const value = this.copy(cause.value, depth + 1);
      defineProperty(copy, "cause", { value, writable: true, configurable: true });
    }
    return copy;
  }
}
