// The guest end of the channel: calls both ways, notes, cancellation. The host is honest; nothing is validated.
// @ts-check

import {
  AbortController,
  DOMException,
  encodeText,
  getTypedArrayByteLength,
  map,
  ObjectDefineProperty,
  PromisePrototypeThen,
  PromiseWithResolvers,
  queueMicrotask,
  SafeMap,
  StringPrototypeIncludes,
  StringPrototypeStartsWith,
  TypedArrayPrototypeSubarray,
} from "../guest/primordials.js";
import { core } from "../guest/engine.js";
import { decodeValue } from "../wire/decoding.js";
import { BlobNeedsReading, encodeValue, encodeValueAsync } from "../wire/encoding.js";
import {
  CALL,
  CANCEL,
  DATA,
  ERROR,
  FrameReader,
  FrameWriter,
  NOTE,
  REPLY,
  splitAttachments,
} from "../wire/framing.js";
import { stringify } from "../wire/json.js";
import { References } from "./references.js";
import { Streams } from "./streams.js";

const { Error, Object, Promise, RangeError, TypeError, Uint8Array } = globalThis;

/** What the host takes in one frame; see limits.py. */
const ATTACHMENTS_LIMIT_BYTES = 128 * 1024 * 1024;
const ATTACHMENTS_LIMIT_COUNT = 65_536;
const HEADER_LIMIT_BYTES = 32 * 1024 * 1024;

/** An answer with attachments. */
export class Reply {
  /** @param {any} value JSON @param {Uint8Array[]} attachments */
  constructor(value, attachments) {
    this.value = value;
    this.attachments = attachments;
  }
}
// A promise that resolves with a Reply looks for `then`: not as far as the program's Object.prototype.
ObjectDefineProperty(Reply.prototype, "then", { value: undefined });

/** What came with a call, note or answer: its JSON, its bytes, and how to decode values in it. */
class Frame {
  #importer;

  /** @param {any} value @param {Uint8Array[]} attachments @param {any} importer @param {AbortSignal | undefined} signal */
  constructor(value, attachments, importer, signal) {
    this.value = value;
    this.attachments = attachments;
    this.#importer = importer;
    this.signal = signal;
  }

  /** @param {any} encoded */
  decode(encoded) {
    return decodeValue(encoded, this.attachments, this.#importer);
  }
}

/**
 * @typedef {object} Options
 * @property {Uint8Array[]} [attachments]
 * @property {AbortSignal | null} [signal]  aborting it cancels the call on the host
 */

export class Channel {
  #writer;
  #reader = new FrameReader();
  #flushing = false;
  #parked = false;
  #next = -1;
  #source;
  #errors;
  #scope;
  #inScope;
  /** @type {Map<number, {resolve: (frame: any) => void, reject: (error: any) => void, context: unknown}>} */
  #calls = new SafeMap();
  /** @type {Map<string, (payload: any, frame: Frame) => any>} */ #handlers = new SafeMap();
  /** @type {Map<number, AbortController | null>} */ #running = new SafeMap();
  /** Frames that wait until the kernel has booted. @type {[any[], Uint8Array | null, any][] | null} */ #held =
    [];
  /** @type {(() => {readSync: (bytes: Uint8Array) => number | null}) | undefined} */ #openSync;

  /**
   * @param {object} io
   * @param {{read: (room: Uint8Array) => Promise<number | null>}} io.source
   * @param {{writeSync: (bytes: Uint8Array) => number}} io.sink
   * @param {(() => {readSync: (bytes: Uint8Array) => number | null}) | undefined} io.openSync  opens the FIFO of
   *   synchronous replies, where there is one
   * @param {{describe: (error: any, attachments?: Uint8Array[]) => any, revive: (encoded: any, decode: any) => any}} errors
   * @param {{current: () => number, run: (id: number, fn: () => any) => any}} scope  of requests: on whose behalf the
   *   program runs now (0 for nobody's), and how to run something on behalf of one
   */
  constructor({ source, sink, openSync }, errors, scope) {
    this.#source = source;
    this.#errors = errors;
    this.#scope = () => scope.current();
    this.#inScope = scope.run.bind(scope);
    this.#openSync = openSync;
    this.#writer = new FrameWriter((bytes) => {
      let rest = bytes;
      while (getTypedArrayByteLength(rest) > 0) {
        rest = TypedArrayPrototypeSubarray(rest, sink.writeSync(rest));
      }
    });
    const send = (/** @type {any[]} */ header, /** @type {Uint8Array[]} */ attachments) =>
      this.#send(header, attachments);
    this.streams = new Streams(send, errors.describe);
    this.references = new References(this);
    this.exporter = {
      exportReference: (/** @type {string} */ kind, /** @type {any} */ target) =>
        this.references.export(kind, target),
      openStream: (/** @type {ReadableStream} */ stream, /** @type {object} */ message) =>
        this.streams.open(stream, message),
      ownProxy: (/** @type {object} */ target) => this.references.ownProxy(target),
    };
    this.importer = {
      importReference: (
        /** @type {string} */ kind,
        /** @type {number} */ reference,
        /** @type {number} */ serial,
        /** @type {any} */ detail,
      ) => this.references.import(kind, reference, serial, detail),
      bringHome: (/** @type {number} */ reference) => this.references.bringHome(reference),
      acceptStream: (/** @type {number} */ id) => this.streams.accept(id),
    };
  }

  /** Whether the guest waits for an answer of the host, or for bytes. */
  get isWaiting() {
    return this.#calls.size > 0 || this.streams.isWaiting;
  }

  // --- sending -------------------------------------------------------------------------------------
  /**
   * Ask the host for something.
   * @param {string} name @param {any} payload @param {Options} [options] @returns {Promise<Frame>}
   */
  call(name, payload, options) {
    const signal = options?.signal;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const { promise, resolve, reject } = PromiseWithResolvers();
    this.#next += 2;
    const id = this.#next;
    try {
      this.#sendCall(id, name, payload, options?.attachments, 0);
    } catch (error) {
      return Promise.reject(error);
    }
    const context = core.getAsyncContext();
    if (!signal) {
      this.#calls.set(id, { resolve, reject, context });
      return promise;
    }
    const onAbort = () => {
      if (!this.#calls.delete(id)) return;
      this.#send([CANCEL, id], []);
      reject(signal.reason);
    };
    const settle = (/** @type {any} */ done) => (/** @type {any} */ value) => {
      signal.removeEventListener("abort", onAbort);
      done(value);
    };
    signal.addEventListener("abort", onAbort);
    this.#calls.set(id, { resolve: settle(resolve), reject: settle(reject), context });
    return promise;
  }

  /** The async context of a call that is still open, as far as it has one. @param {number | undefined} id */
  contextOf(id) {
    return id === undefined ? undefined : this.#calls.get(id)?.context;
  }

  /**
   * Ask the host for something and block until it answers. Only for APIs that are synchronous by nature.
   * Throws a NotSupportedError on a system without FIFOs.
   * @param {string} name @param {any} payload @param {{attachments?: Uint8Array[]}} [options] @returns {Frame}
   */
  callSync(name, payload, options) {
    if (this.#openSync === undefined) {
      throw new DOMException(
        "synchronous calls to the host need a FIFO, which its system does not have; use the asynchronous form",
        "NotSupportedError",
      );
    }
    this.#next += 2;
    const id = this.#next;
    this.#sendCall(id, name, payload, options?.attachments, 1);
    this.#writer.flush();
    return this.#readSync(id);
  }

  /** @type {{readSync: (bytes: Uint8Array) => number | null} | undefined} */ #replies;
  #syncReader = new FrameReader();

  /** @param {number} id */
  #readSync(id) {
    this.#replies ??= /** @type {any} */ (this.#openSync)();
    /** @type {any} */
    let answer;
    while (answer === undefined) {
      const count = /** @type {any} */ (this.#replies).readSync(this.#syncReader.room());
      if (count === null || count === 0) throw new Error("the host is gone");
      this.#syncReader.take(count, (header, data) => {
        if (header[1] === id) answer = [header, data];
      });
    }
    const { 0: header, 1: data } = answer;
    const frame = new Frame(header[2], splitAttachments(data, header[3]), this.importer, undefined);
    if (header[0] === ERROR) throw this.#errors.revive(header[2], (/** @type {any} */ e) => frame.decode(e));
    return frame;
  }

  /** @param {string} name @param {any} payload @param {Options} [options] */
  note(name, payload, options) {
    const attachments = options?.attachments ?? [];
    this.#send([NOTE, name, payload, sizes(attachments), this.#scope()], attachments);
  }

  /** @param {number} id @param {string} name @param {any} payload @param {Uint8Array[] | undefined} attachments @param {number} sync */
  #sendCall(id, name, payload, attachments, sync) {
    const scope = this.#scope();
    if (attachments !== undefined && attachments.length > 0) {
      this.#send([CALL, id, name, payload, sizes(attachments), scope, sync], attachments);
    } else if (scope !== 0 || sync !== 0) {
      this.#send([CALL, id, name, payload, [], scope, sync], []);
    } else {
      this.#send([CALL, id, name, payload], []);
    }
  }

  /** @param {any[]} header @param {Uint8Array[]} attachments */
  #send(header, attachments) {
    if (this.#parked && header[0] !== REPLY && header[0] !== ERROR) {
      if (header[0] === CALL) throw new DOMException("the session was put aside by its host", "AbortError");
      return;
    }
    const text = stringify(header);
    checkSize(text, attachments);
    this.#writer.add(text, attachments);
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(this.#flush);
  }

  #flush = () => {
    this.#flushing = false;
    this.#writer.flush();
  };

  /** Write everything that is collected now. */
  flush() {
    this.#writer.flush();
  }

  // --- values and bodies ---------------------------------------------------------------------------
  /** @param {any} value @param {Uint8Array[]} attachments */
  encode(value, attachments) {
    return encodeValue(value, attachments, this.exporter);
  }

  /**
   * Like encode; undefined when only encodeAsync can do it.
   * @param {any} value @param {Uint8Array[]} attachments @param {string} [root] what it is called in errors
   */
  tryEncode(value, attachments, root) {
    try {
      return encodeValue(value, attachments, this.exporter, root);
    } catch (error) {
      if (!(error instanceof BlobNeedsReading)) throw error;
      attachments.length = 0;
      return undefined;
    }
  }

  /** Like encode, for values that may hold Blobs. @param {any} value @param {Uint8Array[]} attachments */
  encodeAsync(value, attachments, root = "value") {
    return encodeValueAsync(value, attachments, this.exporter, root);
  }

  /** An answer that is JSON with attachments. @param {any} value @param {Uint8Array[]} attachments */
  reply(value, attachments) {
    return new Reply(value, attachments);
  }

  /** An answer that is one arbitrary value. @param {any} value */
  replyWith(value) {
    /** @type {Uint8Array[]} */
    const attachments = [];
    const encoded = encodeValueAsync(value, attachments, this.exporter);
    return PromisePrototypeThen(encoded, (/** @type {any} */ done) => new Reply(done, attachments));
  }

  /** @param {number} id */
  acceptStream(id) {
    return this.streams.accept(id);
  }

  /** Wire form of a body. @param {ReadableStream | Uint8Array | string | null | undefined} body @param {Uint8Array[]} attachments */
  sendBody(body, attachments) {
    if (body === null || body === undefined) return null;
    if (typeof body === "string") body = encodeText(body);
    if (body instanceof Uint8Array) {
      attachments[attachments.length] = body;
      return { a: attachments.length - 1 };
    }
    return { s: this.streams.open(/** @type {ReadableStream} */ (body), attachments) };
  }

  /** @param {{a?: number, s?: number} | null | undefined} body @param {{attachments: Uint8Array[]}} frame */
  receiveBody(body, frame) {
    if (body === null || body === undefined) return null;
    return body.s !== undefined
      ? this.streams.accept(body.s)
      : frame.attachments[/** @type {number} */ (body.a)];
  }

  // --- receiving -----------------------------------------------------------------------------------
  /** Answer the host's messages of one capability. @param {string} capability @param {Record<string, any>} handlers */
  handle(capability, handlers) {
    for (const name of Object.keys(handlers)) this.#handlers.set(`${capability}.${name}`, handlers[name]);
  }

  /** Read until the host closes. */
  async run() {
    const onFrame = (
      /** @type {any[]} */ header,
      /** @type {Uint8Array | null} */ data,
      /** @type {string} */ text,
    ) => this.#arrive(header, data, text);
    while (true) {
      const count = await this.#source.read(this.#reader.room());
      if (count === null) return;
      this.#reader.take(count, onFrame);
    }
  }

  /** Until this is called, only `boot.*` messages are delivered. */
  release() {
    const held = this.#held;
    this.#held = null;
    this.#parked = false;
    for (let i = 0; held !== null && i < held.length; i++) this.#receive(held[i][0], held[i][1], held[i][2]);
  }

  /** The host goes away for now: what is open with it fails, what is sent is dropped until `release()`. */
  park() {
    const gone = () => new DOMException("the session was put aside by its host", "AbortError");
    this.#calls.forEach((call) => call.reject(gone()));
    this.#calls.clear();
    this.#running.forEach((controller) => controller?.abort(gone()));
    this.#running.clear();
    this.streams.park(gone);
    this.references.park();
    this.#parked = true;
    this.#held = [];
  }

  /** @param {any[]} header @param {Uint8Array | null} data @param {string} text of the header */
  #arrive(header, data, text) {
    const importer = StringPrototypeIncludes(text, '["L",')
      ? this.references.arriving(text, this.importer)
      : this.importer;
    if (this.#held !== null && (header[0] === CALL || header[0] === NOTE)) {
      const name = header[0] === CALL ? header[2] : header[1];
      if (!StringPrototypeStartsWith(name, "boot.")) {
        this.#held[this.#held.length] = [header, data, importer];
        return;
      }
    }
    this.#receive(header, data, importer);
  }

  /** @param {any[]} header @param {Uint8Array | null} data @param {any} importer for the values in it */
  #receive(header, data, importer) {
    switch (header[0]) {
      case CALL:
        this.#receiveCall(
          header[1],
          header[2],
          header[3],
          splitAttachments(data, header[4]),
          importer,
          header[5],
        );
        return;
      case REPLY: {
        const call = this.#calls.get(header[1]);
        this.#calls.delete(header[1]);
        call?.resolve(new Frame(header[2], splitAttachments(data, header[3]), importer, undefined));
        return;
      }
      case ERROR: {
        const call = this.#calls.get(header[1]);
        this.#calls.delete(header[1]);
        if (call === undefined) return;
        const frame = new Frame(header[2], splitAttachments(data, header[3]), importer, undefined);
        call.reject(this.#errors.revive(header[2], (/** @type {any} */ encoded) => frame.decode(encoded)));
        return;
      }
      case NOTE: {
        const handler = this.#handlers.get(header[1]);
        const frame = new Frame(header[2], splitAttachments(data, header[3]), importer, undefined);
        if (handler !== undefined) handler(header[2], frame);
        return;
      }
      case CANCEL:
        this.#running.get(header[1])?.abort();
        return;
      default:
        if (header[0] >= DATA) {
          this.streams.receive(header, data, (encoded) => this.#errors.revive(encoded, undefined));
        }
    }
  }

  /** @param {number} id @param {string} name @param {any} payload @param {Uint8Array[]} attachments @param {any} importer @param {number | undefined} scope */
  #receiveCall(id, name, payload, attachments, importer, scope) {
    const controller = new AbortController();
    const frame = new Frame(payload, attachments, importer, controller.signal);
    this.#running.set(id, controller);
    /** @type {any} */
    let result;
    try {
      const handler = this.#handlers.get(name);
      if (handler === undefined) throw new TypeError(`${name} is not there`);
      result = scope === undefined || scope === 0
        ? handler(payload, frame)
        : this.#inScope(scope, () => handler(payload, frame));
    } catch (error) {
      this.#fail(id, error);
      return;
    }
    if (result instanceof Promise) {
      PromisePrototypeThen(
        result,
        (/** @type {any} */ value) => this.#answer(id, value),
        (/** @type {any} */ error) => this.#fail(id, error),
      );
    } else {
      this.#answer(id, result);
    }
  }

  /** @param {number} id @param {any} result */
  #answer(id, result) {
    this.#running.delete(id);
    if (result instanceof Reply) {
      const attached = result.attachments;
      if (attached.length > 0) this.#reply(id, [REPLY, id, result.value, sizes(attached)], attached);
      else this.#reply(id, [REPLY, id, result.value], []);
    } else {
      this.#reply(id, [REPLY, id, result ?? null], []);
    }
  }

  /** @param {number} id @param {any[]} header @param {Uint8Array[]} attachments */
  #reply(id, header, attachments) {
    try {
      this.#send(header, attachments);
    } catch (error) {
      this.#fail(id, error); // too large
    }
  }

  /** @param {number} id @param {any} error */
  #fail(id, error) {
    this.#running.delete(id);
    /** @type {Uint8Array[]} */
    const attachments = [];
    const described = this.#errors.describe(error, attachments);
    try {
      if (attachments.length === 0) this.#send([ERROR, id, described], []);
      else this.#send([ERROR, id, described, sizes(attachments)], attachments);
    } catch {
      this.#send([ERROR, id, { name: described.name, message: described.message }], []); // its fields are too large
    }
  }
}

/** The host ends a runtime that sends more than it takes; a program gets an error first. @param {string} header @param {Uint8Array[]} attachments */
function checkSize(header, attachments) {
  // UTF-8 takes one to three bytes for a UTF-16 unit.
  if (header.length * 3 > HEADER_LIMIT_BYTES) {
    const size = getTypedArrayByteLength(encodeText(header));
    if (size > HEADER_LIMIT_BYTES) throw tooLarge(`${size} bytes of JSON`, HEADER_LIMIT_BYTES);
  }
  if (attachments.length === 0) return;
  if (attachments.length > ATTACHMENTS_LIMIT_COUNT) {
    throw tooLarge(`${attachments.length} pieces of bytes`, ATTACHMENTS_LIMIT_COUNT);
  }
  let size = 0;
  for (let i = 0; i < attachments.length; i++) size += getTypedArrayByteLength(attachments[i]);
  if (size > ATTACHMENTS_LIMIT_BYTES) throw tooLarge(`${size} bytes`, ATTACHMENTS_LIMIT_BYTES);
}

/** @param {string} what @param {number} limit */
const tooLarge = (what, limit) =>
  new RangeError(`a value of ${what} is too large to send (limit ${limit}); stream it`);

/** @param {Uint8Array[]} attachments */
function sizes(attachments) {
  return map(attachments, getTypedArrayByteLength);
}
