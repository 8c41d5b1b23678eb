// Takes a program's Response apart. Bodies that are known as a whole are taken as they are; the engine keeps
// them in a slot that only symbols of its own reach. Without that slot every body is read as a stream.
// @ts-check

import { ArrayIsArray, encodeText, uncurryThis, web } from "../../guest/primordials.js";

const { Object, TypeError } = globalThis;

/** @typedef {{ bytes: Uint8Array | null, stream: ReadableStream | null, length: number | null }} TakenBody */

/** @param {any} prototype @param {string | symbol} name */
const getter = (prototype, name) =>
  uncurryThis(/** @type {any} */ (Object.getOwnPropertyDescriptor(prototype, name)).get);

const { entries } = web.Headers.prototype;
const entriesOf = uncurryThis(entries);
const Response = web.Response;
const statusOf = getter(Response.prototype, "status");
const statusTextOf = getter(Response.prototype, "statusText");
const headersOf = getter(Response.prototype, "headers");
const bodyOf = getter(Response.prototype, "body");
const bodyUsedOf = getter(Response.prototype, "bodyUsed");
const innerBodyOf = innerBodyGetter();
const headerListOf = headerListGetter();

/** The engine's getter of a Response's inner body, or null where there is none of the expected kind. */
function innerBodyGetter() {
  const symbol = Object.getOwnPropertySymbols(Response.prototype).find((each) => each.description === "body");
  const get = symbol && Object.getOwnPropertyDescriptor(Response.prototype, symbol)?.get;
  if (get === undefined) return null;
  const inner = uncurryThis(get);
  const held = inner(new Response("x"))?.streamOrStatic;
  return held?.body === "x" && held.consumed === false ? inner : null;
}

/**
 * The engine's own list of a Headers object, or null where it keeps none of the expected kind. Iteration sorts
 * the whole list again at each step: 30 µs for ten headers, seconds for thousands.
 * @returns {((headers: any) => [string, string][] | null) | null}
 */
function headerListGetter() {
  const headers = new Response("x", { headers: [["A", "b"], ["c", "d"]] }).headers;
  const find = (/** @type {string} */ name) =>
    Object.getOwnPropertySymbols(headers).find((each) => each.description === name);
  const list = find("header list");
  const later = find("header list getter");
  if (list === undefined || later === undefined) return null;
  const read = (/** @type {any} */ from) =>
    from[later] === null && ArrayIsArray(from[list]) ? from[list] : null;
  const [first, second] = read(headers) ?? [];
  return first?.[0] === "A" && first[1] === "b" && second?.[1] === "d" ? read : null;
}

/** @param {any} value */
export function isResponse(value) {
  return value instanceof Response;
}

/** Status and headers, without the body. @param {Response} response */
export function describeResponse(response) {
  /** @type {[string, string][]} */
  const headers = [];
  const given = headersOf(response);
  const list = headerListOf === null ? null : headerListOf(given);
  if (list !== null) {
    for (let i = 0; i < list.length; i++) headers[i] = [list[i][0], list[i][1]];
  } else {
    const iterator = entriesOf(given);
    for (let step = iterator.next(); !step.done; step = iterator.next()) headers[headers.length] = step.value;
  }
  return { __proto__: null, status: statusOf(response), statusText: statusTextOf(response), headers };
}

/** @type {TakenBody} */
const NOTHING = { bytes: null, stream: null, length: null };

/**
 * Takes the body, which the program can then no longer read.
 * @param {Response} response @returns {TakenBody}
 */
export function takeBody(response) {
  /** @type {number | null} */
  let length = null;
  if (innerBodyOf !== null) {
    const inner = innerBodyOf(response);
    if (inner === null) return NOTHING;
    const held = inner.streamOrStatic;
    if (held.consumed === false) {
      held.consumed = true;
      const bytes = typeof held.body === "string" ? encodeText(held.body) : held.body;
      return { bytes, stream: null, length: null };
    }
    length = inner.length;
  }
  const stream = bodyOf(response);
  if (stream === null) return NOTHING;
  if (bodyUsedOf(response) || stream.locked) {
    throw new TypeError("the Response was used already: give each request a Response of its own");
  }
  return { bytes: null, stream, length };
}

/** Frees a response that nobody will read. @param {any} response */
export function discardResponse(response) {
  if (!isResponse(response)) return;
  const stream = bodyOf(response);
  if (stream === null || stream.locked) return;
  stream.cancel().catch(() => {});
}
