// What a program says when it turns a request into a WebSocket.
// @ts-check

import { StringPrototypeSplit, StringPrototypeTrim, web } from "../../guest/primordials.js";
import { encodeValue } from "../../wire/encoding.js";

const HEADERS_LIMIT = 64 * 1024;
const { RangeError, TypeError } = globalThis;

/**
 * The options of `server.upgrade()`, checked.
 * @param {Request} request @param {{ data?: any, headers?: any, protocol?: any } | undefined} options
 */
export function describeUpgrade(request, options) {
  const headers = /** @type {[string, string][]} */ ([...new web.Headers(options?.headers)]);
  let size = 0;
  for (const [name, value] of headers) size += name.length + value.length + 32;
  if (size > HEADERS_LIMIT) throw new RangeError("upgrade(): the headers are too large");
  return { data: options?.data, headers, protocol: offeredProtocol(request, options?.protocol) };
}

/**
 * A subprotocol can only be one that the client offers (RFC 6455, 4.2.2).
 * @param {Request} request @param {unknown} wanted
 */
function offeredProtocol(request, wanted) {
  if (wanted === undefined || wanted === null) return null;
  const offered = request.headers.get("sec-websocket-protocol") ?? "";
  for (const each of StringPrototypeSplit(offered, ",")) {
    if (StringPrototypeTrim(each) === `${wanted}`) return `${wanted}`;
  }
  return null;
}

/**
 * Wire form of an upgrade's data; undefined when there is none, or only the program can hold it.
 * @param {any} data @param {Uint8Array[]} attachments
 */
export function encodeUpgradeData(data, attachments) {
  if (data === undefined) return undefined;
  try {
    return encodeValue(data, attachments, plainDataOnly);
  } catch {
    attachments.length = 0;
    return undefined;
  }
}

/** Functions, streams and the like do not leave with the data of an upgrade: who would release them? */
const plainDataOnly = {
  exportReference: refuse,
  openStream: refuse,
  ownProxy: () => undefined,
};

/** @returns {never} */
function refuse() {
  throw new TypeError("not plain data");
}
