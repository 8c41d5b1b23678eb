// @ts-check
// Matchers of single values: identity, equality, truth, numbers, types, strings.

import { equals } from "./equals.js";
import {
  ensureExpectedIsNonNegativeInteger,
  ensureNoExpected,
  ensureNumbers,
  getLabelPrinter,
  matcherErrorMessage,
  matcherHint,
  printDiffOrStringify,
  printExpected,
  printReceived,
  printWithType,
  stringify,
} from "./messages.js";
import { printConstructor, printReceivedConstructorNot, printSubstring } from "./printed_parts.js";
import { arrayBufferEquality, iterableEquality, sparseArrayEquality, typeEquality } from "./testers.js";
import { isPrimitive, typeName } from "./type_name.js";

/** @typedef {{isNot: boolean, promise: string, customTesters: any[], expand?: boolean}} MatcherContext */
/** @typedef {{pass: boolean, message: () => string, actual?: any, expected?: any, name?: string}} MatcherResult */

export const STRICT_TESTERS = [iterableEquality, typeEquality, sparseArrayEquality, arrayBufferEquality];

/** @param {MatcherContext} context */
const hintOptions = (context) => ({ isNot: context.isNot, promise: context.promise });
/** @param {MatcherContext} context */
const isExpand = (context) => context.expand !== false;

/**
 * A matcher without argument that looks at the received value only.
 * @param {string} name @param {(received: any) => boolean} test
 */
function unary(name, test) {
  return {
    /** @this {MatcherContext} @param {any} received @param {any} expected @returns {MatcherResult} */
    [name](received, expected) {
      const options = hintOptions(this);
      ensureNoExpected(expected, name, options);
      return {
        pass: test(received),
        message: () => `${matcherHint(name, undefined, "", options)}\n\nReceived: ${printReceived(received)}`,
      };
    },
  }[name];
}

/**
 * A matcher that orders two numbers.
 * @param {string} name @param {string} sign @param {(received: any, expected: any) => boolean} test
 */
function ordering(name, sign, test) {
  const space = " ".repeat(sign.length);
  return {
    /** @this {MatcherContext} @param {any} received @param {any} expected @returns {MatcherResult} */
    [name](received, expected) {
      const options = hintOptions(this);
      ensureNumbers(received, expected, name, options);
      const { isNot } = this;
      return {
        pass: test(received, expected),
        message: () =>
          `${matcherHint(name, undefined, undefined, options)}\n\n` +
          `Expected:${isNot ? " not" : ""} ${sign} ${printExpected(expected)}\n` +
          `Received:${isNot ? "    " : ""} ${space} ${printReceived(received)}`,
      };
    },
  }[name];
}

/** @param {string} hint @param {any} expected @param {any} received */
function printNotEqual(hint, expected, received) {
  const same = stringify(expected) === stringify(received);
  return `${hint}\n\nExpected: not ${printExpected(expected)}\n` +
    (same ? "" : `Received:     ${printReceived(received)}`);
}

/**
 * @param {string} name @param {(context: MatcherContext) => any[]} testers @param {boolean} strict
 */
function deepEquality(name, testers, strict) {
  return {
    /** @this {MatcherContext} @param {any} received @param {any} expected @returns {MatcherResult} */
    [name](received, expected) {
      const options = { comment: "deep equality", ...hintOptions(this) };
      const pass = equals(received, expected, testers(this), strict);
      const message = () => {
        const hint = matcherHint(name, undefined, undefined, options);
        if (pass) return printNotEqual(hint, expected, received);
        return `${hint}\n\n${
          printDiffOrStringify(expected, received, "Expected", "Received", isExpand(this))
        }`;
      };
      return { pass, message, actual: received, expected, name };
    },
  }[name];
}

/** @param {number} receivedDiff @param {number} expectedDiff @param {number} precision @param {boolean} isNot */
function printCloseTo(receivedDiff, expectedDiff, precision, isNot) {
  const received = stringify(receivedDiff);
  let expected = stringify(expectedDiff);
  if (received.includes("e")) expected = expectedDiff.toExponential(0);
  else if (precision >= 0 && precision < 20) expected = expectedDiff.toFixed(precision + 1);
  const space = isNot ? "    " : "";
  return `Expected precision:  ${space}  ${stringify(precision)}\n` +
    `Expected difference: ${isNot ? "not " : ""}< ${expected}\n` +
    `Received difference: ${space}  ${received}`;
}

/** @param {string} hint @param {string} generic @param {string} side @param {any} value */
function argumentError(hint, generic, side, value) {
  const print = side === "Expected" ? printExpected : printReceived;
  return matcherErrorMessage(hint, generic, printWithType(side, value, print));
}

/** @type {Record<string, Function>} */
export const valueMatchers = {
  toBeDefined: unary("toBeDefined", (received) => received !== undefined),
  toBeUndefined: unary("toBeUndefined", (received) => received === undefined),
  toBeNull: unary("toBeNull", (received) => received === null),
  toBeNaN: unary("toBeNaN", Number.isNaN),
  toBeTruthy: unary("toBeTruthy", Boolean),
  toBeFalsy: unary("toBeFalsy", (received) => !received),
  toBeNullable: unary("toBeNullable", (received) => received === null || received === undefined),

  toBeGreaterThan: ordering("toBeGreaterThan", ">", (received, expected) => received > expected),
  toBeGreaterThanOrEqual: ordering(
    "toBeGreaterThanOrEqual",
    ">=",
    (received, expected) => received >= expected,
  ),
  toBeLessThan: ordering("toBeLessThan", "<", (received, expected) => received < expected),
  toBeLessThanOrEqual: ordering("toBeLessThanOrEqual", "<=", (received, expected) => received <= expected),

  toEqual: deepEquality("toEqual", (context) => [...context.customTesters, iterableEquality], false),
  toStrictEqual: deepEquality(
    "toStrictEqual",
    (context) => [...context.customTesters, ...STRICT_TESTERS],
    true,
  ),

  /** @this {MatcherContext} @param {any} received @param {any} expected @returns {MatcherResult} */
  toBe(received, expected) {
    const options = { comment: "Object.is equality", ...hintOptions(this) };
    const pass = Object.is(received, expected);
    const message = () => {
      const hint = matcherHint("toBe", undefined, undefined, options);
      if (pass) return `${hint}\n\nExpected: not ${printExpected(expected)}`;
      const type = typeName(expected);
      let deep = null;
      if (type !== "map" && type !== "set") {
        if (equals(received, expected, [...this.customTesters, ...STRICT_TESTERS], true)) {
          deep = "toStrictEqual";
        } else if (equals(received, expected, [...this.customTesters, iterableEquality])) deep = "toEqual";
      }
      const advice = deep === null
        ? ""
        : `If it should pass with deep equality, replace "toBe" with "${deep}"\n\n`;
      return `${hint}\n\n${advice}` +
        printDiffOrStringify(expected, received, "Expected", "Received", isExpand(this));
    };
    return { pass, message, actual: received, expected, name: "toBe" };
  },

  /** @this {MatcherContext} @param {any} received @param {any} expected @param {any} precision @returns {MatcherResult} */
  toBeCloseTo(received, expected, precision = 2) {
    const { isNot } = this;
    const options = {
      ...hintOptions(this),
      secondArgument: arguments.length === 3 ? "precision" : undefined,
    };
    const hint = matcherHint("toBeCloseTo", undefined, undefined, options);
    if (typeof expected !== "number") {
      throw new TypeError(argumentError(hint, "expected value must be a number", "Expected", expected));
    }
    if (typeof received !== "number") {
      throw new TypeError(argumentError(hint, "received value must be a number", "Received", received));
    }
    let [expectedDiff, receivedDiff] = [0, 0];
    let pass = Math.abs(received) === Infinity && received === expected; // Infinity - Infinity is NaN
    if (!pass) {
      expectedDiff = Math.pow(10, -precision) / 2;
      receivedDiff = Math.abs(expected - received);
      pass = receivedDiff < expectedDiff;
    }
    const message = () => {
      const details = printCloseTo(receivedDiff, expectedDiff, precision, isNot);
      if (!pass) {
        return `${hint}\n\nExpected: ${printExpected(expected)}\nReceived: ${
          printReceived(received)
        }\n\n${details}`;
      }
      return `${hint}\n\nExpected: not ${printExpected(expected)}\n` +
        (receivedDiff === 0 ? "" : `Received:     ${printReceived(received)}\n\n${details}`);
    };
    return { pass, message };
  },

  /** @this {MatcherContext} @param {any} received @param {any} expected @returns {MatcherResult} */
  toBeInstanceOf(received, expected) {
    const hint = matcherHint("toBeInstanceOf", undefined, undefined, hintOptions(this));
    if (typeof expected !== "function") {
      throw new TypeError(argumentError(hint, "expected value must be a function", "Expected", expected));
    }
    const pass = received instanceof expected;
    const message = () => {
      const constructor = isPrimitive(received) ? undefined : received.constructor;
      if (pass) {
        const other = typeof constructor === "function" && constructor !== expected;
        return `${hint}\n\n${printConstructor("Expected constructor", expected, true, true)}` +
          (other ? printReceivedConstructorNot("Received constructor", constructor, expected) : "");
      }
      let text = `${hint}\n\n${printConstructor("Expected constructor", expected, false, true)}`;
      if (isPrimitive(received) || Object.getPrototypeOf(received) === null) {
        text += `\nReceived value has no prototype\nReceived value: ${printReceived(received)}`;
      } else if (typeof constructor === "function") {
        text += printConstructor("Received constructor", constructor, false, false);
      } else {
        text += `\nReceived value: ${printReceived(received)}`;
      }
      return text;
    };
    return { pass, message };
  },

  /** @this {MatcherContext} @param {any} received @param {any} expected @returns {MatcherResult} */
  toBeTypeOf(received, expected) {
    const options = hintOptions(this);
    const actual = typeof received;
    return {
      pass: actual === expected,
      message: () =>
        `${matcherHint("toBeTypeOf", undefined, undefined, options)}\n\n` +
        `Expected type: ${options.isNot ? "not " : ""}${printExpected(expected)}\n` +
        `Received type: ${options.isNot ? "    " : ""}${printReceived(actual)}\n` +
        `Received value: ${printReceived(received)}`,
      actual,
      expected,
    };
  },

  /** @this {MatcherContext} @param {any} received @param {any} expected @returns {MatcherResult} */
  toBeOneOf(received, expected) {
    const options = hintOptions(this);
    const hint = matcherHint("toBeOneOf", undefined, undefined, options);
    if (typeof expected?.[Symbol.iterator] !== "function") {
      throw new TypeError(
        argumentError(hint, "expected value must be an array or a set", "Expected", expected),
      );
    }
    const testers = [...this.customTesters, iterableEquality];
    return {
      pass: [...expected].some((item) => equals(received, item, testers)),
      message: () =>
        `${hint}\n\nExpected: ${options.isNot ? "not " : ""}one of ${printExpected([...expected])}\n` +
        `Received: ${printReceived(received)}`,
    };
  },

  /** @this {MatcherContext} @param {any} received @param {any} expected @returns {MatcherResult} */
  toSatisfy(received, expected) {
    const options = hintOptions(this);
    const hint = matcherHint("toSatisfy", undefined, "predicate", options);
    if (typeof expected !== "function") {
      throw new TypeError(argumentError(hint, "predicate must be a function", "Expected", expected));
    }
    return {
      pass: Boolean(expected(received)),
      message: () =>
        `${hint}\n\nExpected value ${options.isNot ? "not " : ""}to satisfy: ${printExpected(expected)}\n` +
        `Received: ${printReceived(received)}`,
    };
  },

  /** @this {MatcherContext} @param {any} received @param {any} expected @returns {MatcherResult} */
  toMatch(received, expected) {
    const hint = matcherHint("toMatch", undefined, undefined, hintOptions(this));
    if (typeof received !== "string") {
      throw new TypeError(argumentError(hint, "received value must be a string", "Received", received));
    }
    const isString = typeof expected === "string";
    if (!isString && !(expected && typeof expected.test === "function")) {
      throw new Error(
        argumentError(hint, "expected value must be a string or regular expression", "Expected", expected),
      );
    }
    const pass = isString ? received.includes(expected) : new RegExp(expected).test(received);
    const message = () => {
      const kind = isString ? "substring" : "pattern";
      if (pass) {
        return `${hint}\n\nExpected ${kind}: not ${printExpected(expected)}\n` +
          `Received string:  ${isString ? "    " : "  "}  ${printSubstring(received)}`;
      }
      const printLabel = getLabelPrinter(`Expected ${kind}`, "Received string");
      return `${hint}\n\n${printLabel(`Expected ${kind}`)}${printExpected(expected)}\n` +
        `${printLabel("Received string")}${printReceived(received)}`;
    };
    return { pass, message };
  },

  /** @this {MatcherContext} @param {any} received @param {any} expected @returns {MatcherResult} */
  toHaveLength(received, expected) {
    const { isNot } = this;
    const options = hintOptions(this);
    const hint = matcherHint("toHaveLength", undefined, undefined, options);
    if (typeof received?.length !== "number") {
      throw new TypeError(
        argumentError(
          hint,
          "received value must have a length property whose value must be a number",
          "Received",
          received,
        ),
      );
    }
    ensureExpectedIsNonNegativeInteger(expected, "toHaveLength", options);
    const message = () => {
      const valueLabel = `Received ${typeName(received)}`;
      const printLabel = getLabelPrinter("Expected length", "Received length", valueLabel);
      return `${hint}\n\n${printLabel("Expected length")}${isNot ? "not " : ""}${printExpected(expected)}\n` +
        (isNot ? "" : `${printLabel("Received length")}${printReceived(received.length)}\n`) +
        `${printLabel(valueLabel)}${isNot ? "    " : ""}${printReceived(received)}`;
    };
    return { pass: received.length === expected, message };
  },
};
