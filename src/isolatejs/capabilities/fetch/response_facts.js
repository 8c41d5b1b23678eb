// Responses as fetch makes them. A constructed Response has no url and is of type "default"; those that came from
// the network have both, so the engine's getters are asked only for the others.
// @ts-check

import {
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor,
  SafeWeakMap,
  web,
} from "../../guest/primordials.js";

const { Response } = web;
const prototype = Response.prototype;

/** @typedef {{url: string, redirected: boolean, type: string}} Facts */

/** @type {WeakMap<any, any>} */
const facts = new SafeWeakMap();

/** @param {any} body @param {import("./guest.js").ResponseHead} head */
export function createResponse(body, head) {
  const { status, statusText, headers, url, redirected } = head;
  const response = new Response(body, { status, statusText, headers });
  facts.set(response, { __proto__: null, url, redirected, type: "basic" });
  return response;
}

/** @type {any} */
const engine = {
  url: ObjectGetOwnPropertyDescriptor(prototype, "url"),
  redirected: ObjectGetOwnPropertyDescriptor(prototype, "redirected"),
  type: ObjectGetOwnPropertyDescriptor(prototype, "type"),
  clone: prototype.clone,
};

/** @type {any} */
const ours = {
  get url() {
    return facts.get(this)?.url ?? engine.url.get.call(this);
  },
  get redirected() {
    return facts.get(this)?.redirected ?? engine.redirected.get.call(this);
  },
  get type() {
    return facts.get(this)?.type ?? engine.type.get.call(this);
  },
  clone() {
    const copy = engine.clone.call(this);
    const known = facts.get(this);
    if (known !== undefined) facts.set(copy, known);
    return copy;
  },
};

for (const name of ["url", "redirected", "type", "clone"]) {
  const { get, value } = /** @type {any} */ (ObjectGetOwnPropertyDescriptor(ours, name));
  const descriptor = /** @type {any} */ (ObjectGetOwnPropertyDescriptor(prototype, name));
  if (get !== undefined) descriptor.get = get;
  else descriptor.value = value;
  ObjectDefineProperty(prototype, name, descriptor);
}
