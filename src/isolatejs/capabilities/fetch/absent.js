// The `fetch` of a program that was granted none: every call is rejected, and nothing else happens. The engine's
// own is kept here, where it is still to be had, for the granted one to answer `data:` and `blob:` URLs with.
// @ts-check

export const engineFetch = globalThis.fetch;

const PromiseConstructor = Promise;
const { reject } = Promise;

/** @param {import("../../guest/kernel.js").Kernel} kernel */
export function installAbsent(kernel) {
  kernel.defineGlobal("fetch", fetch);
}

/** @param {any} _input */
function fetch(_input) {
  const error = new TypeError("fetch is not available: the host grants no network access (bindings.fetch)");
  return reject.call(PromiseConstructor, error);
}
