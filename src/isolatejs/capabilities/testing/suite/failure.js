// @ts-check
// A failure as it is reported: message, stack, the user's line, and what was compared.

import { assertionDetails } from "../expect/expectation.js";
import { diff, stringify } from "../expect/messages.js";
import { describeError } from "../../../guest/errors.js";
import { frameLocation, visibleFrames } from "./stack.js";

const TEXT_LIMIT = 64 * 1024;
const DEPTH_LIMIT = 6;
const NODE_LIMIT = 2_000;

/** @param {string} text */
const cut = (text) => text.length > TEXT_LIMIT ? `${text.slice(0, TEXT_LIMIT)}…` : text;

/** @param {() => string} read a getter of the program may throw */
function readText(read) {
  try {
    return cut(String(read() ?? ""));
  } catch {
    return "";
  }
}

/**
 * @param {any} error @param {(value: any) => any} encode wire form of a value
 * @param {number} [depth]
 */
export function describeFailure(error, encode, depth = 0) {
  try {
    return describe(error, encode, depth);
  } catch {
    // A getter of the error threw, or it is a hostile proxy.
    const message = "an error that cannot be read";
    return { name: "Error", message, stack: `Error: ${message}` };
  }
}

/** @param {any} error @param {(value: any) => any} encode @param {number} depth */
function describe(error, encode, depth) {
  const isObject = typeof error === "object" && error !== null;
  const isError = error instanceof Error || (isObject && typeof error.message === "string");
  const message = isError ? readText(() => error.message) : `Thrown: ${readText(() => stringify(error))}`;
  const name = isError ? readText(() => error.name) : "Error";
  const frames = isError ? safeFrames(error) : [];
  const stack = cut(
    [name ? `${name}: ${message}` : message, ...frames.map((frame) => `    ${frame}`)].join("\n"),
  );
  /** @type {Record<string, any>} */
  const failure = { name, message, stack, ...(isError ? placeOf(error, frames) : {}) };
  const details = assertionDetails(error);
  if (details !== undefined) {
    failure.matcherName = details.matcherName;
    failure.expected = encode(reportable(details.expected));
    failure.actual = encode(reportable(details.actual));
    const difference = differenceOf(details);
    if (difference !== null) failure.diff = cut(difference);
  }
  if (details === undefined && isError && error.code === "ERR_ASSERTION") {
    failure.matcherName = readText(() => error.operator); // node:assert
    failure.expected = encode(reportable(error.expected));
    failure.actual = encode(reportable(error.actual));
  }
  if (isObject && error.cause !== undefined && error.cause !== null && depth < 4) {
    failure.cause = describeFailure(error.cause, encode, depth + 1);
  }
  return failure;
}

/** Where the error is in the user's source, with that line. @param {any} error @param {string[]} frames */
function placeOf(error, frames) {
  const { filename, line, column, sourceLine } = describeError(error);
  if (filename !== undefined) return { filename, line, column, sourceLine };
  return frames.map(frameLocation).find((place) => place !== null) ?? {};
}

/** @param {any} error */
function safeFrames(error) {
  try {
    return visibleFrames(error);
  } catch {
    return [];
  }
}

/** @param {{actual: any, expected: any}} details */
function differenceOf({ actual, expected }) {
  try {
    const text = diff(expected, actual, { includeChangeCounts: true });
    return text !== null && text.startsWith("- ") ? text : null;
  } catch {
    return null; // a value that cannot be printed: the message says the rest
  }
}

/** Plain data as it is; everything else as text, so that it can cross. @param {any} value */
function reportable(value) {
  let nodes = 0;
  /** @param {any} item @param {number} depth @returns {boolean} */
  const plain = (item, depth) => {
    if (++nodes > NODE_LIMIT || depth > DEPTH_LIMIT) return false;
    switch (typeof item) {
      case "function":
      case "symbol":
        return false;
      case "string":
        return item.length <= TEXT_LIMIT;
      case "object":
        break;
      default:
        return true;
    }
    if (item === null) return true;
    const prototype = Object.getPrototypeOf(item);
    if (prototype === Date.prototype || prototype === RegExp.prototype) return true;
    if (Array.isArray(item)) return item.every((part) => plain(part, depth + 1));
    if (prototype === Map.prototype || prototype === Set.prototype) {
      return [...item].every((part) => plain(part, depth + 1));
    }
    if (prototype !== Object.prototype && prototype !== null) return false;
    return Reflect.ownKeys(item).every((key) => {
      const descriptor = Object.getOwnPropertyDescriptor(item, key);
      return typeof key === "string" && descriptor !== undefined && "value" in descriptor &&
        plain(descriptor.value, depth + 1);
    });
  };
  try {
    if (plain(value, 0)) return value;
    return cut(stringify(value));
  } catch {
    return "a value that cannot be printed";
  }
}
