// @ts-check
// The value of a program. A module has no completion value, so the expression statements that can come last
// store theirs in a hidden property of `import.meta`. Only insertions are made and none holds a line break, so
// lines stay and columns can be mapped back. `import(x)` becomes `import.meta.$load(x)` on the way: the
// engine keeps every module with a dynamic import callback for ever, which a session of many evals cannot pay.

import { SafeMap } from "../primordials.js";
import { loadAcorn } from "./parser.js";

/** @typedef {import("./source_positions.js").Insertion} Insertion */
/** @typedef {{ code: string, insertions: readonly Insertion[] }} Rewritten */

export const COMPLETION_PROPERTY = "$completion";
export const IMPORT_PROPERTY = "$load";

const OPEN = `import.meta.${COMPLETION_PROPERTY}=(`;
const DYNAMIC_IMPORT = /\bimport\s*[(/]/;
const RESET = `import.meta.${COMPLETION_PROPERTY}=void 0`;

const CACHE_LIMIT = 256;
const CACHED_SOURCE_LIMIT_CHARACTERS = 4096;
/** @type {Map<string, Rewritten | null>} */
const cache = new SafeMap();

/**
 * The program with its completion value captured; null when the parser cannot read it.
 * @param {string} source
 * @returns {Promise<Rewritten | null>}
 */
export async function rewriteProgram(source) {
  const known = cache.get(source);
  if (known !== undefined) return known;
  const parse = await loadAcorn();
  const rewritten = rewrite(source, parse);
  if (source.length <= CACHED_SOURCE_LIMIT_CHARACTERS) {
    if (cache.size >= CACHE_LIMIT) cache.delete(/** @type {string} */ (cache.keys().next().value));
    cache.set(source, rewritten);
  }
  return rewritten;
}

/**
 * A guess that spares the parser: a source that holds nothing but one plain expression. The caller has to
 * drop the guess when V8 refuses the result.
 * @param {string} source
 * @returns {Rewritten | null}
 */
export function guessExpression(source) {
  if (source.length > 512 || !PLAIN.test(source) || KEYWORD.test(source)) return null;
  const expression = /^\s*(.*?)\s*;?\s*$/s.exec(source);
  if (expression === null || expression[1] === "" || !isBalanced(expression[1])) return null;
  const start = source.indexOf(expression[1]);
  const insertions = [{ offset: start, text: OPEN }, { offset: start + expression[1].length, text: ")" }];
  return { code: insert(source, insertions), insertions };
}

const PLAIN = /^(?:[\w$\s+\-*%.,<>=!&|?:()[\];]|"[^"\\\n]*"|'[^'\\\n]*')*$/;
const KEYWORD =
  /;.*\S|--|\b(?:import|export|let|const|var|if|for|while|do|return|function|class|throw|try|switch|using)\b|[\n\r]/s;

/** @param {string} text */
function isBalanced(text) {
  let depth = 0;
  for (const character of text.replace(/"[^"]*"|'[^']*'/g, "")) {
    if (character === "(") depth++;
    else if (character === ")" && --depth < 0) return false;
  }
  return depth === 0;
}

/**
 * @param {string} source
 * @param {(source: string) => any} parse
 * @returns {Rewritten | null}
 */
function rewrite(source, parse) {
  const literal = objectLiteral(source, parse);
  if (literal !== null) return literal;
  let program;
  try {
    program = parse(source);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  /** @type {Insertion[]} */
  const insertions = [];
  captureList(program.body, insertions, false);
  if (DYNAMIC_IMPORT.test(source)) redirectImports(program, insertions);
  insertions.sort((a, b) => a.offset - b.offset);
  return { code: insert(source, insertions), insertions };
}

/**
 * `{a: 1}` as a whole program is an object, as in a browser's console.
 * @param {string} source
 * @param {(source: string) => any} parse
 * @returns {Rewritten | null}
 */
function objectLiteral(source, parse) {
  const match = /^(\s*)(\{[^]*\})\s*;?\s*$/.exec(source);
  if (match === null) return null;
  const start = match[1].length, end = start + match[2].length;
  let program;
  try {
    program = parse(insert(source, [{ offset: start, text: "(" }, { offset: end, text: ")" }]));
  } catch {
    return null; // not an object: the caller parses it as statements
  }
  /** @type {Insertion[]} */
  const insertions = [{ offset: start, text: OPEN }, { offset: end, text: ")" }];
  if (DYNAMIC_IMPORT.test(source)) {
    /** @type {Insertion[]} */
    const imports = [];
    redirectImports(program, imports);
    insertions.push(...imports.map(({ offset, text }) => ({ offset: offset - 1, text })));
    insertions.sort((a, b) => a.offset - b.offset);
  }
  return { code: insert(source, insertions), insertions };
}

/**
 * Captures the last value of a statement list; false when nothing in it gives one. Where a jump can leave the
 * list early, every value is captured.
 * @param {any[]} statements
 * @param {Insertion[]} insertions
 * @param {boolean} isRepeated  in a loop or switch, where something before may have left a value
 * @returns {boolean}
 */
function captureList(statements, insertions, isRepeated) {
  const hasJump = isRepeated && statements.some(jumps);
  let isCaptured = false;
  for (let i = statements.length - 1; i >= 0 && (hasJump || !isCaptured); i--) {
    if (capture(statements[i], insertions, isRepeated)) isCaptured = true;
  }
  return isCaptured;
}

/**
 * Whether a `break` or `continue` stands in a statement, functions aside.
 * @param {any} node
 * @returns {boolean}
 */
function jumps(node) {
  switch (node?.type) {
    case "BreakStatement":
    case "ContinueStatement":
      return true;
    case "BlockStatement":
      return node.body.some(jumps);
    case "IfStatement":
      return jumps(node.consequent) || jumps(node.alternate);
    case "TryStatement":
      return jumps(node.block) || jumps(node.handler?.body) || jumps(node.finalizer);
    case "SwitchStatement":
      return node.cases.some((/** @type {any} */ branch) => branch.consequent.some(jumps));
    default:
      return COMPOUND.includes(node?.type) || node?.type === "LabeledStatement" ? jumps(node.body) : false;
  }
}

/** Statements whose value is undefined when nothing in them gives one. */
const COMPOUND = [
  "TryStatement",
  "SwitchStatement",
  "ForStatement",
  "ForInStatement",
  "ForOfStatement",
  "WhileStatement",
  "DoWhileStatement",
];

/**
 * Captures a statement's value, as ECMA-262 defines completion values; false when it gives none.
 * @param {any} statement
 * @param {Insertion[]} insertions
 * @param {boolean} isRepeated
 * @returns {boolean}
 */
function capture(statement, insertions, isRepeated) {
  let inner = statement;
  while (inner?.type === "LabeledStatement") inner = inner.body;
  if (isRepeated && COMPOUND.includes(inner?.type)) {
    insertions.push({ offset: statement.start, text: `{${RESET};` });
    const isCaptured = captureInner(inner, insertions, isRepeated);
    insertions.push({ offset: statement.end, text: "}" });
    return isCaptured;
  }
  return captureInner(inner, insertions, isRepeated);
}

/**
 * @param {any} statement  without its labels
 * @param {Insertion[]} insertions
 * @param {boolean} isRepeated
 * @returns {boolean}
 */
function captureInner(statement, insertions, isRepeated) {
  switch (statement?.type) {
    case "ExpressionStatement":
      insertions.push({ offset: statement.expression.start, text: OPEN });
      insertions.push({ offset: statement.expression.end, text: ")" });
      return true;
    case "BlockStatement":
      return captureList(statement.body, insertions, isRepeated);
    case "IfStatement":
      if (isRepeated) insertions.push({ offset: statement.test.start, text: `${RESET},` });
      capture(statement.consequent, insertions, isRepeated);
      capture(statement.alternate, insertions, isRepeated);
      return true;
    case "TryStatement":
      capture(statement.block, insertions, isRepeated);
      if (statement.handler) {
        insertions.push({ offset: statement.handler.body.start + 1, text: `${RESET};` });
        captureList(statement.handler.body.body, insertions, isRepeated);
      }
      return true; // what a finally block computes does not count
    case "SwitchStatement":
      // A case can be reached from the one before it, which may have left a value.
      for (const branch of statement.cases) captureList(branch.consequent, insertions, true);
      return true;
    case "ForStatement":
    case "ForInStatement":
    case "ForOfStatement":
    case "WhileStatement":
    case "DoWhileStatement":
      capture(statement.body, insertions, true);
      return true;
    default:
      return false;
  }
}

/**
 * @param {any} node
 * @param {Insertion[]} insertions
 */
function redirectImports(node, insertions) {
  if (node.type === "ImportExpression" && !node.phase) {
    insertions.push({ offset: node.start + "import".length, text: `.meta.${IMPORT_PROPERTY}` });
  }
  for (const key in node) {
    const child = node[key];
    if (Array.isArray(child)) {
      for (const item of child) if (typeof item?.type === "string") redirectImports(item, insertions);
    } else if (typeof child?.type === "string") {
      redirectImports(child, insertions);
    }
  }
}

/**
 * @param {string} source
 * @param {readonly Insertion[]} insertions  in order
 */
function insert(source, insertions) {
  let code = "", from = 0;
  for (const { offset, text } of insertions) {
    code += source.slice(from, offset) + text;
    from = offset;
  }
  return code + source.slice(from);
}
