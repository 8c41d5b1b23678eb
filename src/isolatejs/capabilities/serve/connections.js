// WebSockets that clients opened to this server, as the program sees them.
// @ts-check

import {
  ArrayBufferIsView,
  Blob,
  DOMException,
  encodeText,
  getTypedArrayByteLength,
  isArrayBuffer,
  ObjectDefineProperty,
  PromisePrototypeThen,
  push,
  ReflectApply,
  SafeMap,
  shift,
  SymbolToStringTag,
  TypedArrayPrototypeSlice,
} from "../../guest/primordials.js";

const { ArrayBuffer, Promise, Uint8Array } = globalThis;

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

const MESSAGE_COST = 64;
const WINDOW = 1024 * 1024;
/** What may wait in the sandbox for a client that does not read. */
const BUFFER_LIMIT_BYTES = 16 * 1024 * 1024;
/** Handlers of one connection that may be under way before the host has to wait. */
const BUSY_HANDLERS = 64;
const REASON_LIMIT_BYTES = 123;

/** @typedef {import("../../guest/kernel.js").Kernel} Kernel */
/** @typedef {import("./request.js").OpenRequest} OpenRequest */
/** @typedef {{ open?: any, message?: any, close?: any, error?: any, drain?: any }} Handlers */
/** @typedef {{ text: string | null, bytes: Uint8Array | null, size: number }} Outgoing */

/** One connection: the program's object for it, its credit and what waits for credit. */
class Connection {
  state = CONNECTING;
  credit = WINDOW;
  /** In order; a promise stands for a Blob that is being read. @type {(Outgoing | Promise<void>)[]} */
  waiting = [];
  buffered = 0;
  busy = 0;
  /** @type {(() => void)[]} */
  whenCalmer = [];
  /** @type {{ code: number, reason: string } | null} */
  closing = null;

  /** @param {OpenRequest} open @param {Kernel["channel"]} channel */
  constructor(open, channel) {
    this.open = open;
    this.channel = channel;
    this.socket = new ServerWebSocket(this, open.upgrade?.data);
  }

  /** @param {Outgoing} message */
  send(message) {
    if (this.waiting.length === 0 && this.credit > 0) {
      this.#post(message);
      return;
    }
    push(this.waiting, message);
    this.buffered += message.size;
    if (this.buffered > BUFFER_LIMIT_BYTES) this.close(1013, "the client does not read");
  }

  /** @param {Outgoing} message */
  #post({ text, bytes, size }) {
    this.credit -= MESSAGE_COST + size;
    const request = this.open.number;
    if (text !== null) this.channel.note("serve.messageSent", { request, text });
    else this.channel.note("serve.messageSent", { request }, { attachments: [/** @type {any} */ (bytes)] });
  }

  /** Send what waits, as far as the credit goes; then what was to be closed is closed. */
  flush() {
    while (this.waiting.length > 0 && this.credit > 0) {
      const next = this.waiting[0];
      if (!("size" in next)) return;
      shift(this.waiting);
      this.buffered -= next.size;
      this.#post(next);
    }
    if (this.waiting.length === 0 && this.closing !== null) {
      const { code, reason } = this.closing;
      this.closing = null;
      this.channel.note("serve.connectionClosed", { request: this.open.number, code, reason });
      this.onClosed?.(code, reason);
    }
  }

  /** Set by the table: what to do when the program has closed it. @type {((code: number, reason: string) => void) | undefined} */
  onClosed;

  /** @param {any} blob */
  sendBlob(blob) {
    /** @type {Promise<void>} */
    const reading = PromisePrototypeThen(blob.arrayBuffer(), (/** @type {ArrayBuffer} */ buffer) => {
      const at = this.waiting.indexOf(reading);
      if (at < 0) return;
      const bytes = new Uint8Array(buffer);
      this.waiting[at] = { text: null, bytes, size: bytes.length };
      this.buffered += bytes.length;
      this.flush();
    });
    push(this.waiting, reading);
  }

  /** @param {number} code @param {string} reason */
  close(code, reason) {
    if (this.state >= CLOSING) return;
    this.state = CLOSING;
    this.closing = { code, reason };
    if (code === 1013) {
      this.waiting = [];
      this.buffered = 0;
    }
    this.flush();
  }
}

/** What handlers get. */
class ServerWebSocket {
  #connection;
  data;
  binaryType = "arraybuffer";

  /** @param {Connection} connection @param {any} data */
  constructor(connection, data) {
    this.#connection = connection;
    this.data = data;
  }

  get readyState() {
    return this.#connection.state;
  }

  /** Bytes that wait for the client to read. */
  get bufferedAmount() {
    return this.#connection.buffered;
  }

  get protocol() {
    return this.#connection.open.upgrade?.protocol ?? "";
  }

  /** @param {any} message string, ArrayBuffer, view or Blob; sent as it is now */
  send(message) {
    const connection = this.#connection;
    if (connection.state === CONNECTING) {
      throw new DOMException("the WebSocket is not open yet", "InvalidStateError");
    }
    if (connection.state !== OPEN) return;
    if (message instanceof Blob) {
      connection.sendBlob(message);
      return;
    }
    connection.send(outgoing(message));
  }

  /** @param {number} [code] @param {string} [reason] */
  close(code = 1000, reason = "") {
    const number = +code;
    if (
      !(number >= 1000 && number < 5000) || number === 1004 || number === 1005 || number === 1006 ||
      number === 1015
    ) {
      throw new DOMException(`${code} is not a code to close a WebSocket with`, "InvalidAccessError");
    }
    const text = `${reason}`.toWellFormed();
    if (encodeText(text).length > REASON_LIMIT_BYTES) {
      throw new DOMException(`a reason has at most ${REASON_LIMIT_BYTES} bytes`, "SyntaxError");
    }
    this.#connection.close(number, text);
  }

  /** Close without waiting for what is still to be sent. */
  terminate() {
    this.#connection.waiting = [];
    this.#connection.buffered = 0;
    this.#connection.close(1001, "");
  }
}
for (
  const [name, value]
    of /** @type {[string, number][]} */ ([["CONNECTING", 0], ["OPEN", 1], ["CLOSING", 2], ["CLOSED", 3]])
) {
  ObjectDefineProperty(ServerWebSocket.prototype, name, { value });
}
ObjectDefineProperty(ServerWebSocket.prototype, SymbolToStringTag, {
  value: "ServerWebSocket",
  configurable: true,
});

/** @param {any} message @returns {Outgoing} */
function outgoing(message) {
  if (ArrayBufferIsView(message)) {
    const bytes = new Uint8Array(message.buffer, message.byteOffset, message.byteLength);
    return { text: null, bytes: TypedArrayPrototypeSlice(bytes), size: getTypedArrayByteLength(bytes) };
  }
  if (isArrayBuffer(message)) {
    const bytes = new Uint8Array(message.slice(0));
    return { text: null, bytes, size: bytes.length };
  }
  const text = `${message}`.toWellFormed();
  return { text, bytes: null, size: text.length };
}

/** All connections of this server. */
export class Connections {
  /** @type {Map<number, Connection>} */ #open = new SafeMap();
  #kernel;
  #handlers;
  #report;
  #over;

  /**
   * @param {Kernel} kernel @param {() => Handlers} handlers of the program, as they are now
   * @param {(open: OpenRequest, error: any) => void} report @param {(open: OpenRequest) => void} over
   */
  constructor(kernel, handlers, report, over) {
    this.#kernel = kernel;
    this.#handlers = handlers;
    this.#report = report;
    this.#over = over;
  }

  get size() {
    return this.#open.size;
  }

  /** A request has become a WebSocket. @param {OpenRequest} open */
  add(open) {
    const connection = new Connection(open, this.#kernel.channel);
    connection.onClosed = (code, reason) => this.#end(connection, code, reason);
    this.#open.set(open.number, connection);
  }

  /** @param {number} number */
  opened(number) {
    const connection = this.#open.get(number);
    if (connection === undefined || connection.state !== CONNECTING) return null;
    connection.state = OPEN;
    return this.#tell(connection, "open", []);
  }

  /** @param {number} number @param {string | null} text @param {Uint8Array | undefined} bytes */
  received(number, text, bytes) {
    const connection = this.#open.get(number);
    if (connection === undefined || connection.state !== OPEN) return null;
    const message = text ??
      (bytes === undefined ? new ArrayBuffer(0) : TypedArrayPrototypeSlice(bytes).buffer);
    return this.#tell(connection, "message", [message]);
  }

  /** @param {number} number @param {number} code @param {string} reason */
  closed(number, code, reason) {
    const connection = this.#open.get(number);
    return connection === undefined ? null : this.#end(connection, code, reason);
  }

  /** @param {number} number @param {any} error */
  failed(number, error) {
    const connection = this.#open.get(number);
    return connection === undefined ? null : this.#tell(connection, "error", [error]);
  }

  /** Give back credit. @param {number} number @param {number} size */
  taken(number, size) {
    const connection = this.#open.get(number);
    if (connection === undefined) return;
    const waited = connection.waiting.length > 0;
    connection.credit += size;
    connection.flush();
    if (waited && connection.waiting.length === 0 && connection.state === OPEN) {
      this.#tell(connection, "drain", []);
    }
  }

  /** @param {Connection} connection @param {number} code @param {string} reason */
  #end(connection, code, reason) {
    if (!this.#open.delete(connection.open.number)) return null;
    connection.state = CLOSED;
    connection.waiting = [];
    const told = this.#tell(connection, "close", [code, reason]);
    if (told instanceof Promise) told.then(() => this.#over(connection.open));
    else this.#over(connection.open);
    return told;
  }

  /**
   * Call a handler of the program. Gives a promise when the host should wait before it sends more.
   * @param {Connection} connection @param {"open" | "message" | "close" | "error" | "drain"} name @param {any[]} args
   * @returns {Promise<null> | null}
   */
  #tell(connection, name, args) {
    const handlers = this.#handlers();
    const handler = handlers[name];
    if (typeof handler !== "function") return null;
    const { open } = connection;
    /** @type {any} */
    let result;
    try {
      result = this.#kernel.runInScope(
        open.number,
        () => ReflectApply(handler, handlers, [connection.socket, ...args]),
      );
    } catch (error) {
      this.#report(open, error);
      return null;
    }
    if (!(result instanceof Promise)) return null;
    connection.busy += 1;
    const settled = () => {
      connection.busy -= 1;
      shift(connection.whenCalmer)?.();
      return null;
    };
    const done = PromisePrototypeThen(result, settled, (/** @type {any} */ error) => {
      this.#report(open, error);
      return settled();
    });
    if (name !== "message") return done;
    if (connection.busy < BUSY_HANDLERS) return null;
    return new Promise((resolve) => push(connection.whenCalmer, () => resolve(null)));
  }
}
