// The one list of capabilities, guest side. A half is loaded only in a runtime that grants it.
// @ts-check

import { importLater } from "../guest/import_later.js";

/** @type {Record<string, () => Promise<{install: (kernel: any, grant: any) => void | Promise<void>}>>} */
export const CAPABILITIES = {
  evaluation: () => importLater("./evaluation/guest.js", import.meta.url),
  host_events: () => importLater("./host_events/guest.js", import.meta.url),
  console: () => importLater("./console/guest.js", import.meta.url),
  async_context: () => importLater("./async_context/guest.js", import.meta.url),
  tools: () => importLater("./tools/guest.js", import.meta.url),
  testing: () => importLater("./testing/guest.js", import.meta.url),
  fetch: () => importLater("./fetch/guest.js", import.meta.url),
  files: () => importLater("./files/guest.js", import.meta.url),
  modules: () => importLater("./modules/guest.js", import.meta.url),
  serve: () => importLater("./serve/guest.js", import.meta.url),
  browser: () => importLater("./browser/guest.js", import.meta.url),
  nested_host: () => importLater("./nested_host/guest.js", import.meta.url),
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
