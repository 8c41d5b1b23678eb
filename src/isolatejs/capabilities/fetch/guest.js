// Guest half of fetch: the standard's `fetch` on the engine's own Request and Response, `EventSource` on top of
// it, and `WebSocket` where the host grants it. The host makes every connection; only `data:` and `blob:` URLs,
// which need none, are answered here.
// @ts-check

import { retrace } from "../../guest/errors.js";
import {
  ObjectDefineProperty,
  RegExpPrototypeExec,
  StringPrototypeIndexOf,
  StringPrototypeSlice,
  web,
} from "../../guest/primordials.js";
import { engineFetch } from "./absent.js";
import { fromBytes, snapshotBody, takeRequestBody } from "./request_body.js";
import { ResponseBodies } from "./response_body.js";
import { createResponse } from "./response_facts.js";
import { createEventSource } from "./event_source.js";
import { createWebSocket } from "./web_socket.js";

const { Request, Headers } = web;
const NULL_BODY_STATUSES = new Set([101, 103, 204, 205, 304]);
const hasNullBody = NULL_BODY_STATUSES.has.bind(NULL_BODY_STATUSES);
const CREDENTIALS = /^https?:\/\/[^/]*@/;
const entriesOf = Headers.prototype.entries;

/**
 * @typedef {object} Grant
 * @property {boolean} webSocket
 * @typedef {object} ResponseHead  see contract.py
 * @property {number} status
 * @property {string} statusText
 * @property {[string, string][]} headers
 * @property {string} url
 * @property {boolean} redirected
 * @property {{a?: number, s?: number} | null} body
 */

/** @param {import("../../guest/kernel.js").Kernel} kernel @param {Grant} grant */
export function install(kernel, grant) {
  const bodies = new ResponseBodies(kernel.channel);

  /** @param {RequestInfo | URL} input @param {RequestInit} [init] */
  const fetch = async (input, init = undefined) => {
    const whole = snapshotBody(init);
    const request = new Request(input, whole === null ? init : whole.init);
    // Nobody else can abort the request's own signal: listen only to one that the program gave.
    const signal = init?.signal || input instanceof Request ? request.signal : null;
    if (signal?.aborted) throw signal.reason;
    if (RegExpPrototypeExec(CREDENTIALS, request.url) !== null) {
      throw new TypeError("fetch failed: the URL holds a user name or password");
    }
    const scheme = StringPrototypeSlice(request.url, 0, StringPrototypeIndexOf(request.url, ":"));
    if (scheme === "data" || scheme === "blob") return await engineFetch(request);
    if (scheme !== "http" && scheme !== "https") {
      throw new TypeError(`fetch failed: URL scheme "${scheme}" is not supported`);
    }
    const body = whole === null ? await takeRequestBody(request, init?.body) : fromBytes(whole.bytes);
    let frame;
    try {
      frame = await send(kernel.channel, request, body, signal);
    } catch (error) {
      throw retrace(error);
    }
    /** @type {ResponseHead} */
    const head = frame.value;
    const received = bodies.receive(head.body, frame, signal);
    return createResponse(hasNullBody(head.status) ? null : received, head);
  };
  ObjectDefineProperty(fetch, "length", { value: 1, configurable: true });
  kernel.defineGlobal("fetch", fetch);
  kernel.defineGlobal("EventSource", createEventSource(fetch));
  if (grant.webSocket) kernel.defineGlobal("WebSocket", createWebSocket(kernel.channel));
}

/**
 * @param {import("../../channel/channel.js").Channel} channel @param {Request} request
 * @param {import("./request_body.js").OutgoingBody | null} body @param {AbortSignal | null} signal
 */
function send(channel, request, body, signal) {
  /** @type {any} */
  const payload = { url: request.url, method: request.method, headers: [...entriesOf.call(request.headers)] };
  if (request.redirect !== "follow") payload.redirect = request.redirect;
  if (request.credentials !== undefined) payload.credentials = request.credentials;
  if (request.mode !== undefined) payload.mode = request.mode;
  if (request.cache !== undefined) payload.cache = request.cache;
  /** @type {Uint8Array[]} */
  const attachments = [];
  if (body !== null) {
    payload.body = channel.sendBody(body.content, attachments);
    if (body.length !== undefined) payload.bodyLength = body.length;
  }
  return channel.call("fetch.sendRequest", payload, { attachments, signal });
}
