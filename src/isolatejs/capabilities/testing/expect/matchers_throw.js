// @ts-check
// toThrow: by message, pattern, class, error object or asymmetric matcher.

import {
  matcherErrorMessage,
  matcherHint,
  printDiffOrStringify,
  printExpected,
  printReceived,
  printWithType,
} from "./messages.js";
import { printConstructor, printReceivedConstructorNot, printSubstring } from "./printed_parts.js";
import { visibleStack } from "../suite/stack.js";

/** @typedef {import("./matchers_values.js").MatcherContext} MatcherContext */
/** @typedef {import("./matchers_values.js").MatcherResult} MatcherResult */
/** @typedef {{hasMessage: boolean, isError: boolean, message: string, value: any}} Thrown */

const DID_NOT_THROW = "Received function did not throw";

/** @param {any} value @returns {Thrown} */
function describeThrown(value) {
  const hasMessage = value !== null && value !== undefined && typeof value.message === "string";
  const isError = hasMessage && typeof value.name === "string" && typeof value.stack === "string";
  return { hasMessage, isError, message: hasMessage ? value.message : String(value), value };
}

/** @param {any} value */
function isError(value) {
  const tag = Object.prototype.toString.call(value);
  return tag === "[object Error]" || tag === "[object Exception]" || tag === "[object DOMException]" ||
    value instanceof Error;
}

/**
 * @param {string} name of the matcher
 * @param {boolean} fromPromise the received value is itself the rejection's reason
 */
export function throwMatcher(name, fromPromise) {
  /** @this {MatcherContext} @param {any} received @param {any} expected @returns {MatcherResult} */
  return function (received, expected) {
    const options = { isNot: this.isNot, promise: this.promise };
    /** @type {Thrown | null} */
    let thrown = null;
    if (fromPromise && isError(received)) {
      thrown = describeThrown(received);
    } else if (typeof received === "function") {
      try {
        received();
      } catch (error) {
        thrown = describeThrown(error);
      }
    } else if (!fromPromise) {
      throw new Error(
        matcherErrorMessage(
          matcherHint(name, undefined, expected === undefined ? "" : "expected", options),
          "received value must be a function",
          printWithType("Received", received, printReceived),
        ),
      );
    }
    if (expected === undefined) return anything(matcherHint(name, undefined, "", options), thrown);
    const hint = matcherHint(name, undefined, undefined, options);
    if (typeof expected === "function") return ofClass(hint, thrown, expected);
    if (typeof expected === "string") return ofSubstring(hint, thrown, expected);
    if (expected !== null && typeof expected.test === "function") return ofPattern(hint, thrown, expected);
    if (expected !== null && typeof expected.asymmetricMatch === "function") {
      return ofAsymmetric(hint, thrown, expected);
    }
    if (expected !== null && typeof expected === "object") return ofError(hint, thrown, expected);
    throw new Error(
      matcherErrorMessage(
        hint,
        "expected value must be a string or regular expression or class or error",
        printWithType("Expected", expected, printExpected),
      ),
    );
  };
}

/** @param {Thrown | null} thrown */
function stackOf(thrown) {
  return thrown?.isError ? visibleStack(thrown.value) : "";
}

/** @param {string} label @param {Thrown} thrown */
const messageLine = (label, thrown) => `${label}${printReceived(thrown.message)}\n`;
/** The message with nothing hidden. @param {string} label @param {Thrown} thrown */
const rawMessageLine = (label, thrown) => `${label}${printSubstring(thrown.message)}\n`;
/** @param {string} label @param {Thrown | null} thrown */
const valueLine = (label, thrown) =>
  thrown === null || thrown.isError ? "" : `${label}${printReceived(thrown.value)}\n`;
/** @param {string} label @param {Thrown} thrown */
const nameLine = (label, thrown) => thrown.isError ? `${label}${printReceived(thrown.value.name)}\n` : "";

/** @param {string} hint @param {Thrown | null} thrown @returns {MatcherResult} */
function anything(hint, thrown) {
  const message = () => {
    if (thrown === null) return `${hint}\n\n${DID_NOT_THROW}`;
    if (!thrown.hasMessage) return `${hint}\n\n${valueLine("Thrown value: ", thrown)}`;
    return `${hint}\n\n${nameLine("Error name:    ", thrown)}${messageLine("Error message: ", thrown)}` +
      stackOf(thrown);
  };
  return { pass: thrown !== null, message };
}

/** @param {string} hint @param {Thrown | null} thrown @param {string} expected @returns {MatcherResult} */
function ofSubstring(hint, thrown, expected) {
  const pass = thrown !== null && thrown.message.includes(expected);
  const message = () => {
    const not = pass ? "not " : "";
    const start = `${hint}\n\nExpected substring: ${not}${printExpected(expected)}\n`;
    if (thrown === null) return `${start}\n${DID_NOT_THROW}`;
    if (!thrown.hasMessage) return start + valueLine(`Received value:     ${pass ? "    " : ""}`, thrown);
    const line = pass
      ? rawMessageLine("Received message:       ", thrown)
      : messageLine("Received message:   ", thrown);
    return start + line + stackOf(thrown);
  };
  return { pass, message };
}

/** @param {string} hint @param {Thrown | null} thrown @param {any} expected @returns {MatcherResult} */
function ofPattern(hint, thrown, expected) {
  const pass = thrown !== null && expected.test(thrown.message);
  const message = () => {
    const start = `${hint}\n\nExpected pattern: ${pass ? "not " : ""}${printExpected(expected)}\n`;
    if (thrown === null) return `${start}\n${DID_NOT_THROW}`;
    if (!thrown.hasMessage) return start + valueLine(`Received value:   ${pass ? "    " : ""}`, thrown);
    const line = pass
      ? rawMessageLine("Received message:     ", thrown)
      : messageLine("Received message: ", thrown);
    return start + line + stackOf(thrown);
  };
  return { pass, message };
}

/** @param {string} hint @param {Thrown | null} thrown @param {any} expected @returns {MatcherResult} */
function ofClass(hint, thrown, expected) {
  const pass = thrown !== null && thrown.value instanceof expected;
  const message = () => {
    const label = "Expected constructor";
    if (thrown === null) {
      return `${hint}\n\n${printConstructor(label, expected, false, true)}\n${DID_NOT_THROW}`;
    }
    const constructor = thrown.value?.constructor;
    let text = `${hint}\n\n${printConstructor(label, expected, pass, true)}`;
    if (typeof constructor === "function" && !(pass && constructor === expected)) {
      text += pass
        ? printReceivedConstructorNot("Received constructor", constructor, expected)
        : printConstructor("Received constructor", constructor, false, false);
    }
    return `${text}\n` +
      (thrown.hasMessage
        ? messageLine("Received message: ", thrown) + stackOf(thrown)
        : valueLine("Received value: ", thrown));
  };
  return { pass, message };
}

/** @param {string} hint @param {Thrown | null} thrown @param {any} expected @returns {MatcherResult} */
function ofAsymmetric(hint, thrown, expected) {
  const pass = thrown !== null && expected.asymmetricMatch(thrown.value);
  const message = () => {
    const start = `${hint}\n\nExpected asymmetric matcher: ${pass ? "not " : ""}${
      printExpected(expected)
    }\n\n`;
    if (thrown === null) return start + DID_NOT_THROW;
    if (!thrown.hasMessage) return start + valueLine("Thrown value: ", thrown);
    return start + nameLine("Received name:    ", thrown) + messageLine("Received message: ", thrown) +
      stackOf(thrown);
  };
  return { pass, message };
}

/** @param {string} hint @param {Thrown | null} thrown @param {any} expected @returns {MatcherResult} */
function ofError(hint, thrown, expected) {
  const expectedText = messageAndCause(expected);
  const thrownText = thrown === null ? null : messageAndCause(thrown.value);
  const comparesClass = thrown?.isError && expected instanceof Error &&
    expected.constructor.name !== Error.name;
  const pass = thrown !== null && thrown.message === expected.message && thrownText === expectedText &&
    (!comparesClass || thrown.value instanceof expected.constructor);
  const message = () => {
    const label = `Expected ${partsOf(expected)}`;
    const line = `${label}: ${pass ? "not " : ""}${printExpected(expectedText)}\n`;
    if (thrown === null) return `${hint}\n\n${line}\n${DID_NOT_THROW}`;
    if (!thrown.hasMessage) {
      return `${hint}\n\n${line}${valueLine(`Received value:   ${pass ? "    " : ""}`, thrown)}`;
    }
    if (pass) return `${hint}\n\n${line}${stackOf(thrown)}`;
    const difference = printDiffOrStringify(
      expectedText,
      thrownText,
      label,
      `Received ${partsOf(thrown.value)}`,
      true,
    );
    return `${hint}\n\n${difference}\n${stackOf(thrown)}`;
  };
  return { pass, message };
}

/** @param {any} error */
function partsOf(error) {
  return error?.cause === undefined ? "message" : "message and cause";
}

/** The message, or with a cause all own properties as JSON. @param {any} error @returns {any} */
function messageAndCause(error) {
  if (!error?.cause) return error?.message;
  const seen = new WeakSet();
  return JSON.stringify(serializable(error), (_, value) => {
    if (typeof value === "object" && value !== null) {
      if (seen.has(value)) return undefined;
      seen.add(value);
    }
    return typeof value === "bigint" || value === undefined ? String(value) : value;
  });
}

/** @param {any} error @param {WeakSet<object>} [seen] @returns {any} */
function serializable(error, seen = new WeakSet()) {
  if (error === null || typeof error !== "object" || seen.has(error)) return error;
  seen.add(error);
  /** @type {any} */
  const result = {};
  for (const name of Object.getOwnPropertyNames(error).sort()) {
    if (name === "stack" || name === "fileName" || name === "lineNumber") continue;
    result[name] = name === "cause" ? serializable(error.cause, seen) : error[name];
  }
  return result;
}

/** @type {Record<string, Function>} */
export const throwMatchers = {
  toThrow: throwMatcher("toThrow", false),
  toThrowError: throwMatcher("toThrowError", false),
};
