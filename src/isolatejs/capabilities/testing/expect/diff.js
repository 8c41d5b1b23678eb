// @ts-check
// Line diffs of two values, in the layout of jest-diff 30 without colours: "- " is what was expected,
// "+ " what was received.

import { cleanupSemantic, Diff, DIFF_DELETE, DIFF_EQUAL, DIFF_INSERT } from "../vendor/cleanup_semantic.js";
import diffSequence from "../vendor/diff_sequences.js";
import { alignDiffs } from "./diff_align.js";
import { format } from "./format.js";
import { typeName } from "./type_name.js";

const NO_DIFFERENCE = "Compared values have no visual difference.";
const SIMILAR = "Compared values serialize to the same structure.\n" +
  "Printing internal object structure without calling `toJSON` instead.";

/**
 * @typedef {object} DiffOptions
 * @property {string} [aAnnotation] heading of the expected side
 * @property {string} [bAnnotation] heading of the received side
 * @property {string} [aIndicator] @property {string} [bIndicator] @property {string} [commonIndicator]
 * @property {boolean} [expand] print all common lines
 * @property {number} [contextLines] common lines around a change when not expanded
 * @property {boolean} [includeChangeCounts]
 * @property {boolean} [omitAnnotationLines]
 * @property {string} [emptyFirstOrLastLinePlaceholder]
 * @property {any} [compareKeys]
 */

/** @param {DiffOptions} [options] */
function complete(options = {}) {
  const { contextLines } = options;
  return {
    aAnnotation: "Expected",
    bAnnotation: "Received",
    aIndicator: "-",
    bIndicator: "+",
    commonIndicator: " ",
    expand: true,
    includeChangeCounts: false,
    omitAnnotationLines: false,
    emptyFirstOrLastLinePlaceholder: "",
    ...options,
    contextLines: Number.isSafeInteger(contextLines) && Number(contextLines) >= 0 ? Number(contextLines) : 5,
  };
}

/**
 * The difference between two values as text, or null if there is nothing useful to show.
 * @param {any} a expected @param {any} b received @param {DiffOptions} [options] @returns {string | null}
 */
export function diffValues(a, b, options) {
  if (Object.is(a, b)) return NO_DIFFERENCE;
  const aType = typeName(a);
  let expectedType = aType;
  let omit = false;
  if (aType === "object" && typeof a.asymmetricMatch === "function") {
    if (a.$$typeof !== Symbol.for("jest.asymmetricMatcher")) return null;
    if (typeof a.getExpectedType !== "function") return null;
    expectedType = a.getExpectedType();
    omit = expectedType === "string";
  }
  if (expectedType !== typeName(b)) {
    return `  Comparing two different types of values. Expected ${expectedType} but received ${typeName(b)}.`;
  }
  if (omit) return null;
  switch (aType) {
    case "string":
      return diffLines(escapeControls(a).split("\n"), escapeControls(b).split("\n"), options);
    case "boolean":
    case "number": {
      const [aText, bText] = [format(a), format(b)];
      return aText === bText ? NO_DIFFERENCE : diffLines(aText.split("\n"), bText.split("\n"), options);
    }
    case "map":
      return diffObjects(new Map([...a].sort()), new Map([...b].sort()), options);
    case "set":
      return diffObjects(new Set([...a].sort()), new Set([...b].sort()), options);
    default:
      return diffObjects(a, b, options);
  }
}

/** @param {any} a @param {any} b @param {DiffOptions} [options] */
function diffObjects(a, b, options) {
  let text;
  let threw = false;
  try {
    text = diffFormatted(a, b, { compareKeys: options?.compareKeys }, options);
  } catch {
    threw = true; // a toJSON or a getter of the value: print its structure instead
  }
  if (text === undefined || text === NO_DIFFERENCE) {
    text = diffFormatted(
      a,
      b,
      { compareKeys: options?.compareKeys, callToJSON: false, maxDepth: 10 },
      options,
    );
    if (text !== NO_DIFFERENCE && !threw) text = `${SIMILAR}\n\n${text}`;
  }
  return text;
}

/** @param {any} a @param {any} b @param {any} formatOptions @param {DiffOptions} [options] */
function diffFormatted(a, b, formatOptions, options) {
  const flat = { ...formatOptions, indent: 0 };
  const aCompare = format(a, flat);
  const bCompare = format(b, flat);
  if (aCompare === bCompare) return NO_DIFFERENCE;
  return diffLinesShown(
    format(a, formatOptions).split("\n"),
    format(b, formatOptions).split("\n"),
    aCompare.split("\n"),
    bCompare.split("\n"),
    options,
  );
}

/** @param {string[]} lines */
function orNone(lines) {
  return lines.length === 1 && lines[0].length === 0 ? [] : lines;
}

/** Diff of two texts, line by line. @param {string[]} aLines @param {string[]} bLines @param {DiffOptions} [options] */
export function diffLines(aLines, bLines, options) {
  const diffs = rawDiff(orNone(aLines).map(escapeControls), orNone(bLines).map(escapeControls));
  return printDiffs(diffs, complete(options));
}

/**
 * Diff of the compared lines, shown with the corresponding display lines.
 * @param {string[]} aShown @param {string[]} bShown @param {string[]} aLines @param {string[]} bLines @param {DiffOptions} [options]
 */
function diffLinesShown(aShown, bShown, aLines, bLines, options) {
  if (aShown.length !== aLines.length || bShown.length !== bLines.length) {
    return diffLines(aShown, bShown, options);
  }
  const diffs = rawDiff(aLines, bLines);
  let a = 0;
  let b = 0;
  for (const diff of diffs) {
    if (diff[0] === DIFF_DELETE) diff[1] = aShown[a++];
    else {
      diff[1] = bShown[b++];
      if (diff[0] === DIFF_EQUAL) a++;
    }
  }
  return printDiffs(diffs, complete(options));
}

/** @param {ArrayLike<string>} a @param {ArrayLike<string>} b @param {(part: string[]) => string} [join] */
function rawDiff(a, b, join) {
  /** @type {any[]} */
  const diffs = [];
  let aIndex = 0;
  let bIndex = 0;
  const push = (
    /** @type {number} */ op,
    /** @type {ArrayLike<string>} */ list,
    /** @type {number} */ from,
    /** @type {number} */ to,
  ) => {
    if (join) {
      if (from !== to) diffs.push(new Diff(op, String(list).slice(from, to)));
    } else {
      for (let i = from; i < to; i++) diffs.push(new Diff(op, list[i]));
    }
  };
  diffSequence(
    a.length,
    b.length,
    (/** @type {number} */ i, /** @type {number} */ j) => a[i] === b[j],
    (/** @type {number} */ count, /** @type {number} */ aCommon, /** @type {number} */ bCommon) => {
      push(DIFF_DELETE, a, aIndex, aCommon);
      push(DIFF_INSERT, b, bIndex, bCommon);
      push(DIFF_EQUAL, b, bCommon, bCommon + count);
      aIndex = aCommon + count;
      bIndex = bCommon + count;
    },
  );
  push(DIFF_DELETE, a, aIndex, a.length);
  push(DIFF_INSERT, b, bIndex, b.length);
  return diffs;
}

/** Character diff of two strings, without chaff. @param {string} a @param {string} b */
export function diffCharacters(a, b) {
  const diffs = rawDiff(a, b, (part) => part.join(""));
  cleanupSemantic(diffs);
  return diffs;
}

/** Diff of two strings, lines aligned by their common characters. @param {string} a @param {string} b @param {DiffOptions} [options] */
export function diffStrings(a, b, options) {
  if (a !== b && a.length > 0 && b.length > 0) {
    const multiline = a.includes("\n") || b.includes("\n");
    const diffs = diffCharacters(multiline ? `${a}\n` : a, multiline ? `${b}\n` : b);
    const last = diffs.length - 1;
    const common = diffs.some((diff, i) =>
      diff[0] === DIFF_EQUAL && (!multiline || i !== last || diff[1] !== "\n")
    );
    if (common) return printDiffs(alignDiffs(diffs), complete(options));
  }
  return diffLines(a.split("\n"), b.split("\n"), options);
}

/** Makes control characters visible. @param {string} text */
function escapeControls(text) {
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]/g, (match) => {
    if (match === "\b") return "\\b";
    if (match === "\f") return "\\f";
    if (match === "\v") return "\\v";
    return `\\x${match.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}

/** @typedef {ReturnType<typeof complete>} CompleteOptions */

/** @param {any[]} diffs @param {CompleteOptions} options */
function printDiffs(diffs, options) {
  return printHeading(diffs, options) +
    (options.expand ? joinAll(diffs, options) : joinChanges(diffs, options));
}

/** @param {any[]} diffs @param {CompleteOptions} options */
function printHeading(diffs, options) {
  if (options.omitAnnotationLines) return "";
  let aRest = "";
  let bRest = "";
  if (options.includeChangeCounts) {
    const a = String(diffs.filter((diff) => diff[0] === DIFF_DELETE).length);
    const b = String(diffs.filter((diff) => diff[0] === DIFF_INSERT).length);
    const label = Math.max(options.aAnnotation.length, options.bAnnotation.length);
    const count = Math.max(a.length, b.length);
    aRest = `${" ".repeat(label - options.aAnnotation.length)}  ${options.aIndicator} ${a.padStart(count)}`;
    bRest = `${" ".repeat(label - options.bAnnotation.length)}  ${options.bIndicator} ${b.padStart(count)}`;
  }
  return `${options.aIndicator} ${options.aAnnotation}${aRest}\n` +
    `${options.bIndicator} ${options.bAnnotation}${bRest}\n\n`;
}

/** @param {any} diff @param {boolean} edge first or last line @param {CompleteOptions} options */
function printLine(diff, edge, options) {
  const indicator = diff[0] === DIFF_DELETE
    ? options.aIndicator
    : diff[0] === DIFF_INSERT
    ? options.bIndicator
    : options.commonIndicator;
  if (diff[1].length > 0) return `${indicator} ${diff[1]}`;
  if (indicator !== " ") return indicator;
  const placeholder = options.emptyFirstOrLastLinePlaceholder;
  return edge && placeholder.length > 0 ? `${indicator} ${placeholder}` : "";
}

/** @param {any[]} diffs @param {CompleteOptions} options */
function joinAll(diffs, options) {
  return diffs.map((diff, i) => printLine(diff, i === 0 || i === diffs.length - 1, options)).join("\n");
}

/**
 * Changed lines with some common lines around them, under patch marks where common lines are left out.
 * @param {any[]} diffs @param {CompleteOptions} options
 */
function joinChanges(diffs, options) {
  const context = options.contextLines;
  /** @type {boolean[]} */
  const keep = diffs.map(() => false);
  diffs.forEach((diff, i) => {
    if (diff[0] === DIFF_EQUAL) return;
    for (let j = Math.max(0, i - context); j <= Math.min(diffs.length - 1, i + context); j++) keep[j] = true;
  });
  if (keep.every(Boolean)) return joinAll(diffs, options);
  /** @type {Array<{a: number, b: number, aCount: number, bCount: number, lines: any[]}>} */
  const patches = [];
  let [a, b] = [0, 0];
  /** @type {{a: number, b: number, aCount: number, bCount: number, lines: any[]} | null} */
  let patch = null;
  diffs.forEach((diff, i) => {
    if (!keep[i]) patch = null;
    else {
      if (patch === null) patches.push(patch = { a, b, aCount: 0, bCount: 0, lines: [] });
      patch.lines.push(diff);
      if (diff[0] !== DIFF_INSERT) patch.aCount++;
      if (diff[0] !== DIFF_DELETE) patch.bCount++;
    }
    if (diff[0] !== DIFF_INSERT) a++;
    if (diff[0] !== DIFF_DELETE) b++;
  });
  const total = patches.reduce((sum, part) => sum + 1 + part.lines.length, 0);
  let at = 0;
  const lines = [];
  for (const part of patches) {
    lines.push(`@@ -${part.a + 1},${part.aCount} +${part.b + 1},${part.bCount} @@`);
    at++;
    for (const diff of part.lines) lines.push(printLine(diff, at++ === total - 1, options));
  }
  return lines.join("\n");
}
