// @ts-check
// Whether a changed test file is the same program with snapshots as arguments of certain calls, and nothing
// else. Asked of a guest that has run no program: the answer is the parser's alone.

import { runLater } from "../../guest/linker/effects.js";
import { loadAcorn } from "../../guest/linker/parser.js";
import { languageOf, lower } from "../../guest/linker/typescript.js";

const MATCHERS = new Set(["toMatchInlineSnapshot", "toThrowErrorMatchingInlineSnapshot"]);
const POSITIONS = new Set(["start", "end", "loc", "range"]);

/**
 * @param {{filename: string, before: string, after: string, snapshots: string[], replaces: boolean}} message
 *   `snapshots` are the texts of the new literals in the order of their calls; with `replaces` a call may
 *   have had another one
 * @param {import("../../guest/linker/typescript.js").Transpile} transpile
 * @returns {Promise<boolean>}
 */
export async function isOnlySnapshots({ filename, before, after, snapshots, replaces }, transpile) {
  const acorn = await loadAcorn();
  const parse = async (/** @type {string} */ source) => {
    const where = { file: filename, source };
    return acorn((await runLater(lower(source, languageOf(filename), where, transpile))).code);
  };
  /** @type {Array<{at: number, text: string}>} */
  const changed = [];
  try {
    if (!areSame(await parse(before), await parse(after), replaces, changed)) return false;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return false; // also one that is too deep
    throw error;
  }
  changed.sort((a, b) => a.at - b.at);
  return changed.length === snapshots.length &&
    changed.every(({ text }, index) => text === snapshots[index]);
}

/**
 * Compares two trees, without recursion, and collects the calls whose snapshot differs.
 * @param {any} before @param {any} after @param {boolean} replaces @param {Array<{at: number, text: string}>} changed
 */
function areSame(before, after, replaces, changed) {
  const pairs = [[before, after]];
  for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
    const [a, b] = pair;
    if (a === null || b === null || typeof a !== "object" || typeof b !== "object") {
      if (!Object.is(a, b)) return false;
      continue;
    }
    if (a instanceof RegExp && b instanceof RegExp) continue; // its pattern and flags are compared as such
    const keys = Object.keys(a);
    if (Array.isArray(a) !== Array.isArray(b) || keys.length !== Object.keys(b).length) return false;
    const snapshot = newSnapshot(a, b, replaces);
    if (snapshot !== null) changed.push({ at: b.callee.property.start, text: snapshot });
    for (const key of keys) {
      if (!Object.hasOwn(b, key)) return false;
      if (POSITIONS.has(key) || (snapshot !== null && key === "arguments")) continue;
      pairs.push([a[key], b[key]]);
    }
  }
  return true;
}

/** The text that a call of a snapshot matcher has got as its only argument; null for other nodes. @param {any} a @param {any} b @param {boolean} replaces */
function newSnapshot(a, b, replaces) {
  if (a.type !== "CallExpression" || b.type !== "CallExpression" || b.arguments.length !== 1) return null;
  const { callee } = b;
  if (callee.type !== "MemberExpression" || callee.computed || !MATCHERS.has(callee.property.name)) {
    return null;
  }
  const text = plainText(b.arguments[0]);
  if (text === null || b.arguments[0].type !== "TemplateLiteral") return null;
  if (a.arguments.length === 0) return text;
  if (!replaces || a.arguments.length !== 1) return null;
  const old = plainText(a.arguments[0]);
  return old === null || (old === text && a.arguments[0].type === "TemplateLiteral") ? null : text;
}

/** What a string or a template literal without substitutions means. @param {any} node @returns {string | null} */
function plainText(node) {
  if (node.type === "Literal" && typeof node.value === "string") return node.value;
  if (node.type === "TemplateLiteral" && node.expressions.length === 0) return node.quasis[0].value.cooked;
  return null;
}
