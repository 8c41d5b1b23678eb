// @ts-check
// Matchers of mock functions: what they were called with and what they returned.

import {
  ensureExpectedIsNonNegativeInteger,
  ensureNoExpected,
  matcherErrorMessage,
  matcherHint,
  printExpected,
  printReceived,
  printWithType,
  stringify,
} from "./messages.js";
import {
  isEqualValue,
  printCallsNegative,
  printCallsPositive,
  printExpectedArgs,
  printReceivedArgs,
  printResults,
} from "./printed_calls.js";

/** @typedef {import("./matchers_values.js").MatcherContext} MatcherContext */
/** @typedef {import("./matchers_values.js").MatcherResult} MatcherResult */
/** @typedef {{type: string, value: any}} CallResult */

export const PRINT_LIMIT = 3;

/** @param {any} value */
export const isMock = (value) => value?._isMockFunction === true;
/** @param {any} value a spy of Jasmine's kind */
const isSpy = (value) => typeof value?.calls?.all === "function" && typeof value.calls.count === "function";

/**
 * @param {any} received @param {string} name @param {string} argument @param {any} options
 * @returns {{name: string, calls: any[][], results: CallResult[]}}
 */
export function callsOf(received, name, argument, options) {
  if (isMock(received)) {
    return { name: received.getMockName(), calls: received.mock.calls, results: received.mock.results };
  }
  if (isSpy(received)) {
    return {
      name: "spy",
      calls: received.calls.all().map((/** @type {any} */ call) => call.args),
      results: [],
    };
  }
  throw notMock("mock or spy function", received, name, argument, options);
}

/** @param {any} received @param {string} name @param {string} argument @param {any} options */
export function resultsOf(received, name, argument, options) {
  if (!isMock(received)) throw notMock("mock function", received, name, argument, options);
  return callsOf(received, name, argument, options);
}

/** @param {string} what @param {any} received @param {string} name @param {string} argument @param {any} options */
export function notMock(what, received, name, argument, options) {
  return new Error(
    matcherErrorMessage(
      matcherHint(name, undefined, argument, options),
      `received value must be a ${what}`,
      printWithType("Received", received, printReceived),
    ),
  );
}

/** @param {any[]} expected @param {any[]} call */
export const isEqualCall = (expected, call) =>
  call.length === expected.length && isEqualValue(expected, call);
/** @param {any} expected @param {CallResult} result */
const isEqualReturn = (expected, result) => result.type === "return" && isEqualValue(expected, result.value);
/** @param {CallResult[]} results */
const countReturns = (results) => results.filter((result) => result.type === "return").length;

/** @template T @param {T[]} items @param {number[]} indices @returns {Array<[number, T]>} */
const pick = (items, indices) => indices.map((i) => [i, items[i]]);

/** The first indices that satisfy, a few. @param {any[]} items @param {(item: any) => boolean} test */
function firstIndices(items, test) {
  const indices = [];
  for (let i = 0; i < items.length && indices.length < PRINT_LIMIT; i++) {
    if (test(items[i])) indices.push(i);
  }
  return indices;
}

/** The nearest index in a direction that satisfies, else the adjacent one. @param {any[]} items @param {number} from @param {number} step @param {(item: any) => boolean} test */
function nearest(items, from, step, test) {
  for (let i = from; i >= 0 && i < items.length; i += step) {
    if (test(items[i])) return i;
  }
  return from;
}

/**
 * What to show of calls or results around one index, when the assertion failed.
 * @param {any[]} items @param {number} at @param {(item: any) => boolean} same
 */
function aroundFailure(items, at, same) {
  if (at >= items.length) return items.length > 0 ? [nearest(items, items.length - 1, -1, same)] : [];
  const indices = [];
  if (at > 0) indices.push(nearest(items, at - 1, -1, same));
  indices.push(at);
  if (at + 1 < items.length) indices.push(nearest(items, at + 1, 1, same));
  return indices;
}

/** @param {any[]} items @param {number} at */
function aroundSuccess(items, at) {
  return [at - 1, at, at + 1].filter((i) => i >= 0 && i < items.length);
}

/** @param {CallResult[]} results @param {any[][]} calls */
function returnCounts(results, calls) {
  const returns = countReturns(results);
  return `\nNumber of returns: ${printReceived(returns)}` +
    (calls.length === returns ? "" : `\nNumber of calls:   ${printReceived(calls.length)}`);
}

/** @param {string} name @param {any} nth @param {any} options */
function ensurePosition(name, nth, options) {
  if (Number.isSafeInteger(nth) && nth >= 1) return;
  throw new Error(
    matcherErrorMessage(
      matcherHint(name, undefined, "n", options),
      "n must be a positive integer",
      printWithType("n", nth, stringify),
    ),
  );
}

/**
 * toHaveBeenCalledWith and its relatives.
 * @param {string} name @param {"any" | "last" | "nth"} which
 */
function calledWith(name, which) {
  const argument = which === "nth" ? "n" : "...expected";
  /** @this {MatcherContext} @param {any} received @param {...any} rest @returns {MatcherResult} */
  return function (received, ...rest) {
    const nth = which === "nth" ? rest.shift() : 0;
    const expected = rest;
    const options = {
      isNot: this.isNot,
      promise: this.promise,
      ...(which === "nth" ? { secondArgument: "...expected" } : {}),
    };
    const { name: mockName, calls } = callsOf(received, name, argument, options);
    if (which === "nth") ensurePosition(name, nth, options);
    const same = (/** @type {any[]} */ call) => isEqualCall(expected, call);
    const at = which === "any" ? undefined : which === "last" ? calls.length - 1 : nth - 1;
    const pass = at === undefined ? calls.some(same) : at >= 0 && at < calls.length && same(calls[at]);
    const message = () => {
      const start = `${matcherHint(name, mockName, argument, options)}\n\n${
        which === "nth" ? `n: ${nth}\n` : ""
      }`;
      const end = `\nNumber of calls: ${printReceived(calls.length)}`;
      const only = calls.length === 1;
      if (pass) {
        const shown = at === undefined
          ? firstIndices(calls, same)
          : which === "last"
          ? aroundSuccess(calls, at).filter((i) => i <= at)
          : aroundSuccess(calls, at);
        const obvious = only && stringify(calls[0]) === stringify(expected);
        return `${start}Expected: not ${printExpectedArgs(expected)}\n` +
          (obvious ? "" : printCallsNegative(expected, pick(calls, shown), only, at)) + end;
      }
      const shown = at === undefined
        ? firstIndices(calls, () => true)
        : at < 0
        ? []
        : aroundFailure(calls, at, same);
      return start + printCallsPositive(expected, pick(calls, shown), this.expand !== false, only, at) + end;
    };
    return { pass, message };
  };
}

/**
 * toHaveReturnedWith and its relatives.
 * @param {string} name @param {"any" | "last" | "nth"} which
 */
function returnedWith(name, which) {
  const argument = which === "nth" ? "n" : "expected";
  /** @this {MatcherContext} @param {any} received @param {...any} rest @returns {MatcherResult} */
  return function (received, ...rest) {
    const nth = which === "nth" ? rest.shift() : 0;
    const expected = rest[0];
    const options = {
      isNot: this.isNot,
      promise: this.promise,
      ...(which === "nth" ? { secondArgument: "expected" } : {}),
    };
    const { name: mockName, calls, results } = resultsOf(received, name, argument, options);
    if (which === "nth") ensurePosition(name, nth, options);
    const same = (/** @type {CallResult} */ result) => isEqualReturn(expected, result);
    const at = which === "any" ? undefined : which === "last" ? results.length - 1 : nth - 1;
    const pass = at === undefined ? results.some(same) : at >= 0 && at < results.length && same(results[at]);
    const message = () => {
      const start = `${matcherHint(name, mockName, argument, options)}\n\n${
        which === "nth" ? `n: ${nth}\n` : ""
      }`;
      const end = returnCounts(results, calls);
      const only = results.length === 1;
      if (pass) {
        const shown = at === undefined
          ? firstIndices(results, same)
          : which === "last"
          ? aroundSuccess(results, at).filter((i) => i <= at)
          : aroundSuccess(results, at);
        const obvious = only && results[0].type === "return" &&
          stringify(results[0].value) === stringify(expected);
        return `${start}Expected: not ${printExpected(expected)}\n` +
          (obvious ? "" : printResults("Received:     ", expected, pick(results, shown), only, at)) + end;
      }
      const shown = at === undefined
        ? firstIndices(results, () => true)
        : at < 0
        ? []
        : aroundFailure(results, at, same);
      return `${start}Expected: ${printExpected(expected)}\n` +
        printResults("Received: ", expected, pick(results, shown), only, at) + end;
    };
    return { pass, message };
  };
}

/** @param {any} context */
const plainOptions = (context) => ({ isNot: context.isNot, promise: context.promise });

/** toHaveBeenCalled. @param {string} name */
function called(name) {
  /** @this {MatcherContext} @param {any} received @param {any} expected @returns {MatcherResult} */
  return function (received, expected) {
    const options = plainOptions(this);
    ensureNoExpected(expected, name, options);
    const { name: mockName, calls } = callsOf(received, name, "", options);
    const pass = calls.length > 0;
    const message = () => {
      const hint = matcherHint(name, mockName, "", options);
      if (!pass) {
        return `${hint}\n\nExpected number of calls: >= ${printExpected(1)}\n` +
          `Received number of calls:    ${printReceived(0)}`;
      }
      const lines = calls.slice(0, PRINT_LIMIT).map((args, i) => `${i + 1}: ${printReceivedArgs(args)}`);
      return `${hint}\n\nExpected number of calls: ${printExpected(0)}\n` +
        `Received number of calls: ${printReceived(calls.length)}\n\n${lines.join("\n")}`;
    };
    return { pass, message };
  };
}

/** toHaveReturned. @param {string} name */
function returned(name) {
  /** @this {MatcherContext} @param {any} received @param {any} expected @returns {MatcherResult} */
  return function (received, expected) {
    const options = plainOptions(this);
    ensureNoExpected(expected, name, options);
    const { name: mockName, calls, results } = resultsOf(received, name, "", options);
    const count = countReturns(results);
    const message = () => {
      const hint = matcherHint(name, mockName, "", options);
      const others = calls.length === count ? "" : printReceived(calls.length);
      if (count === 0) {
        return `${hint}\n\nExpected number of returns: >= ${printExpected(1)}\n` +
          `Received number of returns:    ${printReceived(count)}` +
          (others && `\nReceived number of calls:      ${others}`);
      }
      const lines = [];
      for (const [i, result] of results.entries()) {
        if (result.type === "return" && lines.length < PRINT_LIMIT) {
          lines.push(`${i + 1}: ${printReceived(result.value)}`);
        }
      }
      return `${hint}\n\nExpected number of returns: ${printExpected(0)}\n` +
        `Received number of returns: ${printReceived(count)}\n\n${lines.join("\n")}` +
        (others && `\n\nReceived number of calls:   ${others}`);
    };
    return { pass: count > 0, message };
  };
}

/** toHaveBeenCalledTimes. @param {string} name */
function calledTimes(name) {
  /** @this {MatcherContext} @param {any} received @param {any} expected @returns {MatcherResult} */
  return function (received, expected) {
    const options = plainOptions(this);
    ensureExpectedIsNonNegativeInteger(expected, name, options);
    const { name: mockName, calls } = callsOf(received, name, "expected", options);
    const pass = calls.length === expected;
    const message = () =>
      `${matcherHint(name, mockName, "expected", options)}\n\n` +
      `Expected number of calls: ${pass ? "not " : ""}${printExpected(expected)}` +
      (pass ? "" : `\nReceived number of calls: ${printReceived(calls.length)}`);
    return { pass, message };
  };
}

/** toHaveReturnedTimes. @param {string} name */
function returnedTimes(name) {
  /** @this {MatcherContext} @param {any} received @param {any} expected @returns {MatcherResult} */
  return function (received, expected) {
    const options = plainOptions(this);
    ensureExpectedIsNonNegativeInteger(expected, name, options);
    const { name: mockName, calls, results } = resultsOf(received, name, "expected", options);
    const count = countReturns(results);
    const pass = count === expected;
    const message = () => {
      const hint = matcherHint(name, mockName, "expected", options);
      const others = calls.length === count ? "" : printReceived(calls.length);
      if (pass) {
        return `${hint}\n\nExpected number of returns: not ${printExpected(expected)}` +
          (others && `\n\nReceived number of calls:       ${others}`);
      }
      return `${hint}\n\nExpected number of returns: ${printExpected(expected)}\n` +
        `Received number of returns: ${printReceived(count)}` +
        (others && `\nReceived number of calls:   ${others}`);
    };
    return { pass, message };
  };
}

/** @type {Record<string, Function>} */
export const mockMatchers = {};

// Each with the name that Jest gave it before version 30: the messages say the one that the test uses.
for (
  const [make, ...names] of /** @type {Array<[(name: string) => Function, string, string]>} */ ([
    [called, "toHaveBeenCalled", "toBeCalled"],
    [calledTimes, "toHaveBeenCalledTimes", "toBeCalledTimes"],
    [(name) => calledWith(name, "any"), "toHaveBeenCalledWith", "toBeCalledWith"],
    [(name) => calledWith(name, "last"), "toHaveBeenLastCalledWith", "lastCalledWith"],
    [(name) => calledWith(name, "nth"), "toHaveBeenNthCalledWith", "nthCalledWith"],
    [returned, "toHaveReturned", "toReturn"],
    [returnedTimes, "toHaveReturnedTimes", "toReturnTimes"],
    [(name) => returnedWith(name, "any"), "toHaveReturnedWith", "toReturnWith"],
    [(name) => returnedWith(name, "last"), "toHaveLastReturnedWith", "lastReturnedWith"],
    [(name) => returnedWith(name, "nth"), "toHaveNthReturnedWith", "nthReturnedWith"],
  ])
) {
  for (const name of names) mockMatchers[name] = make(name);
}
