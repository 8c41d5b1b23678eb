// @ts-check
// Which suite is being defined and which test is running, kept across awaits and timers.

import { core } from "../../../guest/engine.js";

class ContextVariable {
  #variable = new core.AsyncVariable();

  /** @returns {any} */
  get() {
    return this.#variable.get();
  }

  /** @template T @param {any} value @param {() => T} fn @returns {T} */
  run(value, fn) {
    const previous = this.#variable.enter(value);
    try {
      return fn();
    } finally {
      core.setAsyncContext(previous);
    }
  }
}

/** The suite whose body is running: where `test()` and hooks are added. */
export const definingSuite = new ContextVariable();
/** The attempt (see attempt.js) at the running test. */
export const runningAttempt = new ContextVariable();
