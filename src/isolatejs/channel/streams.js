// Byte streams over the channel, with credit; the guest's half of streams.py.
// @ts-check

import { core } from "../guest/engine.js";
import {
  getTypedArrayByteLength,
  MathMin,
  PromisePrototypeThen,
  SafeMap,
  TypedArrayPrototypeSet,
  TypedArrayPrototypeSubarray,
  web,
} from "../guest/primordials.js";
import { CREDIT, DATA, END, FAIL, STOP } from "../wire/framing.js";

const { ArrayBuffer, Promise, TypeError, Uint8Array, WeakMap } = globalThis;

const WINDOW_BYTES = 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;
const SMALL_CHUNK_BYTES = 4 * 1024;
/** Room for small chunks that share a frame. */
const GATHERED_BYTES = 16 * 1024;

/** @typedef {(header: any[], attachments: Uint8Array[]) => void} Send */

/** All streams of one channel, both directions. */
export class Streams {
  /** @type {Map<number, {controller: ReadableByteStreamController, unread: number, wanted: boolean}>} */ #readers =
    new SafeMap();
  /** @type {Map<number, Sender>} */ #senders = new SafeMap();
  /** Streams that failed before they were accepted, and what makes their error. @type {Map<number, () => any>} */ #failed =
    new SafeMap();
  /** Streams that were offered, and the message that they go along with. @type {WeakMap<object, {id: number, message: object}>} */
  #offered = new WeakMap();
  #next = -1;
  #send;
  #describe;

  /** @param {Send} send @param {(error: any) => any} describe error to wire form */
  constructor(send, describe) {
    this.#send = send;
    this.#describe = describe;
  }

  get size() {
    return this.#readers.size + this.#senders.size;
  }

  /** Whether the program waits for bytes of the host. */
  get isWaiting() {
    let found = false;
    this.#readers.forEach((reader) => found ||= reader.wanted);
    return found;
  }

  /** The host goes away: every stream breaks. @param {() => any} reason */
  park(reason) {
    this.#readers.forEach((reader) => reader.controller?.error(reason()));
    this.#readers.clear();
    this.#failed.clear();
    this.#senders.forEach((sender) => sender.stop());
    this.#senders.clear();
  }

  /**
   * Offer a stream to the host; nothing is read before it asks. A message that is encoded twice offers it once.
   * @param {ReadableStream<any>} stream @param {object} message  the array of its attachments
   */
  open(stream, message) {
    const known = this.#offered.get(stream);
    if (known?.message === message) return known.id;
    if (known !== undefined) throw new TypeError("a stream that was sent already cannot be sent again");
    this.#next += 2;
    const id = this.#next;
    this.#senders.set(id, new Sender(id, stream, this.#send, this.#describe, () => this.#senders.delete(id)));
    this.#offered.set(stream, { id, message });
    return id;
  }

  /** Read a stream that the host offers. @param {number} id @returns {ReadableStream<Uint8Array>} */
  accept(id) {
    const grant = (/** @type {number} */ size) => this.#send([CREDIT, id, size], []);
    return new web.ReadableStream({
      type: "bytes",
      start: (/** @type {any} */ controller) => {
        const failure = this.#failed.get(id);
        if (failure !== undefined) {
          this.#failed.delete(id);
          controller.error(failure());
          return;
        }
        this.#readers.set(id, { controller, unread: WINDOW_BYTES, wanted: false });
        grant(WINDOW_BYTES);
      },
      pull: () => {
        const reader = this.#readers.get(id);
        if (reader === undefined) return;
        reader.wanted = true;
        if (reader.unread > WINDOW_BYTES / 2) return;
        grant(WINDOW_BYTES - reader.unread);
        reader.unread = WINDOW_BYTES;
      },
      cancel: () => {
        // The entry stays until the host has ended the stream: what is under way is dropped.
        const reader = this.#readers.get(id);
        if (reader === undefined) return;
        /** @type {any} */ (reader).controller = null;
        this.#send([STOP, id], []);
      },
    }, { highWaterMark: 0 });
  }

  /** A stream frame of the host. @param {any[]} header @param {Uint8Array | null} data @param {(e: any) => any} revive */
  receive(header, data, revive) {
    const id = header[1];
    switch (header[0]) {
      case DATA: {
        const reader = this.#readers.get(id);
        if (reader === undefined || data === null) return;
        reader.unread -= data.length;
        reader.wanted = false;
        reader.controller?.enqueue(/** @type {any} */ (data));
        return;
      }
      case END:
        close(this.#take(id));
        return;
      case FAIL:
        if (this.#readers.has(id)) this.#take(id)?.error(revive(header[2]));
        else this.#failed.set(id, () => revive(header[2]));
        return;
      case CREDIT:
        this.#senders.get(id)?.grant(header[2]);
        return;
      case STOP:
        this.#senders.get(id)?.stop();
    }
  }

  /** @param {number} id @returns {any} */
  #take(id) {
    const reader = this.#readers.get(id);
    this.#readers.delete(id);
    return reader?.controller;
  }
}

/** @param {any} controller */
function close(controller) {
  if (!controller) return;
  controller.close();
  controller.byobRequest?.respond(0);
}

class Sender {
  #credit = 0;
  #started = false;
  #stopped = false;
  /** @type {(() => void) | undefined} */ #wake;
  /** @type {any} */ #reader;
  /** A read that was begun ahead. @type {Promise<any> | null} */ #ahead = null;
  /** @type {Uint8Array | undefined} */ #gathered;
  /** A stream's own callbacks run for whoever offered it. */
  #context = core.getAsyncContext();
  #id;
  #stream;
  #send;
  #describe;
  #forget;

  /** @param {number} id @param {ReadableStream<any>} stream @param {Send} send @param {(e: any) => any} describe @param {() => void} forget */
  constructor(id, stream, send, describe, forget) {
    this.#id = id;
    this.#stream = stream;
    this.#send = send;
    this.#describe = describe;
    this.#forget = forget;
    // Locked from now on: the program can no longer read what it has handed over.
    this.#reader = stream.getReader();
  }

  /** @param {number} size */
  grant(size) {
    this.#credit += size;
    this.#wake?.();
    if (!this.#started) {
      this.#started = true;
      this.#inContext(() => this.#pump());
    }
  }

  stop() {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#wake?.();
    this.#inContext(() => this.#reader.cancel().catch(() => {}));
    if (!this.#started) this.#finish([END, this.#id]);
  }

  /** @param {() => void} fn */
  #inContext(fn) {
    const previous = core.getAsyncContext();
    core.setAsyncContext(this.#context);
    try {
      fn();
    } finally {
      core.setAsyncContext(previous);
    }
  }

  async #pump() {
    try {
      while (!this.#stopped) {
        const { done, value } = await this.#read();
        if (done) break;
        let bytes = toBytes(value);
        if (getTypedArrayByteLength(bytes) < SMALL_CHUNK_BYTES) bytes = await this.#gather(bytes);
        while (getTypedArrayByteLength(bytes) > 0 && !this.#stopped) {
          while (this.#credit <= 0 && !this.#stopped) {
            await new Promise((resolve) => this.#wake = /** @type {any} */ (resolve));
          }
          if (this.#stopped) break;
          const size = MathMin(this.#credit, CHUNK_BYTES, getTypedArrayByteLength(bytes));
          this.#credit -= size;
          this.#send([DATA, this.#id], [TypedArrayPrototypeSubarray(bytes, 0, size)]);
          bytes = TypedArrayPrototypeSubarray(bytes, size);
        }
      }
      this.#finish([END, this.#id]);
    } catch (error) {
      this.#finish([FAIL, this.#id, this.#describe(error)]);
    }
  }

  /** @returns {Promise<any>} */
  #read() {
    const ahead = this.#ahead;
    this.#ahead = null;
    return ahead ?? this.#reader.read();
  }

  /**
   * A small chunk and those that wait behind it already, as long as there is credit for them. Valid until the next.
   * @param {Uint8Array} first
   */
  async #gather(first) {
    let size = getTypedArrayByteLength(first);
    let bytes = first;
    while (!this.#stopped && size < this.#credit) {
      const ahead = this.#reader.read();
      this.#ahead = ahead;
      const next = await settledAlready(ahead);
      const more = next === undefined || next.done ? undefined : bytesOf(next.value);
      if (more === undefined) break;
      const end = size + getTypedArrayByteLength(more);
      if (end > GATHERED_BYTES) break;
      this.#ahead = null;
      const room = this.#gathered ??= new Uint8Array(GATHERED_BYTES);
      if (bytes === first) TypedArrayPrototypeSet(room, first, 0);
      TypedArrayPrototypeSet(room, more, size);
      size = end;
      bytes = TypedArrayPrototypeSubarray(room, 0, size);
    }
    return bytes;
  }

  /** @param {any[]} last */
  #finish(last) {
    this.#forget();
    this.#send(last, []);
  }
}

/**
 * What a promise was resolved with before; undefined when it was not.
 * @param {Promise<any>} promise
 */
async function settledAlready(promise) {
  /** @type {any} */
  let found;
  PromisePrototypeThen(promise, (/** @type {any} */ value) => found = value, () => {});
  await null; // its reactions, if there are any now, run before this goes on
  return found;
}

/** @param {any} value @returns {Uint8Array} */
function toBytes(value) {
  const bytes = bytesOf(value);
  if (bytes === undefined) throw new TypeError("a body's stream must give bytes (Uint8Array)");
  return bytes;
}

/** @param {any} value @returns {Uint8Array | undefined} */
function bytesOf(value) {
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return undefined;
}
