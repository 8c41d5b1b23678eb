// @ts-check
// Counts what of a module runs: a counter before every statement, and one in every function. Only insertions
// without line breaks are made, so that lines stay and columns can be mapped back.

/** @typedef {{offset: number, text: string}} Insertion */
/** @typedef {{line: number, name?: string}} Counted */
/** @typedef {{statements: Counted[], functions: Counted[], statementCounts: number[], functionCounts: number[]}} FileCoverage */

/** The global that instrumented modules get their counters from. */
export const COVERAGE_GLOBAL = "__isolatejs_coverage__";

const DECLARATIONS = new Set([
  "FunctionDeclaration",
  "ClassDeclaration",
  "ImportDeclaration",
  "ExportAllDeclaration",
  "EmptyStatement",
]);
const FUNCTIONS = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"]);

/** Lines of offsets, both from the start of the text. @param {string} code */
function lineFinder(code) {
  const starts = [0];
  for (let i = code.indexOf("\n"); i !== -1; i = code.indexOf("\n", i + 1)) starts.push(i + 1);
  return (/** @type {number} */ offset) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

/**
 * @param {string} code JavaScript @param {string} path @param {(code: string) => any} parse an ESTree parser
 * @param {(line: number) => number} [toSourceLine]
 * @returns {{insertions: Insertion[], coverage: FileCoverage}} throws SyntaxError
 */
export function instrument(code, path, parse, toSourceLine = (line) => line) {
  const lineOf = lineFinder(code);
  /** @type {FileCoverage} */
  const coverage = { statements: [], functions: [], statementCounts: [], functionCounts: [] };
  /** @type {Array<Insertion & {order: number}>} */
  const insertions = [];
  let order = 0;
  const insert = (/** @type {number} */ offset, /** @type {string} */ text) =>
    insertions.push({ offset, text, order: order++ });
  const count = (/** @type {any} */ node) => {
    coverage.statements.push({ line: toSourceLine(lineOf(node.start)) });
    return `__cov.s[${coverage.statementCounts.push(0) - 1}]++`;
  };

  /** @param {any} node @param {boolean} alone a statement where no second one can stand */
  const statement = (node, alone) => {
    if (node.type === "BlockStatement") {
      for (const child of node.body) statement(child, false);
      return;
    }
    const isDeclared = node.type === "ExportNamedDeclaration" || node.type === "ExportDefaultDeclaration"
      ? node.declaration === null || DECLARATIONS.has(node.declaration?.type ?? "EmptyStatement")
      : DECLARATIONS.has(node.type);
    if (!isDeclared && node.directive === undefined) {
      const counter = count(node);
      insert(node.start, alone ? `{${counter};` : `${counter};`);
      visit(node);
      if (alone) insert(node.end, "}");
      return;
    }
    visit(node);
  };

  /** @param {any} node @param {string} name */
  const enterFunction = (node, name) => {
    coverage.functions.push({ line: toSourceLine(lineOf(node.start)), name });
    const counter = `__cov.f[${coverage.functionCounts.push(0) - 1}]++`;
    for (const parameter of node.params) visit(parameter);
    if (node.body.type === "BlockStatement") {
      const first = node.body.body.find((/** @type {any} */ child) => child.directive === undefined);
      insert(first?.start ?? node.body.end - 1, `${counter};`);
      for (const child of node.body.body) statement(child, false);
      return;
    }
    insert(node.body.start, `(${counter},${count(node.body)},`);
    visit(node.body);
    insert(node.body.end, ")");
  };

  /** @param {any} node @param {string} [name] what the node is assigned to */
  const visit = (node, name = "") => {
    if (FUNCTIONS.has(node.type)) {
      enterFunction(node, node.id?.name ?? (name || `(anonymous_${coverage.functions.length})`));
      return;
    }
    switch (node.type) {
      case "IfStatement":
        visit(node.test);
        statement(node.consequent, true);
        if (node.alternate) statement(node.alternate, true);
        return;
      case "ForStatement":
        for (const part of [node.init, node.test, node.update]) if (part) visit(part);
        statement(node.body, true);
        return;
      case "ForInStatement":
      case "ForOfStatement":
        visit(node.right);
        statement(node.body, true);
        return;
      case "WhileStatement":
      case "DoWhileStatement":
        visit(node.test);
        statement(node.body, true);
        return;
      case "LabeledStatement":
        visit(node.body); // a counter between label and loop would part them
        return;
      case "SwitchCase":
        if (node.test) visit(node.test);
        for (const child of node.consequent) statement(child, false);
        return;
      case "Program":
      case "BlockStatement":
      case "StaticBlock":
        for (const child of node.body) statement(child, false);
        return;
      case "VariableDeclarator":
        if (node.init) visit(node.init, node.id.name ?? "");
        return;
      case "Property":
      case "MethodDefinition":
      case "PropertyDefinition":
        if (node.computed) visit(node.key);
        if (node.value) visit(node.value, node.key.name ?? String(node.key.value ?? ""));
        return;
    }
    for (const key in node) {
      if (key === "type" || key === "start" || key === "end") continue;
      const child = node[key];
      if (Array.isArray(child)) {
        for (const item of child) if (item && typeof item.type === "string") visit(item);
      } else if (child && typeof child.type === "string") {
        visit(child);
      }
    }
  };

  const program = parse(code);
  const start = code.startsWith("#!")
    ? (code.indexOf("\n") === -1 ? code.length : code.indexOf("\n") + 1)
    : 0;
  insert(start, `const __cov=globalThis.${COVERAGE_GLOBAL}(${JSON.stringify(path)});`);
  visit(program);
  insertions.sort((a, b) => a.offset - b.offset || a.order - b.order);
  return { insertions: insertions.map(({ offset, text }) => ({ offset, text })), coverage };
}

/** @param {string} code @param {Insertion[]} insertions in order */
export function withInsertions(code, insertions) {
  let text = "";
  let last = 0;
  for (const { offset, text: added } of insertions) {
    text += code.slice(last, offset) + added;
    last = offset;
  }
  return text + code.slice(last);
}
