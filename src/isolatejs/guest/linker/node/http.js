// @ts-check
// `node:http` and `node:https` clients over the granted `fetch`: enough for the client libraries that still
// use them. There are no sockets: a request is sent as a whole when it is ended, its answer is streamed.

import { engine } from "../engine.js";

const { AbortController, URL: NativeURL } = globalThis;

/** Headers that fetch sets itself. */
const OWN_HEADERS = ["connection", "content-length", "host", "keep-alive", "transfer-encoding", "expect"];

/**
 * @param {"http:" | "https:"} protocol
 * @returns {any}
 */
export function createHttp(protocol) {
  const { builtin } = engine();
  const { METHODS, STATUS_CODES, validateHeaderName, validateHeaderValue } = builtin("node:http");
  const { Readable, Writable } = builtin("node:stream");
  const EventEmitter = builtin("node:events");

  class Agent extends EventEmitter {
    /** @param {any} [options] */
    constructor(options = {}) {
      super();
      this.options = { ...options };
      this.protocol = protocol;
      this.defaultPort = protocol === "https:" ? 443 : 80;
      this.maxSockets = options.maxSockets ?? Infinity;
      this.maxFreeSockets = options.maxFreeSockets ?? 256;
      this.keepAlive = options.keepAlive ?? false;
      this.sockets = {};
      this.freeSockets = {};
      this.requests = {};
    }
    destroy() {}
  }

  class IncomingMessage extends Readable {
    /** @param {Response} response */
    constructor(response) {
      super();
      this.httpVersion = "1.1";
      this.httpVersionMajor = 1;
      this.httpVersionMinor = 1;
      this.statusCode = response.status;
      this.statusMessage = response.statusText || (STATUS_CODES[response.status] ?? "");
      this.url = "";
      this.headers = headersOf(response);
      this.rawHeaders = Object.entries(this.headers).flatMap(([name, value]) =>
        [value].flat().flatMap((one) => [name, one])
      );
      this.trailers = {};
      this.rawTrailers = /** @type {string[]} */ ([]);
      this.complete = false;
      this.aborted = false;
      this.socket = new EventEmitter();
      this.connection = this.socket;
      this.reader = response.body?.getReader() ?? null;
    }

    async _read() {
      try {
        const { done, value } = this.reader === null ? { done: true } : await this.reader.read();
        if (done) this.complete = true;
        this.push(done ? null : builtin("node:buffer").Buffer.from(value));
      } catch (error) {
        this.destroy(error);
      }
    }

    /**
     * @param {Error | null} error
     * @param {(error: Error | null) => void} callback
     */
    _destroy(error, callback) {
      if (!this.complete) this.reader?.cancel(error).catch(() => {}); // it is gone either way
      callback(error);
    }

    setTimeout() {
      return this;
    }
  }

  class ClientRequest extends Writable {
    /**
     * @param {any} options
     * @param {((response: any) => void) | undefined} callback
     */
    constructor(options, callback) {
      super({ autoDestroy: false });
      this.method = (options.method ?? "GET").toUpperCase();
      this.protocol = options.protocol ?? protocol;
      this.host = options.hostname ?? options.host ?? "localhost";
      this.path = options.path ?? "/";
      this.port = options.port;
      this.agent = options.agent;
      this.aborted = false;
      this.finished = false;
      this.reusedSocket = false;
      this.socket = /** @type {any} */ (null);
      this.chunks = /** @type {Uint8Array[]} */ ([]);
      this.controller = new AbortController();
      this.fields = /** @type {Map<string, [string, any]>} */ (new Map());
      for (const name of Object.keys(options.headers ?? {})) this.setHeader(name, options.headers[name]);
      if (options.auth && !this.hasHeader("authorization")) {
        this.setHeader("Authorization", `Basic ${btoa(options.auth)}`);
      }
      if (callback !== undefined) this.once("response", callback);
      if (options.timeout) this.setTimeout(options.timeout);
      if (options.signal) {
        if (options.signal.aborted) this.destroy(options.signal.reason);
        else {options.signal.addEventListener("abort", () => this.destroy(options.signal.reason), {
            once: true,
          });}
      }
    }

    /** @param {string} name @param {any} value */
    setHeader(name, value) {
      validateHeaderName(name);
      for (const one of [value].flat()) validateHeaderValue(name, one);
      this.fields.set(name.toLowerCase(), [name, value]);
      return this;
    }
    /** @param {string} name */
    getHeader(name) {
      return this.fields.get(name.toLowerCase())?.[1];
    }
    getHeaders() {
      return Object.fromEntries([...this.fields].map(([name, [, value]]) => [name, value]));
    }
    getHeaderNames() {
      return [...this.fields.keys()];
    }
    getRawHeaderNames() {
      return [...this.fields.values()].map(([name]) => name);
    }
    /** @param {string} name */
    hasHeader(name) {
      return this.fields.has(name.toLowerCase());
    }
    /** @param {string} name */
    removeHeader(name) {
      this.fields.delete(name.toLowerCase());
    }
    flushHeaders() {}
    setNoDelay() {}
    setSocketKeepAlive() {}

    /** @param {number} milliseconds @param {() => void} [callback] */
    setTimeout(milliseconds, callback) {
      if (callback !== undefined) this.once("timeout", callback);
      clearTimeout(this.timer);
      if (milliseconds > 0) this.timer = setTimeout(() => this.emit("timeout"), milliseconds);
      return this;
    }

    abort() {
      this.aborted = true;
      this.destroy();
    }

    /**
     * @param {any} chunk
     * @param {any} encoding
     * @param {(error?: Error) => void} callback
     */
    _write(chunk, encoding, callback) {
      this.chunks.push(
        typeof chunk === "string" ? builtin("node:buffer").Buffer.from(chunk, encoding) : chunk,
      );
      callback();
    }

    /** @param {(error?: Error) => void} callback */
    _final(callback) {
      this.finished = true;
      this.send();
      callback();
    }

    /**
     * @param {Error | null} error
     * @param {(error: Error | null) => void} callback
     */
    _destroy(error, callback) {
      clearTimeout(this.timer);
      this.destroyedBeforeAnswer = this.res === undefined;
      this.controller.abort(error ?? undefined);
      callback(error ?? (this.destroyedBeforeAnswer ? hangUp() : null));
    }

    async send() {
      const headers = new Headers();
      for (const [name, [, value]] of this.fields) {
        if (OWN_HEADERS.includes(name)) continue;
        for (const one of [value].flat()) headers.append(name, `${one}`);
      }
      const hasBody = this.chunks.length > 0 && this.method !== "GET" && this.method !== "HEAD";
      try {
        if (typeof globalThis.fetch !== "function") {
          throw Object.assign(new Error(`${protocol.slice(0, -1)}: this runtime was not granted fetch`), {
            code: "ERR_ACCESS_DENIED",
          });
        }
        const response = await globalThis.fetch(this.address(), {
          method: this.method,
          headers,
          body: hasBody ? new Blob(/** @type {any} */ (this.chunks)) : undefined,
          redirect: "manual",
          signal: this.controller.signal,
        });
        clearTimeout(this.timer);
        const message = new IncomingMessage(response);
        message.req = this;
        this.res = message;
        if (!this.emit("response", message)) message.resume();
      } catch (error) {
        if (!this.destroyed) this.destroy(error);
      }
    }

    address() {
      const host = this.host.includes(":") && !this.host.startsWith("[") ? `[${this.host}]` : this.host;
      const port = this.port === undefined || this.port === null || this.port === "" ? "" : `:${this.port}`;
      return `${this.protocol}//${host}${host.includes("]:") || /:\d+$/.test(host) ? "" : port}${this.path}`;
    }
  }

  /**
   * @param {any} target  URL, text or options
   * @param {any} [options]
   * @param {any} [callback]
   */
  function request(target, options, callback) {
    if (typeof options === "function") {
      callback = options;
      options = undefined;
    }
    const isAddress = typeof target === "string" || target instanceof NativeURL;
    const given = isAddress ? { ...fromUrl(new NativeURL(target)), ...options } : { ...target, ...options };
    if (given.protocol !== undefined && given.protocol !== protocol) {
      throw Object.assign(
        new TypeError(`Protocol "${given.protocol}" not supported. Expected "${protocol}"`),
        {
          code: "ERR_INVALID_PROTOCOL",
        },
      );
    }
    return new ClientRequest(given, callback);
  }

  /**
   * @param {any} target
   * @param {any} [options]
   * @param {any} [callback]
   */
  function get(target, options, callback) {
    const sent = request(target, options, callback);
    sent.end();
    return sent;
  }

  const serverless = (/** @type {string} */ name) => () => {
    throw Object.assign(new Error(`${protocol.slice(0, -1)}.${name}() is not available in this sandbox`), {
      code: "ERR_ACCESS_DENIED",
    });
  };
  return {
    METHODS,
    STATUS_CODES,
    Agent,
    ClientRequest,
    IncomingMessage,
    OutgoingMessage: Writable,
    Server: class Server {
      constructor() {
        serverless("createServer")();
      }
    },
    ServerResponse: class ServerResponse extends Writable {},
    createServer: serverless("createServer"),
    globalAgent: new Agent({ keepAlive: true }),
    maxHeaderSize: 16384,
    request,
    get,
    validateHeaderName,
    validateHeaderValue,
  };
}

/** @param {URL} url */
function fromUrl(url) {
  return {
    protocol: url.protocol,
    hostname: url.hostname,
    port: url.port,
    path: `${url.pathname}${url.search}`,
    auth: url.username === ""
      ? undefined
      : `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`,
  };
}

/**
 * Headers as Node shows them: in lower case, joined, cookies as a list.
 * @param {Response} response
 */
function headersOf(response) {
  /** @type {Record<string, any>} */
  const headers = Object.create(null);
  for (const [name, value] of response.headers) if (name !== "set-cookie") headers[name] = value;
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) headers["set-cookie"] = cookies;
  return { ...headers };
}

function hangUp() {
  return Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
}
