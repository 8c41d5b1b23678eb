// @ts-check
// Guest half of async context: the AsyncContext global and the node:async_hooks module. Both live in the
// sandbox alone; no message crosses. Until the program imports node:async_hooks nothing is observed.

import { core } from "../../guest/engine.js";
import { createAsyncContext } from "./variable.js";
import { createAsyncHooks } from "./async_hooks.js";

/** @param {import("../../guest/kernel.js").Kernel} kernel */
export function install(kernel) {
  kernel.defineGlobal("AsyncContext", createAsyncContext(core));
  /** @type {any} */
  let asyncHooks = null;
  kernel.registerBuiltin("node:async_hooks", () => asyncHooks ??= createAsyncHooks(core));
}
