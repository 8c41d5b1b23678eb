// @ts-check
// The sentences of failed assertions, word for word as Jest 30 prints them without colours. All of it is
// also `this.utils` of custom matchers.

import { diffCharacters, diffStrings, diffValues } from "./diff.js";
import { format } from "./format.js";
import { copyForDiff, isReplaceable, ReplaceablePart } from "./diff_copy.js";
import { isPrimitive, typeName } from "./type_name.js";

const TEXT_LIMIT = 10_000;
const DIFF_STRING_LIMIT = 20_000;
const NUMBERS = "zero one two three four five six seven eight nine ten eleven twelve thirteen".split(" ");

/** @param {any} text */
const plain = (text) => String(text);
export const EXPECTED_COLOR = plain;
export const RECEIVED_COLOR = plain;
export const INVERTED_COLOR = plain;
export const BOLD_WEIGHT = plain;
export const DIM_COLOR = plain;

export const SUGGEST_TO_CONTAIN_EQUAL =
  "Looks like you wanted to test for object/array equality with the stricter `toContain` matcher. You probably need to use `toContainEqual` instead.";

/**
 * One line of text for a value; deep and wide values are cut.
 * @param {any} value @param {number} [maxDepth] @param {number} [maxWidth] @returns {string}
 */
export function stringify(value, maxDepth = 10, maxWidth = 10) {
  let text;
  try {
    text = format(value, { maxDepth, maxWidth, min: true });
  } catch {
    text = format(value, { callToJSON: false, maxDepth, maxWidth, min: true }); // its toJSON threw
  }
  if (text.length < TEXT_LIMIT) return text;
  if (maxDepth > 1) return stringify(value, Math.floor(maxDepth / 2), maxWidth);
  return maxWidth > 1 ? stringify(value, maxDepth, Math.floor(maxWidth / 2)) : text;
}

/** Shows spaces at line ends as middle dots. @param {string} text */
function showTrailingSpaces(text) {
  return text.replaceAll(/\s+$/gm, (spaces) => "\u00B7".repeat(spaces.length));
}

/** @param {any} value */
export function printReceived(value) {
  return showTrailingSpaces(stringify(value));
}

/** @param {any} value */
export function printExpected(value) {
  return showTrailingSpaces(stringify(value));
}

/** @param {string} text */
export const highlightTrailingWhitespace = (text) => text;

/** @param {string} name @param {any} value @param {(value: any) => string} print */
export function printWithType(name, value, print) {
  const type = typeName(value);
  const hasType = type !== "null" && type !== "undefined" ? `${name} has type:  ${type}\n` : "";
  return `${hasType}${name} has value: ${print(value)}`;
}

/** @param {string} word @param {number} count */
export function pluralize(word, count) {
  return `${NUMBERS[count] ?? count} ${word}${count === 1 ? "" : "s"}`;
}

/** Aligns the values after several labels. @param {...string} labels */
export function getLabelPrinter(...labels) {
  const width = Math.max(0, ...labels.map((label) => label.length));
  return (/** @type {string} */ label) => `${label}: ${" ".repeat(width - label.length)}`;
}

/** @param {string} hint @param {string} generic @param {string} [specific] */
export function matcherErrorMessage(hint, generic, specific) {
  return `${hint}\n\nMatcher error: ${generic}${typeof specific === "string" ? `\n\n${specific}` : ""}`;
}

/**
 * The first line of a message: `expect(received).not.toBe(expected) // Object.is equality`.
 * @param {string} matcherName @param {string} [received] @param {string} [expected] @param {any} [options]
 */
export function matcherHint(matcherName, received = "received", expected = "expected", options = {}) {
  const { comment = "", isDirectExpectCall = false, isNot = false, promise = "", secondArgument = "" } =
    options;
  let hint = "expect";
  if (!isDirectExpectCall && received !== "") hint += `(${received})`;
  if (promise !== "") hint += `.${promise}`;
  if (isNot) hint += ".not";
  hint += matcherName.includes(".") ? matcherName : `.${matcherName}`;
  hint += expected === "" ? "()" : `(${expected}${secondArgument ? `, ${secondArgument}` : ""})`;
  return comment === "" ? hint : `${hint} // ${comment}`;
}

/** @param {string} name @param {any} options */
function matcherString(name, options) {
  return (options ? "" : "[.not]") + name;
}

/** @param {any} expected @param {string} matcherName @param {any} [options] */
export function ensureNoExpected(expected, matcherName, options) {
  if (expected === undefined) return;
  throw new Error(
    matcherErrorMessage(
      matcherHint(matcherString(matcherName, options), undefined, "", options),
      "this matcher must not have an expected argument",
      printWithType("Expected", expected, printExpected),
    ),
  );
}

/** @param {any} value */
const isNumeric = (value) => typeof value === "number" || typeof value === "bigint";

/** @param {any} actual @param {string} matcherName @param {any} [options] */
export function ensureActualIsNumber(actual, matcherName, options) {
  if (isNumeric(actual)) return;
  throw new Error(
    matcherErrorMessage(
      matcherHint(matcherString(matcherName, options), undefined, undefined, options),
      "received value must be a number or bigint",
      printWithType("Received", actual, printReceived),
    ),
  );
}

/** @param {any} expected @param {string} matcherName @param {any} [options] */
export function ensureExpectedIsNumber(expected, matcherName, options) {
  if (isNumeric(expected)) return;
  throw new Error(
    matcherErrorMessage(
      matcherHint(matcherString(matcherName, options), undefined, undefined, options),
      "expected value must be a number or bigint",
      printWithType("Expected", expected, printExpected),
    ),
  );
}

/** @param {any} actual @param {any} expected @param {string} matcherName @param {any} [options] */
export function ensureNumbers(actual, expected, matcherName, options) {
  ensureActualIsNumber(actual, matcherName, options);
  ensureExpectedIsNumber(expected, matcherName, options);
}

/** @param {any} expected @param {string} matcherName @param {any} [options] */
export function ensureExpectedIsNonNegativeInteger(expected, matcherName, options) {
  if (Number.isSafeInteger(expected) && expected >= 0) return;
  throw new Error(
    matcherErrorMessage(
      matcherHint(matcherString(matcherName, options), undefined, undefined, options),
      "expected value must be a non-negative integer",
      printWithType("Expected", expected, printExpected),
    ),
  );
}

/** @param {any} a @param {any} b @param {any} [options] */
export function diff(a, b, options) {
  const type = typeof a;
  const pointless = type === typeof b && (type === "number" || type === "bigint" || type === "boolean");
  return pointless ? null : diffValues(a, b, options);
}

/** Can a line diff of the two say more than their one-line texts? @param {any} expected @param {any} received */
function isLineDiffable(expected, received) {
  const type = typeName(expected);
  if (type !== typeName(received)) return false;
  if (isPrimitive(expected)) {
    return type === "string" && expected.length > 0 && received.length > 0 &&
      (expected.includes("\n") || received.includes("\n"));
  }
  if (type === "date" || type === "function" || type === "regexp") return false;
  if (expected instanceof Error && received instanceof Error) return false;
  return !(type === "object" && typeof received.asymmetricMatch === "function");
}

/**
 * Either a diff, or the two values on a line each.
 * @param {any} expected @param {any} received @param {string} expectedLabel @param {string} receivedLabel @param {boolean} [expand]
 * @returns {string}
 */
export function printDiffOrStringify(expected, received, expectedLabel, receivedLabel, expand = true) {
  const annotations = {
    aAnnotation: expectedLabel,
    bAnnotation: receivedLabel,
    expand,
    includeChangeCounts: true,
  };
  const printLabel = getLabelPrinter(expectedLabel, receivedLabel);
  if (
    typeof expected === "string" && typeof received === "string" && expected !== received &&
    expected.length > 0 && received.length > 0 &&
    expected.length <= DIFF_STRING_LIMIT && received.length <= DIFF_STRING_LIMIT
  ) {
    if (expected.includes("\n") || received.includes("\n")) {
      return diffStrings(expected, received, { ...annotations, emptyFirstOrLastLinePlaceholder: "↵" });
    }
    return `${printLabel(expectedLabel)}${printExpected(expected)}\n` +
      `${printLabel(receivedLabel)}${printReceived(received)}`;
  }
  if (isLineDiffable(expected, received)) {
    const { replacedExpected, replacedReceived } = replaceMatchedToAsymmetricMatcher(expected, received);
    const difference = diffValues(replacedExpected, replacedReceived, annotations);
    if (difference?.includes(`- ${expectedLabel}`) && difference.includes(`+ ${receivedLabel}`)) {
      return difference;
    }
  }
  const same = stringify(expected) === stringify(received);
  if (same && expected instanceof Error && received instanceof Error) {
    const [a, b] = [errorParts(expected), errorParts(received)];
    const difference = diffValues(a, b, annotations);
    if (difference?.includes(`- ${expectedLabel}`)) return difference;
  }
  return `${printLabel(expectedLabel)}${printExpected(expected)}\n` +
    `${printLabel(receivedLabel)}${same ? "serializes to the same string" : printReceived(received)}`;
}

/** What makes two errors of one text different. @param {any} error */
function errorParts(error) {
  return {
    class: error.constructor?.name,
    name: error.name,
    message: error.message,
    cause: error.cause,
    errors: error.errors,
  };
}

/**
 * Copies of both values in which what an asymmetric matcher accepted shows as that matcher on both sides,
 * so that it is no difference.
 * @param {any} expected @param {any} received
 */
export function replaceMatchedToAsymmetricMatcher(expected, received) {
  return replaceMatched(copyForDiff(expected), copyForDiff(received), [], []);
}

/** @param {any} value */
function isAsymmetric(value) {
  return typeName(value) === "object" && typeof value.asymmetricMatch === "function";
}

/** @param {any} expected @param {any} received @param {any[]} expectedSeen @param {any[]} receivedSeen */
function replaceMatched(expected, received, expectedSeen, receivedSeen) {
  const unchanged = { replacedExpected: expected, replacedReceived: received };
  if (!isReplaceable(expected, received)) return unchanged;
  if (expectedSeen.includes(expected) || receivedSeen.includes(received)) return unchanged;
  expectedSeen.push(expected);
  receivedSeen.push(received);
  const expectedPart = new ReplaceablePart(expected);
  const receivedPart = new ReplaceablePart(received);
  for (const [key, expectedValue] of expectedPart.entries()) {
    const receivedValue = receivedPart.get(key);
    if (isAsymmetric(expectedValue)) {
      if (expectedValue.asymmetricMatch(receivedValue)) receivedPart.set(key, expectedValue);
    } else if (isAsymmetric(receivedValue)) {
      if (receivedValue.asymmetricMatch(expectedValue)) expectedPart.set(key, receivedValue);
    } else if (isReplaceable(expectedValue, receivedValue)) {
      const replaced = replaceMatched(expectedValue, receivedValue, expectedSeen, receivedSeen);
      expectedPart.set(key, replaced.replacedExpected);
      receivedPart.set(key, replaced.replacedReceived);
    }
  }
  return unchanged;
}

export { diffCharacters };
