// @ts-check
// Guest half of async context: the AsyncContext global and the node:async_hooks module. Both live in the
// sandbox alone; no message crosses. Until the program imports node:async_hooks nothing is observed.

import { core } from "../../guest/engine.js";
import { AbortController, AbortSignal, DOMException, ObjectDefineProperty } from "../../guest/primordials.js";
import { callLater } from "../../guest/timers.js";
import { createAsyncContext } from "./variable.js";
import { createAsyncHooks } from "./async_hooks.js";

/** @param {import("../../guest/kernel.js").Kernel} kernel */
export function install(kernel) {
  kernel.defineGlobal("AsyncContext", createAsyncContext(core));
  /** @type {any} */
  let asyncHooks = null;
  kernel.registerBuiltin("node:async_hooks", () => asyncHooks ??= createAsyncHooks(core));
  carryThroughTimeouts();
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;

let carried = false;

/** The engine's own `AbortSignal.timeout` forgets who asked for it. */
function carryThroughTimeouts() {
  if (carried) return; // a session that is taken up again
  carried = true;
  const engineOwn = AbortSignal.timeout;
  const { timeout } = {
    /** @param {number} milliseconds */
    timeout(milliseconds) {
      if (typeof milliseconds !== "number" || !(milliseconds >= 0 && milliseconds <= LONGEST_TIMER_MS)) {
        return engineOwn(milliseconds);
      }
      const controller = new AbortController();
      callLater(milliseconds, () => controller.abort(new DOMException("Signal timed out.", "TimeoutError")));
      return controller.signal;
    },
  };
  ObjectDefineProperty(AbortSignal, "timeout", {
    value: timeout,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}
