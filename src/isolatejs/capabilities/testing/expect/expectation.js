// @ts-check
// What `expect(value)` returns: every matcher as a method, behind `not`, `resolves` and `rejects`.

import { platformFunction } from "../../../guest/timers.js";
import { equals } from "./equals.js";
import { matcherUtils } from "./matcher_utils.js";
import { matcherErrorMessage, matcherHint, printReceived, printWithType, stringify } from "./messages.js";
import { throwMatcher } from "./matchers_throw.js";
import { customTesters, matcherState } from "./state.js";

/** A failed assertion. `matcherResult` is what the matcher returned, with its message as text. */
export class AssertionError extends Error {
  /** @type {any} */
  matcherResult;

  /** @param {string} [message] */
  constructor(message) {
    super(message);
    delete this.matcherResult; // an own property only once there is a result
  }
}

/**
 * @typedef {object} Settings
 * @property {boolean} isNot
 * @property {"" | "resolves" | "rejects"} promise
 * @property {boolean} soft failures are kept for the end of the test
 * @property {string} [note] the user's own words for the failure
 * @property {{poll: () => any, timeoutMs: number, intervals: number[]}} [polling] the value is asked for again until it fits
 * @property {number} [timeoutMs] for matchers that wait by themselves
 */

/** @typedef {{matcher: Function, internal: boolean, when: ((received: any) => boolean) | null}} Entry */

/** @type {Map<string, Entry[]>} */
const registry = new Map();
/** @type {WeakMap<object, {matcherName: string, actual: any, expected: any}>} */
const details = new WeakMap();

/** What a failed assertion compared. @param {any} error */
export function assertionDetails(error) {
  return typeof error === "object" && error !== null ? details.get(error) : undefined;
}

export class Expectation {
  #actual;
  #settings;

  /** @param {any} actual @param {Settings} settings */
  constructor(actual, settings) {
    this.#actual = actual;
    this.#settings = settings;
  }

  get not() {
    return new Expectation(this.#actual, { ...this.#settings, isNot: !this.#settings.isNot });
  }

  get resolves() {
    return new Expectation(this.#actual, { ...this.#settings, promise: "resolves" });
  }

  get rejects() {
    return new Expectation(this.#actual, { ...this.#settings, promise: "rejects" });
  }

  /**
   * Runs a matcher of the registry.
   * @param {Expectation} expectation @param {string} name @param {any[]} args @param {Function} method the frame to hide
   */
  static invoke(expectation, name, args, method) {
    const settings = expectation.#settings;
    const actual = expectation.#actual;
    if (settings.polling) return pollMatcher(settings.polling, settings, name, args, method);
    if (settings.promise !== "") return invokeOnPromise(name, actual, args, settings, method);
    return invokeMatcher(name, chooseMatcher(name, actual), actual, args, settings, method);
  }
}

/**
 * Adds matchers. With `when`, they answer only for values it accepts; other values see the matchers of
 * the same name that were there before.
 * @param {Record<string, Function>} matchers @param {{internal?: boolean, when?: (received: any) => boolean}} [options]
 */
export function addMatchers(matchers, { internal = false, when } = {}) {
  for (const name of Object.keys(matchers)) {
    const matcher = matchers[name];
    const entry = { matcher, internal, when: when ?? null };
    const entries = registry.get(name);
    if (entries === undefined) {
      registry.set(name, [entry]);
      defineMethod(name);
    } else if (when) {
      entries.unshift(entry);
    } else {
      registry.set(name, [...entries.filter((other) => other.when !== null), entry]);
    }
  }
}

/** @param {string} name */
function defineMethod(name) {
  const method = {
    /** @this {Expectation} @param {...any} args */
    [name](...args) {
      return Expectation.invoke(this, name, args, method);
    },
  }[name];
  Object.defineProperty(Expectation.prototype, name, { value: method, configurable: true, writable: true });
}

/** @param {string} name @param {any} received @returns {Entry} */
function chooseMatcher(name, received) {
  const entries = registry.get(name) ?? [];
  const entry = entries.find((candidate) => candidate.when === null || candidate.when(received));
  if (entry !== undefined) return entry;
  throw new AssertionError(
    matcherErrorMessage(
      matcherHint(name, undefined, ""),
      "this matcher is not made for the received value",
      printWithType("Received", received, printReceived),
    ),
  );
}

/** @param {any} value */
const isPromise = (value) => typeof value?.then === "function";

/** @param {any} result */
function ensureResult(result) {
  const valid = typeof result === "object" && result !== null && typeof result.pass === "boolean" &&
    (!result.message || typeof result.message === "string" || typeof result.message === "function");
  if (valid) return;
  throw new Error(
    "Unexpected return from a matcher function.\nMatcher functions should return an object in the following format:\n" +
      `  {message?: string | function, pass: boolean}\n'${stringify(result)}' was returned`,
  );
}

/**
 * @param {string} name @param {Entry} entry @param {any} actual @param {any[]} args @param {Settings} settings
 * @param {Function} method @param {Error} [asyncError] holds the stack of the call, when this runs later
 * @returns {any}
 */
function invokeMatcher(name, entry, actual, args, settings, method, asyncError) {
  const { isNot } = settings;
  const state = matcherState();
  let throws = !settings.soft;
  const context = {
    ...state,
    customTesters: customTesters(),
    dontThrow: () => throws = false,
    equals,
    error: asyncError,
    isNot,
    promise: settings.promise,
    timeoutMs: settings.timeoutMs,
    utils: matcherUtils,
  };
  const failWith = (/** @type {any} */ error) => {
    if (settings.note) setMessage(error, `${settings.note}\n\n${error.message}`);
    if (throws) throw error;
    state.suppressedErrors.push(error);
  };
  const finish = (/** @type {any} */ result, /** @type {Error | undefined} */ later) => {
    ensureResult(result);
    state.assertionCalls++;
    if (result.pass !== isNot) {
      state.numPassingAsserts++;
      return;
    }
    const message = typeof result.message === "function" ? result.message() : result.message;
    const text = message || "No message was specified for this matcher.";
    const error = /** @type {any} */ (later ?? new AssertionError());
    if (later === undefined) {
      Object.defineProperty(error, "message", { value: text, configurable: true, writable: true });
      Error.captureStackTrace(error, method);
    } else {
      setMessage(error, text);
    }
    error.matcherResult = { ...result, message: text };
    details.set(error, {
      matcherName: name,
      actual: "actual" in result ? result.actual : actual,
      expected: "expected" in result ? result.expected : args[0],
    });
    failWith(error);
  };
  const fail = (/** @type {any} */ error) => {
    if (entry.internal && !(error instanceof AssertionError) && error?.name !== "PrettyFormatPluginError") {
      if (error instanceof Error) Error.captureStackTrace(error, method);
    }
    throw error;
  };
  let result;
  try {
    result = entry.matcher.call(context, actual, ...args);
  } catch (error) {
    return fail(error);
  }
  if (!isPromise(result)) return finish(result, asyncError);
  const later = asyncError ?? captured(method);
  return result.then((/** @type {any} */ value) => finish(value, later), fail);
}

/** Changes the message, in the stack too, which keeps its frames. @param {any} error @param {string} message */
function setMessage(error, message) {
  const stack = typeof error.stack === "string" ? error.stack : "";
  const frames = stack.slice(error.message === "" ? 0 : stack.indexOf(error.message) + error.message.length);
  const first = frames.search(/^\s+at /m);
  Object.defineProperty(error, "message", { value: message, configurable: true, writable: true });
  error.stack = `${error.name}: ${message}${first === -1 ? "" : `\n${frames.slice(first)}`}`;
}

/** An error that knows the stack of now. @param {Function} method */
function captured(method) {
  const error = new AssertionError();
  Error.captureStackTrace(error, method);
  return error;
}

/** @param {string} name @param {any} actual @param {any[]} args @param {Settings} settings @param {Function} method */
function invokeOnPromise(name, actual, args, settings, method) {
  const { promise, isNot } = settings;
  const options = { isNot, promise };
  const hint = () => matcherHint(name, undefined, "", options);
  const pending = typeof actual === "function" ? actual() : actual;
  if (!isPromise(pending)) {
    const error = new AssertionError(
      matcherErrorMessage(
        hint(),
        "received value must be a promise or a function returning a promise",
        printWithType("Received", actual, printReceived),
      ),
    );
    Error.captureStackTrace(error, method);
    throw error;
  }
  const error = captured(method);
  const run = (/** @type {any} */ value) => {
    let entry = chooseMatcher(name, value);
    if (entry.internal && (name === "toThrow" || name === "toThrowError")) {
      entry = { ...entry, matcher: throwMatcher(name, true) };
    } else if (entry.internal && /^toThrowErrorMatching(?:Inline)?Snapshot$/.test(name)) {
      const { matcher } = entry;
      /** @this {any} @param {any} received @param {...any} rest */
      const fromPromise = function (received, ...rest) {
        return matcher.call({ ...this, fromPromise: true }, received, ...rest);
      };
      entry = { ...entry, matcher: fromPromise };
    }
    return invokeMatcher(name, entry, value, args, settings, method, error);
  };
  const wrong = (/** @type {string} */ text, /** @type {string} */ label) => (/** @type {any} */ value) => {
    const message = `${hint()}\n\nReceived promise ${text}\n${label} to value: ${printReceived(value)}`;
    setMessage(error, message);
    details.set(error, { matcherName: name, actual: value, expected: args[0] });
    const state = matcherState();
    if (settings.note) setMessage(error, `${settings.note}\n\n${error.message}`);
    if (!settings.soft) throw error;
    state.suppressedErrors.push(error);
  };
  return promise === "resolves"
    ? pending.then(run, wrong("rejected instead of resolved", "Rejected"))
    : pending.then(wrong("resolved instead of rejected", "Resolved"), run);
}

const realNow = performance.now.bind(performance);

/**
 * Repeats an attempt until it does not throw or the time is over; then its last error counts.
 * @param {() => any} attempt @param {number} timeoutMs @param {number[]} intervals the last one repeats
 */
export async function retryUntil(attempt, timeoutMs, intervals) {
  const deadline = realNow() + timeoutMs;
  for (let i = 0;; i++) {
    try {
      return await attempt();
    } catch (error) {
      const pause = intervals[Math.min(i, intervals.length - 1)] ?? 50;
      if (realNow() + pause > deadline) throw error;
      await new Promise((resolve) => platformFunction("setTimeout")(resolve, pause));
    }
  }
}

/**
 * @param {NonNullable<Settings["polling"]>} polling @param {Settings} settings @param {string} name @param {any[]} args @param {Function} method
 */
async function pollMatcher(polling, settings, name, args, method) {
  const state = matcherState();
  const before = state.assertionCalls;
  const error = captured(method);
  const quiet = { ...settings, polling: undefined, soft: false };
  try {
    await retryUntil(
      async () => {
        const value = await polling.poll();
        await Expectation.invoke(new Expectation(value, quiet), name, args, method);
      },
      polling.timeoutMs,
      polling.intervals,
    );
  } catch (/** @type {any} */ last) {
    if (!(last instanceof AssertionError)) throw last;
    const message = `${last.message}\n\nThe value did not fit within ${polling.timeoutMs} ms`;
    setMessage(error, message);
    const known = details.get(last);
    if (known) details.set(error, known);
    if (!settings.soft) throw error;
    state.suppressedErrors.push(error);
  } finally {
    state.assertionCalls = before + 1;
  }
}
