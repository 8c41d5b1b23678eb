// The program's side of an app server: `serve()`, requests and their answers.
// @ts-check

import {
  ObjectDefineProperty,
  ObjectFreeze,
  ObjectSetPrototypeOf,
  PromisePrototypeThen,
  PromiseResolve,
  ReflectApply,
  SafeMap,
  StringPrototypeSlice,
  SymbolToStringTag,
  web,
} from "../../guest/primordials.js";
import { Connections } from "./connections.js";
import { makeRequest, OpenRequest, openRequestOf } from "./request.js";
import { describeUpgrade, encodeUpgradeData } from "./upgrade.js";
import { describeResponse, discardResponse, isResponse, takeBody } from "./response.js";

const INLINE_BYTES = 256 * 1024;
const REPORT_LIMIT = 10_000;

/** @typedef {import("../../guest/kernel.js").Kernel} Kernel */
/** @typedef {{ fetch: any, error?: any, websocket?: any }} Handlers */

/** @param {Kernel} kernel */
export function install(kernel) {
  const program = new ServingProgram(kernel);
  kernel.defineGlobal("serve", function serve(/** @type {any} */ options) {
    program.register(options);
    return program.server;
  });
  kernel.channel.handle("serve", {
    loadEntry: (/** @type {any} */ message) => program.load(bare(message)),
    handleRequest: (/** @type {any} */ message, /** @type {any} */ frame) =>
      program.handle(bare(message), frame),
    requestEnded: (/** @type {any} */ message) =>
      program.ended(message.request, bare(message).aborted === true),
    openConnection: (/** @type {any} */ message) => program.connections.opened(message.request),
    deliverMessage: (/** @type {any} */ message, /** @type {any} */ frame) =>
      program.connections.received(message.request, bare(message).text ?? null, frame.attachments[0]),
    closeConnection: (/** @type {any} */ message) =>
      program.connections.closed(message.request, message.code, bare(message).reason ?? ""),
    failConnection: (/** @type {any} */ { request, message: text, ...rest }) => {
      const { name } = bare(rest);
      const error = new Error(text);
      if (name !== undefined) error.name = name;
      return program.connections.failed(request, error);
    },
    messagesTaken: (/** @type {any} */ { request, size }) => program.connections.taken(request, size),
  });
}

class ServingProgram {
  #kernel;
  /** @type {Handlers | null} */ #handlers = null;
  /** Requests that are not over. @type {Map<number, OpenRequest>} */ #open = new SafeMap();

  /** @param {Kernel} kernel */
  constructor(kernel) {
    this.#kernel = kernel;
    this.connections = new Connections(
      kernel,
      () => this.#handlers?.websocket ?? {},
      (open, error) => this.#report(open, error, true),
      (open) => this.#over(open),
    );
    this.server = this.#makeServer();
  }

  /** @param {any} options */
  register(options) {
    if (options === null || (typeof options !== "object" && typeof options !== "function")) {
      throw new TypeError("serve(options): options must be an object with a fetch function");
    }
    if (typeof options.fetch !== "function") {
      throw new TypeError("serve(options): options.fetch must be a function");
    }
    for (const name of ["open", "message", "close", "error", "drain"]) {
      const handler = options.websocket?.[name];
      if (handler !== undefined && handler !== null && typeof handler !== "function") {
        throw new TypeError(`serve(options): options.websocket.${name} must be a function`);
      }
    }
    this.#handlers = options;
  }

  /** @param {{ entry?: string, code?: string, filename: string }} message */
  async load({ entry, code, filename }) {
    const linker = await this.#kernel.linker();
    const namespace = entry === undefined
      ? (await linker.evaluateModule(/** @type {string} */ (code), filename)).namespace
      : await linker.importModule(entry, filename);
    if (this.#handlers === null && typeof namespace?.default?.fetch === "function") {
      this.register(namespace.default);
    }
    if (this.#handlers === null) {
      throw new Error(
        `No serve() handler registered: ${
          entry ?? filename
        } must call serve({ fetch(request) { ... } }) while it loads`,
      );
    }
    return null;
  }

  // --- requests ------------------------------------------------------------------------------------
  /** @param {any} message @param {any} frame */
  handle(message, frame) {
    const open = new OpenRequest(message.request, message.upgradable !== false);
    this.#open.set(open.number, open);
    const handlers = /** @type {Handlers} */ (this.#handlers);
    /** @type {any} */
    let result;
    let isLater;
    try {
      const body = message.body === undefined
        ? null
        : this.#kernel.channel.receiveBody(message.body, frame) ?? null;
      const request = makeRequest(message, body, open);
      const context = new RequestContext(this, open);
      result = this.#kernel.runInScope(
        open.number,
        () => ReflectApply(handlers.fetch, handlers, [request, this.server, context]),
      );
      isLater = isThenable(result);
    } catch (error) {
      return this.#recover(open, error);
    }
    if (!isLater) return this.#answer(open, result);
    return PromisePrototypeThen(
      PromiseResolve(result),
      (/** @type {any} */ response) => this.#answer(open, response),
      (/** @type {any} */ error) => this.#recover(open, error),
    );
  }

  /** @param {OpenRequest} open @param {any} response */
  #answer(open, response) {
    if (open.upgrade !== null) {
      discardResponse(response);
      return this.#upgrade(open);
    }
    if (!isResponse(response)) {
      const given = response === undefined ? "nothing" : typeof response;
      return this.#recover(open, new TypeError(`fetch() must return a Response, not ${given}`));
    }
    try {
      return this.#respond(open, response);
    } catch (error) {
      return this.#recover(open, error);
    }
  }

  /** @param {OpenRequest} open @param {Response} response */
  #respond(open, response) {
    if (open.aborted) {
      discardResponse(response);
      open.answered = true;
      this.#settle(open);
      return this.#kernel.channel.reply({}, []);
    }
    /** @type {any} */
    const head = describeResponse(response);
    if (head.status === 0) throw new TypeError("fetch() returned Response.error()");
    const { bytes, stream, length } = takeBody(response);
    /** @type {Uint8Array[]} */
    const attachments = [];
    const { channel } = this.#kernel;
    open.wanted = false;
    if (bytes !== null && bytes.length <= INLINE_BYTES) {
      head.body = channel.sendBody(bytes, attachments);
    } else if (bytes !== null || stream !== null) {
      const source = stream ?? streamOf(/** @type {Uint8Array} */ (bytes));
      head.body = this.#kernel.runInScope(open.number, () => channel.sendBody(source, attachments));
      const known = bytes === null ? length : bytes.length;
      if (known !== null) head.bodyLength = known;
      open.wanted = true;
    }
    open.answered = true;
    if (open.wanted || open.pending > 0) head.open = true;
    else this.#open.delete(open.number);
    return channel.reply(head, attachments);
  }

  /** @param {OpenRequest} open */
  #upgrade(open) {
    open.answered = true;
    if (open.aborted) {
      this.#settle(open);
      return this.#kernel.channel.reply({}, []);
    }
    this.connections.add(open);
    const { data, headers, protocol } = /** @type {NonNullable<OpenRequest["upgrade"]>} */ (open.upgrade);
    /** @type {Uint8Array[]} */
    const attachments = [];
    /** @type {any} */
    const head = { __proto__: null, upgraded: true, headers, protocol, open: true };
    head.data = encodeUpgradeData(data, attachments);
    return this.#kernel.channel.reply(head, attachments);
  }

  /** Answer with what the program's error handler says, else with a plain 500. @param {OpenRequest} open @param {any} error */
  #recover(open, error) {
    if (open.aborted) return this.#respond(open, plainFailure());
    const handlers = /** @type {Handlers} */ (this.#handlers);
    if (typeof handlers.error !== "function") {
      this.#report(open, error, true);
      return this.#respond(open, plainFailure());
    }
    this.#report(open, error, false);
    const give = (/** @type {any} */ response) => {
      if (!isResponse(response)) throw new TypeError("error() must return a Response");
      return this.#respond(open, response);
    };
    const giveUp = (/** @type {any} */ second) => {
      this.#report(open, second, true);
      return this.#respond(open, plainFailure());
    };
    try {
      const response = this.#kernel.runInScope(
        open.number,
        () => ReflectApply(handlers.error, handlers, [error]),
      );
      if (!isThenable(response)) return give(response);
      return PromisePrototypeThen(PromisePrototypeThen(PromiseResolve(response), give), undefined, giveUp);
    } catch (second) {
      return giveUp(second);
    }
  }

  /** The host is through with a request. @param {number} number @param {boolean} aborted */
  ended(number, aborted) {
    const open = this.#open.get(number);
    if (open === undefined) {
      // Its answer crossed with this; the host waits to hear that nothing is left.
      this.#kernel.channel.note("serve.requestFinished", { request: number });
      return;
    }
    open.wanted = false;
    if (aborted) this.#kernel.runInScope(number, () => open.abort());
    this.#settle(open);
  }

  /** A WebSocket is over. @param {OpenRequest} open */
  #over(open) {
    open.wanted = false;
    this.#settle(open);
  }

  /** Forget a request when nothing is left to do for it. @param {OpenRequest} open */
  #settle(open) {
    if (open.wanted && !open.aborted) return;
    if (!open.answered || open.pending > 0 || !this.#open.delete(open.number)) return;
    this.#kernel.channel.note("serve.requestFinished", { request: open.number });
  }

  /** @param {OpenRequest} open @param {any} promise */
  waitUntil(open, promise) {
    open.pending += 1;
    const settle = () => {
      open.pending -= 1;
      if (open.answered) this.#settle(open);
    };
    PromisePrototypeThen(PromiseResolve(promise), settle, (/** @type {any} */ error) => {
      this.#report(open, error, true);
      settle();
    });
  }

  /** Tell the embedder of an error, and where nothing handled it, the console too. @param {OpenRequest} open @param {any} error @param {boolean} unhandled */
  #report(open, error, unhandled) {
    this.#kernel.runInScope(open.number, () => {
      const message = StringPrototypeSlice(printable(error), 0, REPORT_LIMIT).toWellFormed();
      const recovered = unhandled ? undefined : true;
      this.#kernel.channel.note("serve.handlerFailed", { message, request: open.number, recovered });
      try {
        if (unhandled) globalThis.console?.error?.(error);
      } catch {
        // The program's own console, or a getter of its error, threw; the host has been told.
      }
    });
  }

  // --- what programs call ----------------------------------------------------------------------------
  #makeServer() {
    const program = this;
    const server = {
      /** Turn a request into a WebSocket. @param {any} request @param {any} [options] */
      upgrade(request, options = {}) {
        const open = openRequestOf(request);
        if (open === undefined) {
          throw new TypeError("upgrade(request): request must be the one that fetch() was given");
        }
        if (open.answered || open.upgrade !== null || !open.upgradable || open.aborted) return false;
        open.upgrade = describeUpgrade(request, options);
        return true;
      },
      /** Keep the request open until the promise has settled. @param {any} promise */
      waitUntil(promise) {
        const open = program.#open.get(program.#kernel.currentScope());
        if (open === undefined) throw new TypeError("waitUntil(promise): there is no request under way here");
        program.waitUntil(open, promise);
      },
      get pendingRequests() {
        return program.#open.size - program.connections.size;
      },
      get pendingWebSockets() {
        return program.connections.size;
      },
    };
    ObjectDefineProperty(server, SymbolToStringTag, { value: "Server" });
    return ObjectFreeze(server);
  }
}

/** The third argument of fetch(), as in Workers. */
class RequestContext {
  #program;
  #open;

  /** @param {ServingProgram} program @param {OpenRequest} open */
  constructor(program, open) {
    this.#program = program;
    this.#open = open;
    this.waitUntil = (/** @type {any} */ promise) => this.#program.waitUntil(this.#open, promise);
  }

  passThroughOnException() {}
}

/** A large body in pieces, so that other messages pass between them. @param {Uint8Array} bytes */
function streamOf(bytes) {
  return new web.ReadableStream({
    pull(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  }, { highWaterMark: 0 });
}

const plainFailure = () =>
  new web.Response("Internal Server Error", /** @type {any} */ ({ __proto__: null, status: 500 }));

/** A message whose absent fields are not looked for on the program's Object.prototype. @param {any} message */
const bare = (message) => ObjectSetPrototypeOf(message, null);

/** @param {any} value */
const isThenable = (value) =>
  value instanceof Promise ||
  (value !== null && typeof value === "object" && !isResponse(value) && typeof value.then === "function");

/** An error as the embedder's log shows it. @param {any} error */
function printable(error) {
  try {
    return error instanceof Error ? `${error.stack || error}` : `${error}`;
  } catch {
    return "an error that cannot be read";
  }
}

const { Error, Promise, TypeError } = globalThis;
