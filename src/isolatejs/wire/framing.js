// Cuts received bytes into frames and builds frames; the guest's half of framing.py.
// @ts-check

import {
  decodeText,
  encodeTextInto,
  getTypedArrayByteLength,
  JSONParse,
  push,
  TypedArrayPrototypeSet,
  TypedArrayPrototypeSlice,
  TypedArrayPrototypeSubarray,
} from "../guest/primordials.js";

const { Uint8Array } = globalThis;

export const CALL = 0;
export const REPLY = 1;
export const ERROR = 2;
export const NOTE = 3;
export const CANCEL = 4;
export const DATA = 5;
export const END = 6;
export const FAIL = 7;
export const CREDIT = 8;
export const STOP = 9;

const PREFIX_BYTES = 8;
const BUFFER_BYTES = 256 * 1024;

/** @param {Uint8Array} bytes @param {number} at */
const readU32 = (bytes, at) =>
  (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;

/** @param {Uint8Array} bytes @param {number} at @param {number} value */
function writeU32(bytes, at, value) {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

/** Collects bytes and calls back with each whole frame. The buffer grows to the largest frame, then shrinks. */
export class FrameReader {
  /** Where the next read goes; see `room()`. @type {Uint8Array<ArrayBuffer>} */
  #buffer = new Uint8Array(BUFFER_BYTES);
  #start = 0;
  #end = 0;

  /** Space for the next read, never empty. */
  room() {
    if (this.#start === this.#end) {
      this.#start = this.#end = 0;
      if (this.#buffer.length > 4 * BUFFER_BYTES) this.#buffer = new Uint8Array(BUFFER_BYTES);
    }
    let need = PREFIX_BYTES;
    if (this.#end - this.#start >= PREFIX_BYTES) {
      need += readU32(this.#buffer, this.#start) + readU32(this.#buffer, this.#start + 4);
    }
    if (this.#start + need > this.#buffer.length || this.#end === this.#buffer.length) {
      const held = TypedArrayPrototypeSubarray(this.#buffer, this.#start, this.#end);
      const target = need > this.#buffer.length ? new Uint8Array(need) : this.#buffer;
      TypedArrayPrototypeSet(target, held, 0);
      this.#buffer = target;
      this.#end -= this.#start;
      this.#start = 0;
    }
    return TypedArrayPrototypeSubarray(this.#buffer, this.#end);
  }

  /**
   * Take `count` bytes that were read into `room()` and hand on every whole frame.
   * The attachments handed on are copies and may be kept.
   * @param {number} count
   * @param {(header: any[], attachments: Uint8Array | null, text: string) => void} onFrame  text of the header
   */
  take(count, onFrame) {
    this.#end += count;
    const buffer = this.#buffer;
    while (this.#end - this.#start >= PREFIX_BYTES) {
      const headerSize = readU32(buffer, this.#start);
      const attachmentsSize = readU32(buffer, this.#start + 4);
      const header = this.#start + PREFIX_BYTES;
      const end = header + headerSize + attachmentsSize;
      if (end > this.#end) return;
      const text = decodeText(TypedArrayPrototypeSubarray(buffer, header, header + headerSize));
      const attachments = attachmentsSize === 0
        ? null
        : TypedArrayPrototypeSlice(buffer, header + headerSize, end);
      this.#start = end;
      onFrame(JSONParse(text), attachments, text);
    }
  }
}

/** Collects frames to be written and gives them as few large writes. */
export class FrameWriter {
  #buffer = new Uint8Array(64 * 1024);
  #used = 0;
  /** @type {(bytes: Uint8Array) => void} */
  #write;

  /** @param {(bytes: Uint8Array) => void} write blocks until all bytes are taken */
  constructor(write) {
    this.#write = write;
  }

  get pending() {
    return this.#used > 0;
  }

  /** @param {string} header JSON text @param {Uint8Array[]} attachments */
  add(header, attachments) {
    // UTF-8 takes at most three bytes for a UTF-16 unit.
    const most = PREFIX_BYTES + header.length * 3;
    if (this.#used + most > this.#buffer.length) {
      this.flush();
      if (most > this.#buffer.length) this.#buffer = new Uint8Array(most);
    }
    const start = this.#used;
    const target = TypedArrayPrototypeSubarray(this.#buffer, start + PREFIX_BYTES);
    const { written } = encodeTextInto(header, target);
    let size = 0;
    for (let i = 0; i < attachments.length; i++) size += getTypedArrayByteLength(attachments[i]);
    writeU32(this.#buffer, start, written);
    writeU32(this.#buffer, start + 4, size);
    this.#used = start + PREFIX_BYTES + written;
    for (let i = 0; i < attachments.length; i++) this.#append(attachments[i]);
  }

  /** @param {Uint8Array} bytes */
  #append(bytes) {
    const size = getTypedArrayByteLength(bytes);
    if (this.#used + size > this.#buffer.length) {
      this.flush();
      if (size > this.#buffer.length) {
        this.#write(bytes);
        return;
      }
    }
    TypedArrayPrototypeSet(this.#buffer, bytes, this.#used);
    this.#used += size;
  }

  /** Write what is collected. */
  flush() {
    if (this.#used === 0) return;
    const bytes = TypedArrayPrototypeSubarray(this.#buffer, 0, this.#used);
    this.#used = 0;
    this.#write(bytes);
    if (this.#buffer.length > 1024 * 1024) this.#buffer = new Uint8Array(64 * 1024);
  }
}

/** @param {Uint8Array | null} data @param {number[] | undefined} sizes */
export function splitAttachments(data, sizes) {
  /** @type {Uint8Array[]} */
  const parts = [];
  if (sizes === undefined) return parts;
  const bytes = data ?? new Uint8Array(0); // attachments may be empty, all of them
  let offset = 0;
  for (let i = 0; i < sizes.length; i++) {
    push(parts, TypedArrayPrototypeSubarray(bytes, offset, offset + sizes[i]));
    offset += sizes[i];
  }
  return parts;
}
