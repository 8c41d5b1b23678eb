// @ts-check
// Matchers that look into a value: items, properties, parts.

import { equals } from "./equals.js";
import {
  getLabelPrinter,
  matcherErrorMessage,
  matcherHint,
  printDiffOrStringify,
  printExpected,
  printReceived,
  printWithType,
  stringify,
  SUGGEST_TO_CONTAIN_EQUAL,
} from "./messages.js";
import { printItems, printSubstring } from "./printed_parts.js";
import { followPath, iterableEquality, objectSubset, pathParts, subsetEquality } from "./testers.js";
import { typeName } from "./type_name.js";

/** @typedef {import("./matchers_values.js").MatcherContext} MatcherContext */
/** @typedef {import("./matchers_values.js").MatcherResult} MatcherResult */

/** @param {string} hint @param {any} received */
function ensurePresent(hint, received) {
  if (received !== null && received !== undefined) return;
  throw new Error(
    matcherErrorMessage(
      hint,
      "received value must not be null nor undefined",
      printWithType("Received", received, printReceived),
    ),
  );
}

/**
 * @param {string} hint @param {string} expectedLabel @param {string} receivedLabel
 * @param {any} expected @param {string} printed the received value @param {boolean} isNot
 */
function twoLines(hint, expectedLabel, receivedLabel, expected, printed, isNot) {
  const printLabel = getLabelPrinter(expectedLabel, receivedLabel);
  return `${hint}\n\n${printLabel(expectedLabel)}${isNot ? "not " : ""}${printExpected(expected)}\n` +
    `${printLabel(receivedLabel)}${isNot ? "    " : ""}${printed}`;
}

/** @type {Record<string, Function>} */
export const collectionMatchers = {
  /** @this {MatcherContext} @param {any} received @param {any} expected @returns {MatcherResult} */
  toContain(received, expected) {
    const { isNot } = this;
    const options = { comment: "indexOf", isNot, promise: this.promise };
    const hint = matcherHint("toContain", undefined, undefined, options);
    ensurePresent(hint, received);
    if (typeof received === "string") {
      if (typeof expected !== "string") {
        throw new TypeError(
          matcherErrorMessage(
            matcherHint("toContain", received, String(expected), options),
            "expected value must be a string if received value is a string",
            `${printWithType("Expected", expected, printExpected)}\n` +
              printWithType("Received", received, printReceived),
          ),
        );
      }
      const message = () =>
        twoLines(
          hint,
          "Expected substring",
          "Received string",
          expected,
          isNot ? printSubstring(received) : printReceived(received),
          isNot,
        );
      return { pass: received.includes(expected), message };
    }
    const items = [...received];
    const pass = items.includes(expected) && items.indexOf(expected) !== -1;
    const message = () => {
      const printed = isNot && Array.isArray(received) ? printItems(received) : printReceived(received);
      const text = twoLines(
        hint,
        "Expected value",
        `Received ${typeName(received)}`,
        expected,
        printed,
        isNot,
      );
      const testers = [...this.customTesters, iterableEquality];
      const almost = !isNot && items.some((item) => equals(item, expected, testers));
      return almost ? `${text}\n\n${SUGGEST_TO_CONTAIN_EQUAL}` : text;
    };
    return { pass, message };
  },

  /** @this {MatcherContext} @param {any} received @param {any} expected @returns {MatcherResult} */
  toContainEqual(received, expected) {
    const { isNot } = this;
    const options = { comment: "deep equality", isNot, promise: this.promise };
    const hint = matcherHint("toContainEqual", undefined, undefined, options);
    ensurePresent(hint, received);
    const testers = [...this.customTesters, iterableEquality];
    const message = () => {
      const printed = isNot && Array.isArray(received) ? printItems(received) : printReceived(received);
      return twoLines(hint, "Expected value", `Received ${typeName(received)}`, expected, printed, isNot);
    };
    return { pass: [...received].some((item) => equals(item, expected, testers)), message };
  },

  /** @this {MatcherContext} @param {any} received @param {any} expectedPath @param {any} expectedValue @returns {MatcherResult} */
  toHaveProperty(received, expectedPath, expectedValue) {
    const hasValue = arguments.length === 3;
    const options = { isNot: this.isNot, promise: this.promise, secondArgument: hasValue ? "value" : "" };
    const hint = matcherHint("toHaveProperty", undefined, "path", options);
    ensurePresent(hint, received);
    const pathType = typeName(expectedPath);
    const refuse = (/** @type {string} */ generic) => {
      throw new Error(
        matcherErrorMessage(hint, generic, printWithType("Expected", expectedPath, printExpected)),
      );
    };
    if (pathType !== "string" && pathType !== "array") refuse("expected path must be a string or array");
    const length = pathType === "string" ? pathParts(expectedPath).length : expectedPath.length;
    if (pathType === "array" && length === 0) refuse("expected path must not be an empty array");

    const { value, found, defined, lastObject, traversed } = followPath(received, expectedPath);
    const complete = traversed.length === length;
    const receivedValue = complete ? value : lastObject;
    const pass = hasValue && defined
      ? equals(value, expectedValue, [...this.customTesters, iterableEquality])
      : found;
    const message = () => {
      if (pass && hasValue) {
        const same = stringify(expectedValue) === stringify(receivedValue);
        return `${hint}\n\nExpected path: ${printExpected(expectedPath)}\n\n` +
          `Expected value: not ${printExpected(expectedValue)}` +
          (same ? "" : `\nReceived value:     ${printReceived(receivedValue)}`);
      }
      if (pass) {
        return `${hint}\n\nExpected path: not ${printExpected(expectedPath)}\n\n` +
          `Received value: ${printReceived(receivedValue)}`;
      }
      const start = `${hint}\n\nExpected path: ${printExpected(expectedPath)}\n`;
      if (complete) {
        const expand = this.expand !== false;
        return `${start}\n` +
          printDiffOrStringify(expectedValue, receivedValue, "Expected value", "Received value", expand);
      }
      const shown = pathType === "array" || traversed.length === 0 ? traversed : traversed.join(".");
      return `${start}Received path: ${printReceived(shown)}\n\n` +
        (hasValue ? `Expected value: ${printExpected(expectedValue)}\n` : "") +
        `Received value: ${printReceived(receivedValue)}`;
    };
    return { pass, message };
  },

  /** @this {MatcherContext} @param {any} received @param {any} expected @returns {MatcherResult} */
  toMatchObject(received, expected) {
    const options = { isNot: this.isNot, promise: this.promise };
    const hint = matcherHint("toMatchObject", undefined, undefined, options);
    for (const [side, value] of /** @type {const} */ ([["received", received], ["expected", expected]])) {
      if (typeof value === "object" && value !== null) continue;
      const label = side === "received" ? "Received" : "Expected";
      throw new Error(
        matcherErrorMessage(
          hint,
          `${side} value must be a non-null object`,
          printWithType(label, value, side === "received" ? printReceived : printExpected),
        ),
      );
    }
    const pass = equals(received, expected, [...this.customTesters, iterableEquality, subsetEquality]);
    const message = () => {
      if (pass) {
        const same = stringify(expected) === stringify(received);
        return `${hint}\n\nExpected: not ${printExpected(expected)}` +
          (same ? "" : `\nReceived:     ${printReceived(received)}`);
      }
      const part = objectSubset(received, expected, this.customTesters);
      return `${hint}\n\n` +
        printDiffOrStringify(expected, part, "Expected", "Received", this.expand !== false);
    };
    return { pass, message, actual: received, expected };
  },
};
