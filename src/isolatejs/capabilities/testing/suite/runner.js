// @ts-check
// Runs the tests of one file in order: hooks around suites, concurrent tests together, retries, time limits.
// Nothing that a test does ends the run; every test gets a result.

import { freshState } from "../expect/state.js";
import { runningAttempt } from "./current.js";
import { Attempt, turn, withTimeout } from "./attempt.js";
import { Suite, Test } from "./tree.js";

/** @typedef {import("./tree.js").Hook} Hook */
/**
 * @typedef {object} RunSettings
 * @property {number} timeoutMs @property {number} hookTimeoutMs @property {number} retry
 * @property {number} bail stop after this many failures, 0 for never
 * @property {number} maxConcurrency @property {string} testPath @property {any} snapshots
 */
/**
 * @typedef {object} TestResult
 * @property {number} id @property {"pass" | "fail" | "skip" | "todo"} status @property {number} durationMs
 * @property {any[]} errors @property {number} retries @property {string} [reason]
 */
/**
 * @typedef {object} RunEvents
 * @property {(suite: Suite) => void} suiteStart @property {(suite: Suite, result: {durationMs: number, errors: any[]}) => void} suiteEnd
 * @property {(test: Test) => void} testStart @property {(test: Test, result: TestResult) => void} testEnd
 * @property {(suite: Suite, kind: string) => void} hookStart
 */

const realNow = performance.now.bind(performance);

export class Runner {
  #failures = 0;
  #settings;
  #events;
  /** @type {any[]} errors that belong to no test */ errors = [];
  /** @type {Set<Attempt>} under way */ attempts = new Set();

  /** @param {RunSettings} settings @param {RunEvents} events */
  constructor(settings, events) {
    this.#settings = settings;
    this.#events = events;
  }

  /** Changes made by the running file (`vi.setConfig`). @param {any} changes */
  configure(changes) {
    this.#settings = { ...this.#settings, ...changes };
  }

  /** @param {Suite} root */
  async run(root) {
    await this.#suite(root, []);
    await turn();
  }

  get #bailed() {
    return this.#settings.bail > 0 && this.#failures >= this.#settings.bail;
  }

  /** @param {Suite} suite @param {any[]} spoiled errors of hooks and definitions above, which fail every test */
  async #suite(suite, spoiled) {
    const started = realNow();
    const isRoot = suite.parent === null;
    if (!isRoot) this.#events.suiteStart(suite);
    /** @type {any[]} */
    const errors = [];
    if (suite.definitionError !== null) {
      spoiled = [...spoiled, suite.definitionError];
      errors.push(suite.definitionError);
    }
    const runs = spoiled.length === 0 && [...suite.tests()].some((test) => test.plan === "run");
    /** @type {Function[]} */
    const cleanups = [];
    if (runs && !this.#bailed) {
      for (const hook of suite.hooks.beforeAll) {
        const [error, cleanup] = await this.#suiteHook(suite, hook, "beforeAll");
        if (error !== undefined) {
          spoiled = [...spoiled, error];
          errors.push(error);
          break;
        }
        if (typeof cleanup === "function") cleanups.push(cleanup);
      }
    }
    await this.#children(suite, spoiled);
    if (runs) {
      for (const hook of suite.hooks.afterAll) {
        const [error] = await this.#suiteHook(suite, hook, "afterAll");
        if (error !== undefined) {
          errors.push(error);
          this.errors.push(error);
        }
      }
      for (const fn of cleanups.reverse()) {
        const hook = /** @type {Hook} */ ({ fn, timeoutMs: undefined });
        const [error] = await this.#suiteHook(suite, hook, "afterAll");
        if (error !== undefined) this.errors.push(error);
      }
    }
    if (suite.definitionError !== null && [...suite.tests()].length === 0) {
      this.errors.push(suite.definitionError);
    }
    if (!isRoot) this.#events.suiteEnd(suite, { durationMs: realNow() - started, errors });
  }

  /** @param {Suite} suite @param {any[]} spoiled */
  async #children(suite, spoiled) {
    /** @type {Test[]} */
    let together = [];
    const flush = async () => {
      if (together.length > 0) await this.#concurrently(together, spoiled);
      together = [];
    };
    for (const child of suite.children) {
      if (child instanceof Test && child.plan === "run" && child.setting("concurrent")) {
        together.push(child);
        continue;
      }
      await flush();
      if (child instanceof Suite) await this.#suite(child, spoiled);
      else await this.#test(child, spoiled);
    }
    await flush();
  }

  /** @param {Test[]} tests @param {any[]} spoiled */
  async #concurrently(tests, spoiled) {
    const queue = [...tests];
    const worker = async () => {
      for (let test = queue.shift(); test !== undefined; test = queue.shift()) {
        await this.#test(test, spoiled);
      }
    };
    const count = Math.min(this.#settings.maxConcurrency, tests.length);
    await Promise.all(Array.from({ length: count }, worker));
  }

  /**
   * @param {Suite} suite @param {Hook} hook @param {string} kind
   * @returns {Promise<[any] | [undefined, any]>} its error, or what it returned
   */
  async #suiteHook(suite, hook, kind) {
    this.#events.hookStart(suite, kind);
    /** @type {any[]} */
    const escaped = [];
    const holder = {
      ended: false,
      fail: (/** @type {any} */ error) => !holder.ended && escaped.push(error) > 0,
      state: { ...freshState(), currentTestName: suite.path.join(" "), testPath: this.#settings.testPath },
    };
    const timeoutMs = hook.timeoutMs ?? this.#settings.hookTimeoutMs;
    const context = { name: suite.title, expect: undefined };
    try {
      const value = await runningAttempt.run(
        holder,
        () => withTimeout(() => callHook(hook.fn, context), timeoutMs, `a hook (${kind})`),
      );
      await turn();
      escaped.push(...holder.state.suppressedErrors);
      return escaped.length > 0 ? [escaped[0]] : [undefined, value];
    } catch (error) {
      return [error ?? new Error(`a hook (${kind}) threw ${String(error)}`)];
    } finally {
      holder.ended = true;
    }
  }

  /** @param {Test} test @param {any[]} spoiled */
  async #test(test, spoiled) {
    if (test.plan !== "run" || this.#bailed) {
      const status = test.plan === "todo" ? "todo" : "skip";
      const reason = test.plan === "run" ? "an earlier test failed" : test.reason;
      this.#events.testEnd(test, { id: test.id, status, durationMs: 0, errors: [], retries: 0, reason });
      return;
    }
    this.#events.testStart(test);
    const started = realNow();
    if (spoiled.length > 0) {
      this.#end(test, { id: test.id, status: "fail", durationMs: 0, errors: spoiled, retries: 0 });
      return;
    }
    const retry = test.setting("retry") ?? this.#settings.retry;
    const repeats = test.setting("repeats") ?? 0;
    let retries = 0;
    // Attempts are not what promises give: a program can make every object a thenable.
    let attempt = this.#newAttempt(test, 0);
    await this.#run(attempt);
    for (let i = 1; i <= repeats && !attempt.failed; i++) {
      attempt = this.#newAttempt(test, i);
      await this.#run(attempt);
    }
    while (retries < retry && succeeded(test, attempt) === false) {
      retries++;
      attempt = this.#newAttempt(test, retries);
      await this.#run(attempt);
    }
    const durationMs = realNow() - started;
    if (attempt.skipped && !attempt.failed) {
      this.#events.testEnd(test, {
        id: test.id,
        status: "skip",
        durationMs,
        errors: [],
        retries,
        reason: attempt.skipped.reason,
      });
      return;
    }
    const passed = succeeded(test, attempt);
    /** @type {any[]} */
    let errors = passed ? [] : attempt.errors;
    if (!passed && errors.length === 0) errors = [expectedFailure()];
    this.#end(test, { id: test.id, status: passed ? "pass" : "fail", durationMs, errors, retries });
  }

  /** @param {Test} test @param {TestResult} result */
  #end(test, result) {
    if (result.status === "fail") this.#failures++;
    this.#events.testEnd(test, result);
  }

  /** @param {Test} test @param {number} index */
  #newAttempt(test, index) {
    if (index > 0) this.#settings.snapshots?.forget(test.titles);
    return new Attempt(test, index, {
      ...this.#settings,
      timeoutMs: test.setting("timeoutMs") ?? this.#settings.timeoutMs,
    });
  }

  /** @param {Attempt} attempt */
  async #run(attempt) {
    this.attempts.add(attempt);
    await attempt.run();
    this.attempts.delete(attempt);
  }
}

/** @param {Test} test @param {Attempt} attempt */
function succeeded(test, attempt) {
  if (attempt.skipped) return true;
  return test.setting("fails") ? attempt.failed : !attempt.failed;
}

function expectedFailure() {
  const error = new Error("Expected the test to fail, as it is marked, but it passed.");
  error.stack = `${error.name}: ${error.message}`;
  return error;
}

/** @param {Function} fn @param {any} context */
function callHook(fn, context) {
  const head = Function.prototype.toString.call(fn).slice(0, 100);
  if (fn.length === 0 || !/^(?:async\s*)?(?:function\b[^(]*)?\(?\s*(?:done|cb|callback|next)\b/.test(head)) {
    return fn(context);
  }
  return new Promise((resolve, reject) => {
    const done = (/** @type {any} */ error) =>
      error === undefined || error === null ? resolve(undefined) : reject(error);
    done.fail = reject;
    fn(done);
  });
}
