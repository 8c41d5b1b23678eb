// @ts-check
// The `expect` function and what hangs on it.

import { any, anything, asymmetricFactories, customAsymmetric } from "./asymmetric.js";
import { addMatchers, AssertionError, Expectation, retryUntil } from "./expectation.js";
import { collectionMatchers } from "./matchers_collections.js";
import { mockMatchers } from "./matchers_mock.js";
import { vitestMockMatchers } from "./matchers_mock_vitest.js";
import { throwMatchers } from "./matchers_throw.js";
import { valueMatchers } from "./matchers_values.js";
import { ensureNoExpected, matcherHint, pluralize } from "./messages.js";
import { addSerializer, snapshotMatchers } from "./matchers_snapshot.js";
import { addCustomTesters, changeState, matcherState } from "./state.js";
import { typeName } from "./type_name.js";

const POLL_TIMEOUT_MS = 1_000;
const POLL_INTERVAL_MS = 50;

/** @type {import("./expectation.js").Settings} */
const PLAIN = { isNot: false, promise: "", soft: false };

/** @type {Record<string, Function>} */
const pollingMatchers = {
  /**
   * Playwright's: repeats a function until it does not throw.
   * @this {any} @param {any} received @param {any} [options]
   */
  async toPass(received, { timeout = POLL_TIMEOUT_MS, intervals = [100, 250, 500, 1000] } = {}) {
    try {
      await retryUntil(received, timeout, intervals);
      return { pass: true, message: () => "Expected the function to keep throwing, but it passed." };
    } catch (/** @type {any} */ error) {
      const last = error?.message ?? String(error);
      return { pass: false, message: () => `The function did not pass within ${timeout} ms.\n\n${last}` };
    }
  },
};

for (
  const matchers of [
    valueMatchers,
    collectionMatchers,
    mockMatchers,
    vitestMockMatchers,
    throwMatchers,
    snapshotMatchers,
    pollingMatchers,
  ]
) {
  addMatchers(matchers, { internal: true });
}

/** @param {any} note @returns {string | undefined} */
function noteOf(note) {
  if (note === undefined) return undefined;
  if (typeof note === "string") return note;
  if (typeof note?.message === "string") return note.message;
  throw new Error("Expect takes at most one argument.");
}

/**
 * An `expect` with settings of its own; matchers and state are shared by all.
 * @param {{soft?: boolean, timeout?: number, message?: string}} [defaults]
 */
export function createExpect(defaults = {}) {
  const base = {
    ...PLAIN,
    soft: defaults.soft ?? false,
    note: defaults.message,
    timeoutMs: defaults.timeout,
  };

  /** @param {any} actual @param {...any} rest a message for the failure */
  const expect = (actual, ...rest) => {
    if (rest.length === 0) return new Expectation(actual, base);
    if (rest.length > 1) throw new Error("Expect takes at most one argument.");
    return new Expectation(actual, { ...base, note: noteOf(rest[0]) ?? base.note });
  };

  const not = { ...asymmetricFactories(true) };
  Object.assign(expect, asymmetricFactories(false), {
    any,
    anything,
    not,
    addEqualityTesters: addCustomTesters,
    addSnapshotSerializer: addSerializer,
    assertions,
    hasAssertions,
    extractExpectedAssertionsErrors,
    getState: matcherState,
    setState: changeState,

    /** @param {{soft?: boolean, timeout?: number, message?: string}} options */
    configure: (options) => createExpect({ ...defaults, ...options }),

    /** @param {any} actual @param {any} [note] */
    soft: (actual, note) => new Expectation(actual, { ...base, soft: true, note: noteOf(note) ?? base.note }),

    /** @param {() => any} poll @param {any} [options] */
    poll: (poll, options = {}) => {
      if (typeof poll !== "function") throw new TypeError("expect.poll() takes a function");
      const {
        timeout = defaults.timeout ?? POLL_TIMEOUT_MS,
        interval = POLL_INTERVAL_MS,
        intervals,
        message,
      } = typeof options === "string" ? { message: options } : options;
      const polling = { poll, timeoutMs: timeout, intervals: intervals ?? [interval] };
      return new Expectation(undefined, { ...base, polling, note: message ?? base.note });
    },

    /** @param {string} [message] */
    unreachable: (message) => {
      throw new AssertionError(
        `expect.unreachable()\n\nExpected this line never to be reached${message ? `: ${message}` : ""}`,
      );
    },

    /** @param {string} [message] */
    fail: (message) => {
      throw new AssertionError(message ?? "expect.fail()");
    },

    /**
     * @param {Record<string, Function>} matchers
     * @param {{when?: (received: any) => boolean}} [options] `when`: only for received values that it accepts
     */
    extend: (matchers, options = {}) => {
      for (const [name, matcher] of Object.entries(matchers)) {
        if (typeof matcher !== "function") {
          throw new TypeError(
            `expect.extend: \`${name}\` is not a valid matcher. Must be a function, is "${
              typeName(matcher)
            }"`,
          );
        }
      }
      addMatchers(matchers, options);
      if (options.when) return;
      for (const [name, matcher] of Object.entries(matchers)) {
        const Custom = customAsymmetric(name, matcher);
        for (
          const [holder, inverse] of /** @type {Array<[any, boolean]>} */ ([[expect, false], [not, true]])
        ) {
          Object.defineProperty(holder, name, {
            configurable: true,
            enumerable: true,
            writable: true,
            value: (/** @type {any[]} */ ...sample) => new Custom(inverse, ...sample),
          });
        }
      }
    },
  });
  return /** @type {any} */ (expect);
}

/** @param {number} expected */
function assertions(expected) {
  const error = new Error();
  Error.captureStackTrace(error, assertions);
  changeState({ expectedAssertionsNumber: expected, expectedAssertionsNumberError: error });
}

/** @param {...any} args */
function hasAssertions(...args) {
  const error = new Error();
  Error.captureStackTrace(error, hasAssertions);
  ensureNoExpected(args[0], ".hasAssertions");
  changeState({ isExpectingAssertions: true, isExpectingAssertionsError: error });
}

/** Sets a message on an error that was captured before. @param {any} error @param {string} message */
function withMessage(error, message) {
  const stack = error.stack;
  error.message = message;
  error.stack = typeof stack === "string"
    ? stack.replace(/^Error(?=\n|$)/, () => `Error: ${message}`)
    : stack;
  return error;
}

/**
 * Failures of `assertions` and `hasAssertions` of the current test; resets the counts.
 * @returns {Array<{actual: string, expected: string, error: Error}>}
 */
export function extractExpectedAssertionsErrors() {
  const state = matcherState();
  const { assertionCalls, expectedAssertionsNumber: number } = state;
  const result = [];
  if (typeof number === "number" && assertionCalls !== number) {
    const hint = matcherHint(".assertions", "", String(number), { isDirectExpectCall: true });
    const message = `${hint}\n\nExpected ${pluralize("assertion", number)} to be called but received ${
      pluralize("assertion call", assertionCalls)
    }.`;
    result.push({
      actual: String(assertionCalls),
      error: withMessage(state.expectedAssertionsNumberError, message),
      expected: String(number),
    });
  }
  if (state.isExpectingAssertions && assertionCalls === 0) {
    const hint = matcherHint(".hasAssertions", "", "", { isDirectExpectCall: true });
    const message = `${hint}\n\nExpected at least one assertion to be called but received none.`;
    result.push({
      actual: "none",
      error: withMessage(state.isExpectingAssertionsError, message),
      expected: "at least one",
    });
  }
  changeState({
    assertionCalls: 0,
    expectedAssertionsNumber: null,
    isExpectingAssertions: false,
    numPassingAsserts: 0,
  });
  return result;
}
