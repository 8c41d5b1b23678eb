// From JavaScript values to wire form; the guest's half of decoding.py. Plain JSON takes the fast path,
// everything else becomes a flat list of nodes that name each other by index.
// @ts-check

import {
  AbortSignal,
  ArrayBufferIsView,
  ArrayIsArray,
  BigIntPrototypeToString,
  Blob,
  DatePrototypeGetTime,
  DOMException,
  File,
  getArrayBufferByteLength,
  getDataViewBuffer,
  getDataViewByteLength,
  getDataViewByteOffset,
  getTypedArrayBuffer,
  getTypedArrayByteLength,
  getTypedArrayByteOffset,
  getTypedArrayTag,
  isArrayBuffer,
  isMap,
  isSet,
  MapPrototypeForEach,
  NumberIsFinite,
  NumberIsInteger,
  NumberIsSafeInteger,
  ObjectGetOwnPropertySymbols,
  ObjectGetPrototypeOf,
  ObjectHasOwn,
  ObjectIs,
  ObjectKeys,
  ObjectPrototype,
  pop,
  push,
  SafeMap,
  SafeSet,
  SafeWeakMap,
  SetPrototypeForEach,
  StringPrototypeCharCodeAt,
  StringPrototypeIsWellFormed,
  SymbolAsyncIterator,
  SymbolIterator,
  URL,
  web,
} from "../guest/primordials.js";

const { AggregateError, Error, RangeError, TypeError, Uint8Array } = globalThis;

const PLAIN_DEPTH_LIMIT = 400;
/** What the host takes; see limits.py and decoding.py. */
const NODES_LIMIT = 5_000_000;
const BIGINT_DIGITS_LIMIT = 1_000_000;

/** Classes of capabilities whose objects cannot cross: by prototype, what is sent in their place. */
export const descriptions = new SafeWeakMap();

/**
 * What the encoder asks of the channel.
 * @typedef {object} Exporter
 * @property {(kind: string, target: any) => number[]} exportReference  its number, and how often it was sent
 * @property {(stream: ReadableStream<Uint8Array>, message: object) => number} openStream  `message` is what it goes
 *   along with: within that it may be offered again, when its encoding starts anew
 * @property {(target: object) => {kind: string, reference: number} | undefined} ownProxy  a host value on its way home
 */

/**
 * @param {any} value @param {Uint8Array[]} attachments @param {Exporter} exporter
 * @param {string} [root] what the value is called in errors
 */
export function encodeValue(value, attachments, exporter, root = "value") {
  if (isPlain(value)) return { p: value };
  return { t: new NodeWriter(attachments, exporter).write(value, root) };
}

/** @param {any} value */
function isPlain(value) {
  switch (typeof value) {
    case "string":
      return StringPrototypeIsWellFormed(value);
    case "boolean":
      return true;
    case "number":
      return NumberIsFinite(value) && !ObjectIs(value, -0) && !isLargeInteger(value);
    case "object":
      return value === null || isPlainObject(value, new SafeSet(), 0);
    default:
      return false;
  }
}

/** @param {any} value @param {Set<any>} seen @param {number} depth @returns {boolean} */
function isPlainObject(value, seen, depth) {
  if (depth > PLAIN_DEPTH_LIMIT || seen.has(value)) return false;
  seen.add(value);
  if (ArrayIsArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item = value[i];
      if (
        typeof item === "object" && item !== null ? !isPlainObject(item, seen, depth + 1) : !isPlain(item)
      ) return false;
    }
    return true;
  }
  const prototype = ObjectGetPrototypeOf(value);
  if ((prototype !== ObjectPrototype && prototype !== null) || value.toJSON !== undefined) return false;
  const keys = ObjectKeys(value);
  for (let i = 0; i < keys.length; i++) {
    const item = value[keys[i]];
    if (!StringPrototypeIsWellFormed(keys[i])) return false;
    if (typeof item === "object" && item !== null ? !isPlainObject(item, seen, depth + 1) : !isPlain(item)) {
      return false;
    }
  }
  return ObjectGetOwnPropertySymbols(value).length === 0;
}

class NodeWriter {
  /** @type {any[]} */ #nodes = [];
  /** @type {Map<any, number>} */ #indexes = new SafeMap();
  /** @type {(() => void)[]} */ #work = [];
  #attachments;
  #exporter;
  #blobs;

  /** @param {Uint8Array[]} attachments @param {Exporter} exporter @param {Map<Blob, Uint8Array>} [blobs] bytes */
  constructor(attachments, exporter, blobs) {
    this.#attachments = attachments;
    this.#exporter = exporter;
    this.#blobs = blobs;
  }

  /** @param {any} value @param {string} root */
  write(value, root) {
    this.#add(value, root);
    while (this.#work.length > 0) pop(this.#work)();
    if (this.#nodes.length > NODES_LIMIT) {
      throw new RangeError(
        `${root}: a value of ${this.#nodes.length} parts is too large to send (limit ${NODES_LIMIT})`,
      );
    }
    return this.#nodes;
  }

  /** @param {any} node @param {any} [value] */
  #new(node, value) {
    const index = this.#nodes.length;
    this.#nodes[index] = node;
    if (value !== undefined) this.#indexes.set(value, index);
    return index;
  }

  /** @param {Uint8Array} bytes */
  #attach(bytes) {
    push(this.#attachments, bytes);
    return this.#attachments.length - 1;
  }

  /** @param {any} value @param {string} path @returns {number} */
  #add(value, path) {
    switch (typeof value) {
      case "undefined":
        return this.#new(["u"]);
      case "boolean":
        return this.#new(value);
      case "number":
        return this.#new(number(value));
      case "string":
        return this.#string(value);
      case "bigint":
        return this.#new(["n", bigintText(value, path)]);
      case "symbol":
        throw refusal(path, "a symbol");
    }
    if (value === null) return this.#new(null);
    const known = this.#indexes.get(value);
    if (known !== undefined) return known;
    const own = this.#exporter.ownProxy(value);
    if (own !== undefined) return this.#new(["L", own.kind, own.reference], value);
    if (typeof value === "function") return this.#live("function", value);
    if (ArrayIsArray(value)) return this.#array(value, path);
    const prototype = ObjectGetPrototypeOf(value);
    if (prototype === ObjectPrototype || prototype === null) return this.#object(value, path);
    if (isTimer(value, prototype)) return this.#new(+value || 0, value);
    const special = this.#special(value, path);
    if (special !== undefined) return special;
    const describe = descriptions.get(prototype);
    if (describe !== undefined) return this.#add(describe(value), path);
    throw refusal(path, `an instance of ${className(prototype)}`);
  }

  /** @param {string} value */
  #string(value) {
    if (StringPrototypeIsWellFormed(value)) return this.#new(value);
    const bytes = new Uint8Array(value.length * 2);
    for (let i = 0; i < value.length; i++) {
      const unit = StringPrototypeCharCodeAt(value, i);
      bytes[2 * i] = unit;
      bytes[2 * i + 1] = unit >>> 8;
    }
    return this.#new(["W", this.#attach(bytes)]);
  }

  /** @param {any[]} value @param {string} path */
  #array(value, path) {
    /** @type {any[]} */
    const node = ["A"];
    const index = this.#new(node, value);
    push(this.#work, () => {
      for (let i = 0; i < value.length; i++) {
        push(node, ObjectHasOwn(value, i) ? this.#add(value[i], `${path}[${i}]`) : -1);
      }
    });
    return index;
  }

  /** @param {any} value @param {string} path */
  #object(value, path) {
    if (ObjectGetOwnPropertySymbols(value).length > 0) {
      if (isIterable(value)) return this.#live("iterator", value);
      throw refusal(path, "an object with a symbol key");
    }
    /** @type {any[]} */
    const node = ["O"];
    const index = this.#new(node, value);
    push(this.#work, () => {
      const keys = ObjectKeys(value);
      for (let i = 0; i < keys.length; i++) {
        if (!StringPrototypeIsWellFormed(keys[i])) throw refusal(path, "a key with a lone surrogate");
        push(node, keys[i]);
        push(node, this.#add(value[keys[i]], `${path}.${keys[i]}`));
      }
    });
    return index;
  }

  /** @param {string} kind @param {any} value */
  #live(kind, value) {
    const exported = this.#exporter.exportReference(kind, value);
    return this.#new(["L", kind, exported[0], exported[1]], value);
  }

  /** Everything that is neither plain nor a class instance of the program. @param {any} value @param {string} path */
  #special(value, path) {
    if (ArrayBufferIsView(value)) return this.#view(value);
    if (isArrayBuffer(value)) {
      const copy = new Uint8Array(new Uint8Array(value, 0, getArrayBufferByteLength(value)));
      return this.#new(["B", "ArrayBuffer", this.#attach(copy)], value);
    }
    if (isMap(value)) return this.#map(value, path);
    if (isSet(value)) return this.#set(value, path);
    if (value instanceof Error || value instanceof DOMException) return this.#error(value, path);
    if (value instanceof Date) {
      const time = DatePrototypeGetTime(value);
      return this.#new(["D", NumberIsFinite(time) ? time : null], value);
    }
    if (value instanceof RegExp) return this.#new(["R", value.source, value.flags], value);
    if (value instanceof Promise) return this.#live("promise", value);
    if (value instanceof URL) return this.#new(["U", value.href], value);
    if (value instanceof web.Headers) return this.#new(["Hd", [...value]], value);
    if (value instanceof web.Request) {
      return this.#new(["Rq", value.url, value.method, [...value.headers], this.#body(value, path)], value);
    }
    if (value instanceof web.Response) {
      const body = this.#body(value, path);
      return this.#new(["Rs", value.status, value.statusText, [...value.headers], body, value.url], value);
    }
    if (value instanceof web.FormData) return this.#formData(value, path);
    if (value instanceof Blob) return this.#blob(value, path);
    if (value instanceof AbortSignal) return this.#signal(value, path);
    if (value instanceof web.ReadableStream) return this.#live("iterator", value);
    if (isIterable(value)) return this.#live("iterator", value);
    return undefined;
  }

  /** @param {any} value */
  #view(value) {
    const tag = getTypedArrayTag(value);
    const bytes = tag === undefined
      ? new Uint8Array(getDataViewBuffer(value), getDataViewByteOffset(value), getDataViewByteLength(value))
      : new Uint8Array(
        getTypedArrayBuffer(value),
        getTypedArrayByteOffset(value),
        getTypedArrayByteLength(value),
      );
    return this.#new(["B", tag ?? "DataView", this.#attach(bytes)], value);
  }

  /** @param {Map<any, any>} value @param {string} path */
  #map(value, path) {
    /** @type {any[]} */
    const node = ["M"];
    const index = this.#new(node, value);
    push(this.#work, () =>
      MapPrototypeForEach(value, (/** @type {any} */ item, /** @type {any} */ key) => {
        push(node, this.#add(key, `${path}.key`));
        push(node, this.#add(item, `${path}.get(${label(key)})`));
      }));
    return index;
  }

  /** @param {Set<any>} value @param {string} path */
  #set(value, path) {
    /** @type {any[]} */
    const node = ["S"];
    const index = this.#new(node, value);
    push(
      this.#work,
      () =>
        SetPrototypeForEach(value, (/** @type {any} */ item) => push(node, this.#add(item, `${path}.item`))),
    );
    return index;
  }

  /** @param {any} value @param {string} path */
  #error(value, path) {
    const dom = value instanceof DOMException;
    /** @type {any[]} */
    const node = ["E", `${value.name}`, `${value.message}`, `${value.stack ?? ""}`, dom, -1, -1];
    const index = this.#new(node, value);
    push(this.#work, () => {
      if (ObjectHasOwn(value, "cause")) node[5] = this.#add(value.cause, `${path}.cause`);
      /** @type {Record<string, any>} */
      const fields = {};
      let some = false;
      const keys = ObjectKeys(value);
      for (let i = 0; i < keys.length; i++) {
        const key = keys[i];
        if (key === "cause" || key === "stack" || key === "message") continue;
        fields[key] = value[key];
        some = true;
      }
      if (value instanceof AggregateError && ObjectHasOwn(value, "errors")) {
        fields.errors = value.errors; // its own, but not enumerable
        some = true;
      }
      if (some) node[6] = this.#object(fields, path);
    });
    return index;
  }

  /** @param {Request | Response} value @param {string} path */
  #body(value, path) {
    if (value.body === null) return null;
    if (value.bodyUsed) throw refusal(path, "a body that was already read");
    return [1, this.#exporter.openStream(value.body, this.#attachments)];
  }

  /** @param {FormData} value @param {string} path */
  #formData(value, path) {
    /** @type {any[]} */
    const node = ["FD"];
    const index = this.#new(node, value);
    for (const [name, item] of value) push(node, name, this.#add(item, `${path}.${name}`));
    return index;
  }

  /** @param {Blob} value @param {string} path */
  #blob(value, path) {
    const bytes = this.#blobs?.get(value);
    if (bytes === undefined) throw new BlobNeedsReading(value, path);
    const data = this.#attach(bytes);
    if (value instanceof File) {
      return this.#new(["Fi", value.type, value.name, value.lastModified, data], value);
    }
    return this.#new(["Bl", value.type, data], value);
  }

  /** @param {AbortSignal} value @param {string} path */
  #signal(value, path) {
    const exported = this.#exporter.exportReference("signal", value);
    /** @type {any[]} */
    const node = ["L", "signal", exported[0], exported[1]];
    const index = this.#new(node, value);
    if (value.aborted) push(node, this.#add(value.reason, `${path}.reason`));
    return index;
  }
}

/** A Blob's bytes can only be read asynchronously: `encodeValueAsync` reads them and tries again. */
export class BlobNeedsReading extends TypeError {
  /** @param {Blob} blob @param {string} path */
  constructor(blob, path) {
    super(`${path}: a Blob cannot be sent here`);
    this.blob = blob;
  }
}

/**
 * Like encodeValue, for values that may hold Blobs.
 * @param {any} value @param {Uint8Array[]} attachments @param {Exporter} exporter @param {string} [root]
 */
export async function encodeValueAsync(value, attachments, exporter, root = "value") {
  const before = attachments.length;
  const blobs = new SafeMap();
  while (true) {
    try {
      if (blobs.size === 0) return encodeValue(value, attachments, exporter, root);
      return { t: new NodeWriter(attachments, exporter, blobs).write(value, root) };
    } catch (error) {
      if (!(error instanceof BlobNeedsReading)) throw error;
      attachments.length = before;
      blobs.set(error.blob, new Uint8Array(await error.blob.arrayBuffer()));
    }
  }
}

/** JSON would write it as digits, which the host would take for an exact integer. @param {number} value */
const isLargeInteger = (value) => NumberIsInteger(value) && !NumberIsSafeInteger(value);

/** @param {number} value */
function number(value) {
  if (isLargeInteger(value)) return ["f", `${value}`];
  if (NumberIsFinite(value)) return ObjectIs(value, -0) ? ["-0"] : value;
  return value !== value ? ["NaN"] : value > 0 ? ["Inf"] : ["-Inf"];
}

/** What setTimeout gives is a number on the web, and an object that turns into one here. @param {any} value @param {any} prototype */
function isTimer(value, prototype) {
  const name = prototype.constructor?.name;
  return (name === "Timeout" || name === "Immediate") && typeof value.hasRef === "function";
}

/** An async iterable, or an iterator. @param {any} value */
function isIterable(value) {
  return typeof value[SymbolAsyncIterator] === "function" ||
    (typeof value.next === "function" && typeof value[SymbolIterator] === "function");
}

/** @param {bigint} value @param {string} path */
function bigintText(value, path) {
  const text = BigIntPrototypeToString(value, 16);
  if (text.length > BIGINT_DIGITS_LIMIT) {
    throw new RangeError(
      `${path}: a BigInt of more than ${BIGINT_DIGITS_LIMIT} hexadecimal digits cannot be sent`,
    );
  }
  return text;
}

/** @param {any} key */
const label = (key) => typeof key === "string" || typeof key === "number" ? `${key}` : typeof key;

/** @param {any} prototype */
function className(prototype) {
  const name = prototype?.constructor?.name;
  return typeof name === "string" && name !== "" ? name : "an unnamed class";
}

/** @param {string} path @param {string} what */
function refusal(path, what) {
  return new TypeError(`${path}: ${what} cannot be sent`);
}
