// @ts-check
// One attempt at a test: its hooks, its body under a time limit, its context, and everything that goes wrong.

import { runNextTurn } from "../../../guest/engine.js";
import { platformFunction } from "../../../guest/timers.js";
import { createExpect, extractExpectedAssertionsErrors } from "../expect/expect.js";
import { freshState } from "../expect/state.js";
import { runningAttempt } from "./current.js";
import { nodeTestContext } from "./node_context.js";

/** One turn of the event loop: afterwards rejections that nobody handled have been reported. */
export const turn = () => new Promise((resolve) => runNextTurn(() => resolve(undefined)));

/** Thrown by `context.skip()`; not a failure. */
class SkipSignal extends Error {
  #brand = true;

  /** @param {string} [reason] */
  constructor(reason) {
    super(reason ?? "");
    this.reason = reason;
  }

  /** Asks no proxy for its prototype. @param {any} value @returns {value is SkipSignal} */
  static is(value) {
    return typeof value === "object" && value !== null && #brand in value && value.#brand;
  }
}

/** The time of a hook or test was over. */
export class TimeoutError extends Error {
  /** @param {string} what @param {number} timeoutMs */
  constructor(what, timeoutMs) {
    super(`Exceeded timeout of ${timeoutMs} ms for ${what}`);
    this.name = "TimeoutError";
  }
}

/**
 * Runs something that may wait, at most for a time.
 * @param {() => any} run @param {number} timeoutMs 0 or Infinity: no limit @param {string} what for the message
 * @param {(error: Error) => void} [onTimeout]
 */
export function withTimeout(run, timeoutMs, what, onTimeout) {
  const started = run();
  if (typeof started?.then !== "function") return started;
  if (!(timeoutMs > 0) || timeoutMs === Infinity) return started;
  return new Promise((resolve, reject) => {
    const timer = platformFunction("setTimeout")(() => {
      const error = new TimeoutError(what, timeoutMs);
      error.stack = `${error.name}: ${error.message}`;
      onTimeout?.(error);
      reject(error);
    }, Math.min(timeoutMs, 2 ** 31 - 1));
    started.then(
      (/** @type {any} */ value) => {
        platformFunction("clearTimeout")(timer);
        resolve(value);
      },
      (/** @type {any} */ error) => {
        platformFunction("clearTimeout")(timer);
        reject(error);
      },
    );
  });
}

/** @type {WeakMap<Function, "done" | "fixtures" | "context">} */
const styles = new WeakMap();

/** What the parameter after the row's arguments is for. @param {Function} fn @param {number} given */
function parameterStyle(fn, given) {
  if (fn.length <= given) return "context";
  const known = styles.get(fn);
  if (known !== undefined) return known;
  const head =
    /^(?:async\s*)?(?:function\b[^(]*)?\(?\s*([^)=]*)/.exec(Function.prototype.toString.call(fn))?.[1] ?? "";
  const name = head.split(",")[given]?.trim() ?? "";
  const style = /^(?:done|cb|callback|next|finish|resolve)$/.test(name) ? "done" : "context";
  styles.set(fn, style);
  return style;
}

/**
 * Calls a test or hook function; one that takes `done` is finished when it calls it.
 * @param {Function} fn @param {any[]} args @param {any} context
 */
function call(fn, args, context) {
  if (parameterStyle(fn, args.length) !== "done") return fn(...args, context);
  return new Promise((resolve, reject) => {
    const done = (/** @type {any} */ error) =>
      error === undefined || error === null ? resolve(undefined) : reject(asError(error));
    done.fail = (/** @type {any} */ error) => reject(asError(error ?? "done.fail() was called"));
    Object.setPrototypeOf(done, context);
    const returned = fn(...args, done);
    if (typeof returned?.then === "function") {
      returned.then(undefined, reject);
      reject(
        new Error(
          "Test functions cannot both take a 'done' callback and return something. Either use a 'done' callback, or return a promise.",
        ),
      );
    }
  });
}

/** @param {any} error */
const asError = (error) => error instanceof Error ? error : new Error(String(error));

export class Attempt {
  /** @type {any[]} */ errors = [];
  /** @type {{reason?: string} | null} */ skipped = null;
  /** @type {Function[]} */ #finishers = [];
  /** @type {Function[]} */ #failers = [];
  /** @type {AbortController | null} made when the test asks for its signal */ #controller = null;
  ended = false;
  state = freshState();

  /**
   * @param {import("./tree.js").Test} test @param {number} index 0 for the first, then retries and repeats
   * @param {{timeoutMs: number, hookTimeoutMs: number, snapshots: any, testPath: string}} settings
   */
  constructor(test, index, settings) {
    this.test = test;
    this.index = index;
    this.settings = settings;
    const titles = test.titles;
    Object.assign(this.state, {
      currentTestName: titles.join(" "),
      currentTestTitles: titles,
      expand: false, // messages show the lines around a difference, as those of Jest's runner
      snapshotState: settings.snapshots,
      testPath: settings.testPath,
    });
  }

  /** Notes a failure; after the end it is of no more use. @param {any} error @returns {boolean} */
  fail(error) {
    if (this.ended) return false;
    if (SkipSignal.is(error)) this.skipped ??= { reason: error.reason };
    else this.errors.push(error);
    return true;
  }

  /** @param {"onTestFinished" | "onTestFailed"} when @param {Function} fn */
  later(when, fn) {
    (when === "onTestFailed" ? this.#failers : this.#finishers).push(fn);
  }

  get failed() {
    return this.errors.length > 0;
  }

  /** Runs beforeEach hooks, the body and afterEach hooks. Never rejects. */
  async run() {
    await runningAttempt.run(this, () => this.#run());
    this.ended = true;
    this.#controller?.abort(new Error("the test has ended"));
  }

  async #run() {
    const { test } = this;
    const context = this.#context();
    const suites = [];
    for (let suite = /** @type {any} */ (test.suite); suite !== null; suite = suite.parent) {
      suites.unshift(suite);
    }
    /** @type {Function[]} */
    const cleanups = [];
    let ready = true;
    for (const suite of suites) {
      for (const hook of suite.hooks.beforeEach) {
        if (!ready) break;
        const cleanup = await this.#hook(hook, "beforeEach", context);
        if (this.failed || this.skipped) ready = false;
        else if (typeof cleanup === "function") cleanups.push(cleanup);
      }
    }
    if (ready) await this.#body(context);
    // Rejections of the body count before the hooks clean up.
    await turn();
    for (const suite of suites.reverse()) {
      for (const hook of suite.hooks.afterEach) await this.#hook(hook, "afterEach", context);
    }
    const finish = async (/** @type {Function} */ fn, /** @type {string} */ what) =>
      await this.#guard(() => withTimeout(() => fn(context), this.settings.hookTimeoutMs, what));
    for (const cleanup of cleanups.reverse()) await finish(cleanup, "a cleanup function of beforeEach");
    for (const finisher of this.#finishers.reverse()) await finish(finisher, "an onTestFinished callback");
    this.#checkAssertions();
    if (this.failed) {
      for (const failer of this.#failers) await finish(failer, "an onTestFailed callback");
    }
  }

  /** @param {any} context */
  async #body(context) {
    const { test, settings } = this;
    const args = test.options.args ?? [];
    const fixtures = test.setting("fixtures");
    const body = () => call(/** @type {Function} */ (test.fn), args, context);
    await this.#guard(() =>
      withTimeout(
        () => fixtures === undefined ? body() : withFixtures(fixtures, test.fn, args.length, context, body),
        settings.timeoutMs,
        "a test.\nAdd a timeout to the test if it is meant to take that long.",
        (error) => this.#controller?.abort(error),
      )
    );
  }

  /** @param {import("./tree.js").Hook} hook @param {string} kind @param {any} context */
  #hook(hook, kind, context) {
    const timeoutMs = hook.timeoutMs ?? this.settings.hookTimeoutMs;
    return this.#guard(() => withTimeout(() => call(hook.fn, [], context), timeoutMs, `a hook (${kind})`));
  }

  /** @param {() => any} run */
  async #guard(run) {
    try {
      return await run();
    } catch (error) {
      this.fail(error);
      return undefined;
    }
  }

  #checkAssertions() {
    for (const { error } of extractExpectedAssertionsErrors()) this.fail(error);
    for (const error of this.state.suppressedErrors) this.fail(error);
  }

  #context() {
    const { test } = this;
    const titles = test.titles;
    const skip = (/** @type {any} */ first, /** @type {string} */ second) => {
      if (first === false) return;
      throw new SkipSignal(typeof first === "string" ? first : second);
    };
    const context = {
      name: test.title,
      fullName: titles.join(" > "),
      task: {
        id: String(test.id),
        name: test.title,
        fullName: titles.join(" > "),
        retryCount: this.index,
        meta: {},
        suite: { name: test.suite.title },
      },
      expect: boundExpect,
      skip,
      onTestFinished: (/** @type {Function} */ fn) => this.later("onTestFinished", fn),
      onTestFailed: (/** @type {Function} */ fn) => this.later("onTestFailed", fn),
      annotate: () => {},
    };
    Object.defineProperty(context, "signal", {
      get: () => (this.#controller ??= new AbortController()).signal,
      enumerable: true,
      configurable: true,
    });
    return Object.assign(context, nodeTestContext(this, context, withTimeout));
  }
}

/** @type {typeof import("./fixtures.js").useFixtures} */
const withFixtures = async (...args) => await (await import("./fixtures.js")).useFixtures(...args);

const boundExpect = createExpect();

/** For `onTestFinished` outside of a context object. @param {"onTestFinished" | "onTestFailed"} name */
export function currentContextFunction(name) {
  return (/** @type {Function} */ fn) => {
    const attempt = runningAttempt.get();
    if (attempt === undefined) throw new Error(`${name}() was called outside a test`);
    attempt.later(name, fn);
  };
}
