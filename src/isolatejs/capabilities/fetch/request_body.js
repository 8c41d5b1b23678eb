// What a request has to say: bytes that go along with the call when they are all here and few, else a stream.
// @ts-check

import {
  encodeText,
  getTypedArrayByteLength,
  ObjectGetPrototypeOf,
  ObjectPrototype,
  TypedArrayPrototypeSet,
  TypedArrayPrototypeSubarray,
  web,
} from "../../guest/primordials.js";

const { Request, ReadableStream } = web;
const { URLSearchParams, FormData, Blob, ArrayBuffer, Uint8Array } = globalThis;
const isView = ArrayBuffer.isView;
const { arrayBuffer } = Request.prototype;
const getBody = /** @type {any} */ (Object.getOwnPropertyDescriptor(Request.prototype, "body")).get;
const getBlobSize = /** @type {any} */ (Object.getOwnPropertyDescriptor(Blob.prototype, "size")).get;

const INLINE_BYTES = 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;
const NO_BYTES = new Uint8Array(0);
/** How many turns of the microtask queue a stream gets to show that it has ended already. */
const PATIENCE = 16;

/**
 * @typedef {object} OutgoingBody
 * @property {Uint8Array | ReadableStream} content
 * @property {number} [length]  bytes of a stream, where known
 */

/**
 * The body of a request, which is used up by this.
 * @param {Request} request @param {any} given  `init.body`
 * @returns {Promise<OutgoingBody | null>}
 */
export async function takeRequestBody(request, given) {
  if (given instanceof Blob && getBlobSize.call(given) > INLINE_BYTES) {
    return { content: getBody.call(request), length: getBlobSize.call(given) };
  }
  if (isWhole(given)) return fromBytes(new Uint8Array(await arrayBuffer.call(request)));
  const stream = getBody.call(request);
  return stream === null ? null : await readAhead(stream);
}

/**
 * Strings and bytes go around the Request, which would copy them twice: it gets an empty one of their kind.
 * @param {any} init @returns {{init: any, bytes: Uint8Array} | null}
 */
export function snapshotBody(init) {
  const given = init?.body;
  if (typeof given !== "string" && !(given instanceof ArrayBuffer) && !isView(given)) return null;
  const prototype = ObjectGetPrototypeOf(init);
  if (prototype !== ObjectPrototype && prototype !== null) return null;
  if (typeof given === "string") return { init: { ...init, body: "" }, bytes: encodeText(given) };
  const copy = isView(given)
    ? new Uint8Array(given.buffer, given.byteOffset, given.byteLength).slice()
    : new Uint8Array(given).slice();
  return { init: { ...init, body: NO_BYTES }, bytes: copy };
}

/** @param {any} given */
function isWhole(given) {
  return typeof given === "string" || given instanceof ArrayBuffer || isView(given) ||
    given instanceof URLSearchParams || given instanceof FormData || given instanceof Blob;
}

/** @param {Uint8Array} bytes @returns {OutgoingBody} */
export function fromBytes(bytes) {
  const length = getTypedArrayByteLength(bytes);
  if (length <= INLINE_BYTES) return { content: bytes };
  let offset = 0;
  const content = new ReadableStream({
    pull(controller) {
      controller.enqueue(TypedArrayPrototypeSubarray(bytes, offset, offset += CHUNK_BYTES));
      if (offset >= length) controller.close();
    },
  }, { highWaterMark: 0 });
  return { content, length };
}

/**
 * A Request does not say what it was made from. One that was made from a string or bytes has a stream that is
 * already at its end: then its length is known, and servers that need a Content-Length get one.
 * @param {ReadableStream} stream @returns {Promise<OutgoingBody>}
 */
async function readAhead(stream) {
  const reader = stream.getReader();
  /** @type {Uint8Array[]} */
  const chunks = [];
  let size = 0;
  while (size <= INLINE_BYTES || chunks.length === 1) {
    const reading = reader.read();
    const result = await settledSoon(reading);
    if (result === undefined) return { content: continued(chunks, reading, reader) };
    if (result.done) return fromBytes(joined(chunks, size));
    if (!(result.value instanceof Uint8Array)) throw new TypeError("a body's stream must give Uint8Arrays");
    chunks[chunks.length] = result.value;
    size += getTypedArrayByteLength(result.value);
  }
  return { content: continued(chunks, undefined, reader) };
}

/** @template T @param {Promise<T>} promise @returns {Promise<T | undefined>} */
async function settledSoon(promise) {
  /** @type {T | undefined} */
  let value;
  /** @type {any} */
  let failure;
  promise.then((result) => value = result, (error) => failure = { error });
  for (let turn = 0; turn < PATIENCE && value === undefined && failure === undefined; turn++) await undefined;
  if (failure !== undefined) throw failure.error;
  return value;
}

/**
 * What was read, then the rest.
 * @param {Uint8Array[]} chunks @param {Promise<any> | undefined} reading @param {ReadableStreamDefaultReader} reader
 */
function continued(chunks, reading, reader) {
  let next = 0;
  return new ReadableStream({
    async pull(controller) {
      if (next < chunks.length) return controller.enqueue(chunks[next++]);
      const pending = reading ?? reader.read();
      reading = undefined;
      const { done, value } = await pending;
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

/** @param {Uint8Array[]} chunks @param {number} size */
function joined(chunks, size) {
  if (chunks.length === 1) return chunks[0];
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (let i = 0; i < chunks.length; i++) {
    TypedArrayPrototypeSet(bytes, chunks[i], offset);
    offset += getTypedArrayByteLength(chunks[i]);
  }
  return bytes;
}
