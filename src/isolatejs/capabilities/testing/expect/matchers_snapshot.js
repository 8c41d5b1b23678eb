// @ts-check
// Snapshot matchers. Where snapshots are kept is the snapshot state's affair (`matcherState().snapshotState`).

import { callerLocation } from "../suite/stack.js";
import { equals } from "./equals.js";
import { format } from "./format.js";
import {
  matcherErrorMessage,
  matcherHint,
  printDiffOrStringify,
  printExpected,
  printReceived,
  printWithType,
} from "./messages.js";
import { iterableEquality, subsetEquality } from "./testers.js";

/** @typedef {import("./matchers_values.js").MatcherResult} MatcherResult */

/** @type {any[]} */
const serializers = [];

/** The last one added is asked first. @param {any} serializer {test, serialize} or {test, print} */
export function addSerializer(serializer) {
  if (typeof serializer?.test !== "function") {
    throw new TypeError("expect.addSnapshotSerializer: a serializer needs a function `test`");
  }
  serializers.unshift(serializer);
}

/** A value as snapshots keep it. @param {any} value */
export function serialize(value) {
  return format(value, {
    escapeRegex: true,
    escapeString: false,
    indent: 2,
    plugins: serializers,
    printBasicPrototype: false,
    printFunctionName: false,
  }).replaceAll(/\r\n?/g, "\n");
}

/** @param {any} context @param {string} name */
function stateFor(context, name) {
  if (context.isNot) {
    throw new Error(
      matcherErrorMessage(
        matcherHint(name, undefined, "", { isNot: true, promise: context.promise }),
        "Snapshot matchers cannot be used with not",
      ),
    );
  }
  const state = context.snapshotState;
  if (!state) {
    throw new Error(
      matcherErrorMessage(
        matcherHint(name, undefined, "", { promise: context.promise }),
        "Snapshot matchers can be used in a running test only",
      ),
    );
  }
  return state;
}

/** @param {any} target @param {any} source @returns {any} */
function merge(target, source) {
  if (Array.isArray(target) && Array.isArray(source)) {
    return target.map((item, i) => i < source.length ? merge(item, source[i]) : item);
  }
  const plain = (/** @type {any} */ value) =>
    value !== null && typeof value === "object" && !Array.isArray(value);
  if (!plain(target) || !plain(source) || typeof source.asymmetricMatch === "function") return source;
  const merged = { ...target };
  for (const key of Object.keys(source)) {
    merged[key] = source[key]?.$$typeof || !(key in target) ? source[key] : merge(target[key], source[key]);
  }
  return merged;
}

/**
 * The value with its property matchers in place, or a failure.
 * @param {string} hint @param {any} received @param {any} properties
 */
function applyProperties(hint, received, properties) {
  if (properties === undefined) return { received };
  if (typeof properties !== "object" || properties === null) {
    throw new Error(
      matcherErrorMessage(
        hint,
        "Expected properties must be an object",
        printWithType("Expected", properties, printExpected),
      ),
    );
  }
  if (typeof received !== "object" || received === null) {
    throw new Error(
      matcherErrorMessage(
        hint,
        "received value must be an object when the matcher has properties",
        printWithType("Received", received, printReceived),
      ),
    );
  }
  if (equals(received, properties, [iterableEquality, subsetEquality])) {
    return { received: merge(received, properties) };
  }
  const message = () =>
    `${hint}\n\n${printDiffOrStringify(properties, received, "Expected properties", "Received value", true)}`;
  return { failure: { pass: false, message, actual: received, expected: properties } };
}

/** @param {string} hint @param {string} key @param {string | undefined} expected @param {string} received @param {any} state */
function mismatch(hint, key, expected, received, state) {
  const title = key ? `\n\nSnapshot name: \`${key}\`` : "";
  if (expected === undefined) {
    const why = state.mode === "none"
      ? "New snapshot was not written, because snapshots are read only in this run."
      : "New snapshot was not written.";
    return () => `${hint}${title}\n\n${why}\n\nReceived:${received.includes("\n") ? "\n" : " "}${received}`;
  }
  const print = () => {
    if (!expected.includes("\n") && !received.includes("\n")) {
      return `Snapshot: ${expected}\nReceived: ${received}`;
    }
    return printDiffOrStringify(expected, received, "Snapshot", "Received", false);
  };
  return () => `${hint}${title}\n\n${print()}`;
}

/**
 * @param {any} context @param {string} name @param {any} received @param {string} hintText @param {string} hint
 * @param {any} [other] what the snapshot may hold in its place
 */
function compareStored(context, name, received, hintText, hint, other = received) {
  const state = stateFor(context, name);
  if (!state.stored) {
    throw new Error(
      matcherErrorMessage(
        hint,
        "There is no place to keep snapshots: give the runtime a files binding, or use toMatchInlineSnapshot",
      ),
    );
  }
  const key = state.key(context.currentTestTitles ?? [context.currentTestName ?? ""], hintText);
  const text = serialize(received);
  const { pass, expected } = state.match(key, text, serialize(other));
  return { pass, message: mismatch(hint, key, expected, text, state), actual: text, expected };
}

/**
 * @param {any} context @param {string} name @param {any} received @param {string | undefined} inline @param {string} hint
 * @param {any} [other] what the snapshot may hold in its place
 */
function compareInline(context, name, received, inline, hint, other = received) {
  const state = stateFor(context, name);
  if (inline !== undefined && typeof inline !== "string") {
    throw new Error(
      matcherErrorMessage(
        hint,
        "Inline snapshot must be a string",
        printWithType("Inline snapshot", inline, printExpected),
      ),
    );
  }
  const text = serialize(received);
  const location = inline === undefined || state.mode === "all" ? callerLocation(context.error) : null;
  const { pass, expected } = state.matchInline(text, inline, location, serialize(other));
  return { pass, message: mismatch(hint, "", expected, text, state), actual: text, expected };
}

/** What a function throws, or what a promise rejected with. @param {any} context @param {string} hint @param {any} received */
function thrownValue(context, hint, received) {
  if (context.fromPromise || context.promise === "rejects") return received;
  if (typeof received !== "function") {
    throw new Error(
      matcherErrorMessage(
        hint,
        "received value must be a function",
        printWithType("Received", received, printReceived),
      ),
    );
  }
  try {
    received();
  } catch (error) {
    return error;
  }
  throw new Error(`${hint}\n\nReceived function did not throw`);
}

/** Jest's snapshots hold an error's message, Vitest's the error: both are right. @param {any} error */
const messageOf = (error) => typeof error?.message === "string" ? error.message : error;

/** @type {Record<string, Function>} */
export const snapshotMatchers = {
  /** @this {any} @param {any} received @param {any} [first] properties or hint @param {any} [second] hint */
  toMatchSnapshot(received, first, second) {
    const properties = typeof first === "string" ? undefined : first;
    const hintText = typeof first === "string" ? first : second ?? "";
    const hint = matcherHint("toMatchSnapshot", undefined, properties ? "properties" : "", {
      promise: this.promise,
    });
    stateFor(this, "toMatchSnapshot");
    const applied = applyProperties(hint, received, properties);
    return applied.failure ?? compareStored(this, "toMatchSnapshot", applied.received, hintText, hint);
  },

  /** @this {any} @param {any} received @param {any} [first] properties or snapshot @param {any} [second] snapshot */
  toMatchInlineSnapshot(received, first, second) {
    const properties = typeof first === "string" ? undefined : first;
    const inline = typeof first === "string" ? first : second;
    const hint = matcherHint("toMatchInlineSnapshot", undefined, properties ? "properties" : "", {
      promise: this.promise,
    });
    stateFor(this, "toMatchInlineSnapshot");
    const applied = applyProperties(hint, received, properties);
    return applied.failure ?? compareInline(this, "toMatchInlineSnapshot", applied.received, inline, hint);
  },

  /** @this {any} @param {any} received @param {string} [hintText] */
  toThrowErrorMatchingSnapshot(received, hintText = "") {
    const name = "toThrowErrorMatchingSnapshot";
    const hint = matcherHint(name, undefined, "", { promise: this.promise });
    stateFor(this, name);
    const error = thrownValue(this, hint, received);
    return compareStored(this, name, messageOf(error), hintText, hint, error);
  },

  /** @this {any} @param {any} received @param {string} [inline] */
  toThrowErrorMatchingInlineSnapshot(received, inline) {
    const name = "toThrowErrorMatchingInlineSnapshot";
    const hint = matcherHint(name, undefined, "", { promise: this.promise });
    stateFor(this, name);
    const error = thrownValue(this, hint, received);
    return compareInline(this, name, messageOf(error), inline, hint, error);
  },

  /**
   * Compares text with a file's, through the files binding.
   * @this {any} @param {any} received @param {string} path relative to the test file @returns {Promise<MatcherResult>}
   */
  async toMatchFileSnapshot(received, path) {
    const name = "toMatchFileSnapshot";
    const hint = matcherHint(name, undefined, "path", { promise: this.promise });
    const state = stateFor(this, name);
    if (typeof path !== "string") throw new TypeError(`${hint}\n\npath must be a string`);
    const text = typeof received === "string" ? received : serialize(received);
    const { pass, expected } = await state.matchFile(path, text);
    return { pass, message: mismatch(hint, path, expected, text, state), actual: text, expected };
  },
};
