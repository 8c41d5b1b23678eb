// Makes the Request that a program's handler gets.
// @ts-check

import {
  AbortController,
  ObjectGetOwnPropertyDescriptor,
  SafeWeakMap,
  uncurryThis,
  web,
} from "../../guest/primordials.js";

const Request = web.Request;
const headersOf = uncurryThis(
  /** @type {any} */ (ObjectGetOwnPropertyDescriptor(Request.prototype, "headers")).get,
);
const appendHeader = uncurryThis(web.Headers.prototype.append);
const abortController = uncurryThis(AbortController.prototype.abort);
const signalOf = uncurryThis(
  /** @type {any} */ (ObjectGetOwnPropertyDescriptor(AbortController.prototype, "signal")).get,
);

/**
 * Where the engine keeps a Request's signal. Put there, ours is the request's own; given to the constructor,
 * it costs a second signal that follows it, several microseconds of each request.
 */
const signalSlot = Object.getOwnPropertySymbols(new Request("http://localhost/")).find(
  (symbol) => symbol.description === "signalCache",
);

/** Which request of the host a Request object is. @type {WeakMap<Request, OpenRequest>} */
const openRequests = /** @type {any} */ (new SafeWeakMap());

/** One request from its arrival until nothing is left to do for it. */
export class OpenRequest {
  #controller = new AbortController();
  signal = signalOf(this.#controller);
  aborted = false;
  /** How many promises waitUntil() still waits for. */
  pending = 0;
  /** Whether the host still reads the response, or waits for it. */
  wanted = true;
  /** Whether the handler has been answered for. */
  answered = false;
  /** What upgrade() was given. @type {{ data: any, headers: [string, string][], protocol: string | null } | null} */
  upgrade = null;

  /** @param {number} number @param {boolean} upgradable */
  constructor(number, upgradable) {
    this.number = number;
    this.upgradable = upgradable;
  }

  abort() {
    this.aborted = true;
    abortController(this.#controller);
  }
}

/**
 * @param {{ method: string, url: string, headers: [string, string][] }} message
 * @param {ReadableStream | Uint8Array | null} body @param {OpenRequest} open
 */
export function makeRequest({ method, url, headers }, body, open) {
  /** @type {any} */
  const init = { __proto__: null, method };
  if (body !== null) {
    init.body = body;
    init.duplex = "half";
  }
  if (signalSlot === undefined) init.signal = open.signal;
  const request = new Request(url, init);
  if (signalSlot !== undefined) /** @type {any} */ (request)[signalSlot] = open.signal;
  const own = headersOf(request);
  for (let i = 0; i < headers.length; i++) appendHeader(own, headers[i][0], headers[i][1]);
  openRequests.set(request, open);
  return request;
}

/** @param {any} request */
export function openRequestOf(request) {
  return openRequests.get(request);
}
