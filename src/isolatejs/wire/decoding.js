// From wire form to JavaScript values; the guest's half of encoding.py.
// @ts-check

import {
  Blob,
  DOMException,
  File,
  getTypedArrayBuffer,
  getTypedArrayByteLength,
  getTypedArrayByteOffset,
  MapPrototypeSet,
  ObjectDefineProperty,
  pop,
  push,
  SafeSet,
  SetPrototypeAdd,
  TypedArrayPrototypeSlice,
  URL,
  web,
} from "../guest/primordials.js";

const { AggregateError, BigInt, Date, Error, Map, RegExp, Set, String, TypeError } = globalThis;

/**
 * What the decoder asks of the channel.
 * @typedef {object} Importer
 * @property {(kind: string, reference: number, serial: number, detail: any) => any} importReference
 * @property {(reference: number) => any} bringHome  one of ours, the very object
 * @property {(stream: number) => ReadableStream<Uint8Array>} acceptStream
 */

/** @type {Record<string, any>} */
const ERRORS = {
  // @ts-ignore: no prototype keys
  __proto__: null,
  Error,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
  AggregateError,
};
/** @type {Record<string, any>} */
const VIEWS = {
  // @ts-ignore: no prototype keys
  __proto__: null,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  // @ts-ignore: newer than the library's types
  Float16Array: globalThis.Float16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
};

/** @param {{p?: any, t?: any[]}} encoded @param {Uint8Array[]} attachments @param {Importer} importer */
export function decodeValue(encoded, attachments, importer) {
  if (encoded.t === undefined) return encoded.p;
  return new NodeReader(encoded.t, attachments, importer).read();
}

/** An error of a named class. @param {string} name @param {string} message @param {boolean} dom @returns {any} */
export function makeError(name, message, dom) {
  if (dom) return new DOMException(message, name);
  const Class = ERRORS[name];
  if (Class === AggregateError) return new AggregateError([], message);
  if (Class !== undefined) return new Class(message);
  const error = new Error(message);
  hide(error, "name", name);
  return error;
}

/** @param {any} target @param {string} key @param {any} value */
function hide(target, key, value) {
  ObjectDefineProperty(target, key, { value, writable: true, enumerable: false, configurable: true });
}

/** @param {any} target @param {string} key @param {any} value */
function put(target, key, value) {
  if (key === "__proto__") {
    ObjectDefineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    target[key] = value;
  }
}

/** An own field of an error; the errors of an AggregateError are not enumerable. @param {any} error @param {string} key @param {any} value */
export function putField(error, key, value) {
  if (key === "errors" && error instanceof AggregateError) hide(error, key, value);
  else put(error, key, value);
}

class NodeReader {
  /** @type {any[]} */ #made = [];
  /** @type {(() => void)[]} */ #fill = [];
  /** Attachments that a value has as its own. @type {Set<Uint8Array>} */ #taken = new SafeSet();
  #nodes;
  #attachments;
  #importer;

  /** @param {any[]} nodes @param {Uint8Array[]} attachments @param {Importer} importer */
  constructor(nodes, attachments, importer) {
    this.#nodes = nodes;
    this.#attachments = attachments;
    this.#importer = importer;
  }

  read() {
    const root = this.#make(0);
    while (this.#fill.length > 0) pop(this.#fill)();
    return root;
  }

  /** @param {number} index @returns {any} */
  #make(index) {
    const known = this.#made[index];
    if (known !== undefined) return known;
    const node = this.#nodes[index];
    if (node === null || typeof node !== "object") return node;
    const value = this.#build(node, index);
    this.#made[index] = value;
    return value;
  }

  /** @param {any[]} node @param {number} index @returns {any} */
  #build(node, index) {
    switch (node[0]) {
      case "u":
        return undefined;
      case "NaN":
        return NaN;
      case "Inf":
        return Infinity;
      case "-Inf":
        return -Infinity;
      case "-0":
        return -0;
      case "n":
        return bigint(node[1]);
      case "A":
        return this.#array(node);
      case "O":
        return this.#object(node);
      case "M":
        return this.#map(node);
      case "S":
        return this.#set(node);
      case "E":
        return this.#error(node);
      case "D":
        return new Date(node[1] ?? NaN);
      case "R":
        return new RegExp(node[1], node[2]);
      case "U":
        return new URL(node[1]);
      case "W":
        return this.#utf16(node);
      case "B":
        return this.#bytes(node);
      case "Hd":
        return new web.Headers(node[1]);
      case "Rq":
        return this.#request(node);
      case "Rs":
        return this.#response(node);
      case "Bl":
        return new Blob([/** @type {any} */ (this.#attachments[node[2]])], { type: node[1] });
      case "Fi":
        return new File([/** @type {any} */ (this.#attachments[node[4]])], node[2], {
          type: node[1],
          lastModified: node[3],
        });
      case "FD":
        return this.#formData(node);
      case "L":
        if (node.length === 3) return this.#importer.bringHome(node[2]);
        return this.#importer.importReference(
          node[1],
          node[2],
          node[3],
          node.length > 4 ? this.#make(node[4]) : undefined,
        );
      default:
        throw new TypeError(`unknown value ${node[0]} at ${index}`);
    }
  }

  /** @param {any[]} node */
  #array(node) {
    /** @type {any[]} */
    const made = [];
    push(this.#fill, () => {
      made.length = node.length - 1;
      for (let i = 1; i < node.length; i++) {
        if (node[i] !== -1) made[i - 1] = this.#make(node[i]);
      }
    });
    return made;
  }

  /** @param {any[]} node */
  #object(node) {
    const made = {};
    push(this.#fill, () => {
      for (let i = 1; i < node.length; i += 2) put(made, node[i], this.#make(node[i + 1]));
    });
    return made;
  }

  /** @param {any[]} node */
  #map(node) {
    const made = new Map();
    push(this.#fill, () => {
      for (let i = 1; i < node.length; i += 2) {
        MapPrototypeSet(made, this.#make(node[i]), this.#make(node[i + 1]));
      }
    });
    return made;
  }

  /** @param {any[]} node */
  #set(node) {
    const made = new Set();
    push(this.#fill, () => {
      for (let i = 1; i < node.length; i++) SetPrototypeAdd(made, this.#make(node[i]));
    });
    return made;
  }

  /** @param {any[]} node */
  #error([, name, message, stack, dom, cause, fields]) {
    const made = makeError(name, message, dom);
    if (stack !== "") hide(made, "stack", stack);
    push(this.#fill, () => {
      if (cause !== -1) hide(made, "cause", this.#make(cause));
      if (fields !== -1) {
        const own = this.#nodes[fields];
        for (let i = 1; i < own.length; i += 2) putField(made, own[i], this.#make(own[i + 1]));
      }
    });
    return made;
  }

  /** @param {any[]} node */
  #utf16(node) {
    const bytes = this.#attachments[node[1]];
    let text = "";
    for (let i = 0; i < bytes.length; i += 2) text += String.fromCharCode(bytes[i] | (bytes[i + 1] << 8));
    return text;
  }

  /** @param {any[]} node */
  #bytes(node) {
    const part = this.#attachments[node[2]];
    const whole = getTypedArrayBuffer(part);
    // A value gets a buffer of its own, unless the attachment already is all of one.
    const alone = getTypedArrayByteOffset(part) === 0 && getTypedArrayByteLength(part) === whole.byteLength;
    const own = alone && !this.#taken.has(part);
    if (own) this.#taken.add(part);
    const bytes = own ? part : TypedArrayPrototypeSlice(part);
    if (node[1] === "Uint8Array") return bytes;
    if (node[1] === "ArrayBuffer") return bytes.buffer;
    return new VIEWS[node[1]](bytes.buffer);
  }

  /** @param {any} body */
  #body(body) {
    if (body === null) return null;
    return body[0] === 0 ? this.#attachments[body[1]] : this.#importer.acceptStream(body[1]);
  }

  /** @param {any[]} node */
  #request([, url, method, headers, body]) {
    /** @type {any} */
    const init = { method, headers };
    if (body !== null) init.body = this.#body(body);
    return new web.Request(url, init);
  }

  /** @param {any[]} node */
  #response([, status, statusText, headers, body, url]) {
    const made = new web.Response(/** @type {any} */ (this.#body(body)), { status, statusText, headers });
    if (url !== "") ObjectDefineProperty(made, "url", { value: url, configurable: true });
    return made;
  }

  /** @param {any[]} node */
  #formData(node) {
    const made = new web.FormData();
    for (let i = 1; i < node.length; i += 2) made.append(node[i], this.#make(node[i + 1]));
    return made;
  }
}

/** @param {string} hex */
function bigint(hex) {
  return hex[0] === "-" ? -BigInt(`0x${hex.slice(1)}`) : BigInt(`0x${hex}`);
}
