// @ts-check
// Matchers of mock functions that Vitest has beyond Jest's: order, exactly once, settled results.

import { equals } from "./equals.js";
import { callsOf, isEqualCall, isMock, notMock, PRINT_LIMIT, resultsOf } from "./matchers_mock.js";
import { matcherHint, printExpected, printReceived } from "./messages.js";
import { printExpectedArgs, printReceivedArgs } from "./printed_calls.js";

/** @typedef {import("./matchers_values.js").MatcherContext} MatcherContext */
/** @typedef {import("./matchers_values.js").MatcherResult} MatcherResult */
/** @typedef {{type: string, value: any}} CallResult */

/** @param {any} context */
const plainOptions = (context) => ({ isNot: context.isNot, promise: context.promise });

/** @param {any} mock @param {string} name @param {any} options */
function firstOrder(mock, name, options) {
  if (!isMock(mock)) throw notMock("mock function", mock, name, "expected", options);
  return mock.mock.invocationCallOrder;
}

/** @param {string} name @param {(own: number[], other: number[]) => boolean} test */
function callOrder(name, test) {
  /** @this {MatcherContext} @param {any} received @param {any} expected @returns {MatcherResult} */
  return function (received, expected) {
    const options = plainOptions(this);
    const own = firstOrder(received, name, options);
    const other = firstOrder(expected, name, options);
    return {
      pass: test(own, other),
      message: () =>
        `${matcherHint(name, received.getMockName(), expected.getMockName(), options)}\n\n` +
        `Invocation order of ${received.getMockName()}: ${printReceived(own)}\n` +
        `Invocation order of ${expected.getMockName()}: ${printExpected(other)}`,
    };
  };
}

/** @this {MatcherContext} @param {any} received @param {...any} expected @returns {MatcherResult} */
function toHaveBeenCalledExactlyOnceWith(received, ...expected) {
  const options = plainOptions(this);
  const name = "toHaveBeenCalledExactlyOnceWith";
  const { name: mockName, calls } = callsOf(received, name, "...expected", options);
  const pass = calls.length === 1 && isEqualCall(expected, calls[0]);
  const message = () =>
    `${matcherHint(name, mockName, "...expected", options)}\n\n` +
    `Expected: ${pass ? "not " : ""}${printExpectedArgs(expected)}\n` +
    calls.slice(0, PRINT_LIMIT).map((args) => `Received: ${printReceivedArgs(args, expected)}\n`).join("") +
    `\nNumber of calls: ${printReceived(calls.length)}`;
  return { pass, message };
}

/** @this {MatcherContext} @param {any} received @returns {MatcherResult} */
function toHaveBeenCalledOnce(received) {
  const options = plainOptions(this);
  const { name, calls } = callsOf(received, "toHaveBeenCalledOnce", "", options);
  const pass = calls.length === 1;
  const message = () =>
    `${matcherHint("toHaveBeenCalledOnce", name, "", options)}\n\n` +
    `Expected number of calls: ${pass ? "not " : ""}${printExpected(1)}` +
    (pass ? "" : `\nReceived number of calls: ${printReceived(calls.length)}`);
  return { pass, message };
}

/** @this {MatcherContext} @param {any} received @returns {MatcherResult} */
function toHaveResolved(received) {
  const options = plainOptions(this);
  resultsOf(received, "toHaveResolved", "", options);
  const settled = received.mock.settledResults;
  return {
    pass: settled.some((/** @type {CallResult} */ result) => result.type === "fulfilled"),
    message: () =>
      `${matcherHint("toHaveResolved", received.getMockName(), "", options)}\n\n` +
      `Settled results: ${printReceived(settled)}`,
  };
}

/** @this {MatcherContext} @param {any} received @param {any} expected @returns {MatcherResult} */
function toHaveResolvedWith(received, expected) {
  const options = plainOptions(this);
  resultsOf(received, "toHaveResolvedWith", "expected", options);
  const settled = received.mock.settledResults;
  return {
    pass: settled.some((/** @type {CallResult} */ result) =>
      result.type === "fulfilled" && equals(expected, result.value, this.customTesters)
    ),
    message: () =>
      `${matcherHint("toHaveResolvedWith", received.getMockName(), "expected", options)}\n\n` +
      `Expected: ${options.isNot ? "not " : ""}${printExpected(expected)}\nSettled results: ${
        printReceived(settled)
      }`,
  };
}

/** @type {Record<string, Function>} */
export const vitestMockMatchers = {
  toHaveBeenCalledOnce,
  toHaveBeenCalledExactlyOnceWith,
  toHaveBeenCalledBefore: callOrder(
    "toHaveBeenCalledBefore",
    (own, other) => own.length > 0 && own[0] < (other[0] ?? Infinity),
  ),
  toHaveBeenCalledAfter: callOrder(
    "toHaveBeenCalledAfter",
    (own, other) => own.length > 0 && other.length > 0 && own[0] > other[0],
  ),
  toHaveResolved,
  toHaveResolvedWith,
};
