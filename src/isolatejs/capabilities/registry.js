// The one list of capabilities, guest side. A half is loaded only in a runtime that grants it.
// @ts-check

/** @type {Record<string, () => Promise<{install: (kernel: any, grant: any) => void | Promise<void>}>>} */
export const CAPABILITIES = {
  evaluation: () => import("./evaluation/guest.js"),
  host_events: () => import("./host_events/guest.js"),
  console: () => import("./console/guest.js"),
  async_context: () => import("./async_context/guest.js"),
  tools: () => import("./tools/guest.js"),
  testing: () => import("./testing/guest.js"),
  fetch: () => import("./fetch/guest.js"),
  files: () => import("./files/guest.js"),
  modules: () => import("./modules/guest.js"),
  serve: () => import("./serve/guest.js"),
  browser: () => import("./browser/guest.js"),
  nested_host: () => import("./nested_host/guest.js"),
};

/** Loaded ahead of time in a process that waits warm, most used first. */
export const WARM = [
  "console",
  "host_events",
  "async_context",
  "tools",
  "nested_host",
  "files",
  "fetch",
  "modules",
];
