// WebSocket (WHATWG WebSockets standard). The host speaks to the server under the fetch policy; each message
// crosses as one call, whose answer is the back-pressure.
// @ts-check

import {
  DOMException,
  encodeText,
  getTypedArrayByteLength,
  ObjectDefineProperty,
  SafeMap,
  URL,
} from "../../guest/primordials.js";
import { defineEventHandlers } from "./event_handlers.js";

const { ArrayBuffer, Blob, CloseEvent, ErrorEvent, Event, EventTarget, MessageEvent, Uint8Array } =
  globalThis;
const CONNECTING = 0, OPEN = 1, CLOSING = 2, CLOSED = 3;
const STATES = /** @type {const} */ ({ CONNECTING, OPEN, CLOSING, CLOSED });
const PROTOCOL = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const REASON_LIMIT_BYTES = 123;

/** @param {import("../../channel/channel.js").Channel} channel */
export function createWebSocket(channel) {
  /** @type {Map<number, WebSocket>} */
  const sockets = new SafeMap();
  let lastId = 0;
  /** @type {(socket: WebSocket, data: any) => Promise<void>} */
  let deliver;
  /** @type {(socket: WebSocket, code: number, reason: string) => void} */
  let end;

  class WebSocket extends EventTarget {
    static {
      deliver = (socket, data) => socket.#received(data);
      end = (socket, code, reason) => socket.#closed(code, reason);
    }

    #id = ++lastId;
    #url;
    #protocol = "";
    #extensions = "";
    #state = /** @type {number} */ (CONNECTING);
    /** @type {BinaryType} */ #binaryType = "blob";
    #bufferedAmount = 0;
    /** Done when everything that was sent before is on its way to the host. @type {Promise<void> | null} */
    #sending = null;
    #opened;
    /** @type {any} */ #failure;

    /** @param {string | URL} url @param {string | string[]} [protocols] */
    constructor(url, protocols = []) {
      super();
      this.#url = parseUrl(url);
      const wanted = checkProtocols(typeof protocols === "string" ? [protocols] : [...protocols]);
      sockets.set(this.#id, this);
      this.#opened = this.#open(wanted);
    }

    get url() {
      return this.#url;
    }
    get protocol() {
      return this.#protocol;
    }
    get extensions() {
      return this.#extensions;
    }
    get readyState() {
      return this.#state;
    }
    get bufferedAmount() {
      return this.#bufferedAmount;
    }
    get binaryType() {
      return this.#binaryType;
    }
    set binaryType(value) {
      if (value === "blob" || value === "arraybuffer") this.#binaryType = value;
    }

    /** @param {string | ArrayBufferLike | ArrayBufferView | Blob} data */
    send(data) {
      if (this.#state === CONNECTING) {
        throw new DOMException("the WebSocket is not open yet", "InvalidStateError");
      }
      if (data instanceof Blob) {
        this.#bufferedAmount += data.size;
        if (this.#state !== OPEN) return;
        this.#enqueue(async () => this.#sendBytes(new Uint8Array(await data.arrayBuffer())));
        return;
      }
      const isBinary = data instanceof ArrayBuffer || ArrayBuffer.isView(data);
      const text = isBinary ? "" : `${data}`.toWellFormed();
      const bytes = isBinary ? copyBytes(data) : null;
      this.#bufferedAmount += bytes === null
        ? getTypedArrayByteLength(encodeText(text))
        : getTypedArrayByteLength(bytes);
      if (this.#state !== OPEN) return;
      this.#enqueue(() => bytes === null ? this.#sendText(text) : this.#sendBytes(bytes));
    }

    /** @param {number} [code] @param {string} [reason] */
    close(code = undefined, reason = "") {
      if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999)) {
        throw new DOMException(`close code ${code} is not 1000 or 3000 to 4999`, "InvalidAccessError");
      }
      if (getTypedArrayByteLength(encodeText(`${reason}`)) > REASON_LIMIT_BYTES) {
        throw new DOMException(`the close reason is longer than ${REASON_LIMIT_BYTES} bytes`, "SyntaxError");
      }
      if (this.#state === CLOSING || this.#state === CLOSED) return;
      const wasOpen = this.#state === OPEN;
      this.#state = CLOSING;
      const ask = () => {
        if (this.#state === CLOSED) return;
        channel.call("fetch.closeWebSocket", { socket: this.#id, code: code ?? 1000, reason: `${reason}` })
          .catch((error) => this.#fail(error));
      };
      if (wasOpen) this.#enqueue(ask);
      else this.#opened.then(ask);
    }

    /** @param {string[]} protocols */
    async #open(protocols) {
      try {
        const frame = await channel.call("fetch.openWebSocket", {
          socket: this.#id,
          url: this.#url,
          protocols,
        });
        if (this.#state !== CONNECTING) return;
        this.#state = OPEN;
        this.#protocol = frame.value.protocol;
        this.#extensions = frame.value.extensions;
        this.dispatchEvent(new Event("open"));
      } catch (error) {
        this.#fail(error);
      }
    }

    /** Keep the order of messages, also when a Blob has to be read first. @param {() => void | Promise<void>} step */
    #enqueue(step) {
      const before = this.#sending;
      const reading = before === null ? step() : before.then(step);
      if (reading === undefined) return;
      const mine = reading.then(() => {
        if (this.#sending === mine) this.#sending = null;
      }, (error) => this.#fail(error));
      this.#sending = mine;
    }

    /** @param {any} error */
    #fail(error) {
      this.#failure = error;
      this.#closed(1006, "");
    }

    /** @param {string} text */
    #sendText(text) {
      const size = getTypedArrayByteLength(encodeText(text));
      this.#count(size, channel.call("fetch.sendWebSocketMessage", { socket: this.#id, text }));
    }

    /** @param {Uint8Array} bytes */
    #sendBytes(bytes) {
      const sent = channel.call("fetch.sendWebSocketMessage", { socket: this.#id }, { attachments: [bytes] });
      this.#count(getTypedArrayByteLength(bytes), sent);
    }

    /** @param {number} size @param {Promise<any>} sent */
    #count(size, sent) {
      sent.then(() => this.#bufferedAmount -= size, (error) => this.#fail(error));
    }

    /** @param {string | Uint8Array<ArrayBuffer>} data */
    async #received(data) {
      await this.#opened;
      if (this.#state !== OPEN) return;
      this.dispatchEvent(
        new MessageEvent("message", { data: this.#asData(data), origin: new URL(this.#url).origin }),
      );
    }

    /** @param {number} code @param {string} reason */
    #closed(code, reason) {
      if (this.#state === CLOSED) return;
      this.#state = CLOSED;
      sockets.delete(this.#id);
      const wasClean = code !== 1006;
      if (!wasClean) {
        const message = this.#failure === undefined
          ? "the WebSocket connection was lost"
          : this.#failure.message;
        this.dispatchEvent(new ErrorEvent("error", { message, error: this.#failure }));
      }
      this.dispatchEvent(new CloseEvent("close", { code, reason, wasClean }));
    }

    /** @param {string | Uint8Array<ArrayBuffer>} data */
    #asData(data) {
      if (typeof data === "string") return data;
      return this.#binaryType === "blob" ? new Blob([data]) : copyBytes(data).buffer;
    }
  }

  channel.handle("fetch", {
    /** @param {{socket: number, text?: string}} message @param {{attachments: Uint8Array<ArrayBuffer>[]}} frame */
    async deliverWebSocketMessage({ socket, text }, { attachments }) {
      const target = sockets.get(socket);
      if (target !== undefined) await deliver(target, text ?? attachments[0]);
    },
    /** @param {{socket: number, code: number, reason: string}} message */
    webSocketClosed({ socket, code, reason }) {
      const target = sockets.get(socket);
      if (target !== undefined) end(target, code, reason);
    },
  });
  for (const name of /** @type {const} */ (["CONNECTING", "OPEN", "CLOSING", "CLOSED"])) {
    ObjectDefineProperty(WebSocket, name, { value: STATES[name], enumerable: true });
    ObjectDefineProperty(WebSocket.prototype, name, { value: STATES[name], enumerable: true });
  }
  defineEventHandlers(WebSocket.prototype, ["open", "message", "error", "close"]);
  return WebSocket;
}

/** @param {string | URL} url @returns {string} */
function parseUrl(url) {
  let parsed;
  try {
    parsed = new URL(url);
  } catch {
    throw new DOMException(`Invalid WebSocket URL: '${url}'`, "SyntaxError");
  }
  if (parsed.protocol === "http:") parsed.protocol = "ws:";
  if (parsed.protocol === "https:") parsed.protocol = "wss:";
  if (parsed.protocol !== "ws:" && parsed.protocol !== "wss:") {
    throw new DOMException(`a WebSocket URL starts with ws: or wss:, not ${parsed.protocol}`, "SyntaxError");
  }
  if (parsed.hash !== "" || parsed.href.endsWith("#")) {
    throw new DOMException("a WebSocket URL has no fragment", "SyntaxError");
  }
  return parsed.href;
}

/** @param {string[]} protocols */
function checkProtocols(protocols) {
  const seen = new Set();
  for (const protocol of protocols) {
    if (!PROTOCOL.test(protocol) || seen.has(protocol.toLowerCase())) {
      throw new DOMException(`the subprotocol '${protocol}' is not valid or given twice`, "SyntaxError");
    }
    seen.add(protocol.toLowerCase());
  }
  return protocols;
}

/** @param {any} data an ArrayBuffer or a view @returns {Uint8Array<ArrayBuffer>} */
function copyBytes(data) {
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()
    : new Uint8Array(data).slice();
}
