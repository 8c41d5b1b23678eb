// @ts-check
// Counts what of a module runs: a counter before every statement, one in every function, and one on every way
// that a branch can go. Branches are Istanbul's: if and else, conditional expressions, the operands of logical
// ones, cases, defaults. Only insertions without line breaks are made, so that lines stay and columns can be
// mapped back.

/** @typedef {{offset: number, text: string}} Insertion */
/** @typedef {{line: number, name?: string}} Counted */
/** @typedef {(line: number, column: number) => number | null} ToSourceLine of compiled code; null: nobody wrote it */
/**
 * @typedef {object} FileCoverage
 * @property {Counted[]} statements @property {number[]} statementCounts
 * @property {Counted[]} functions @property {number[]} functionCounts
 * @property {Counted[]} branches @property {number[][]} branchCounts how often each way was gone
 */

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

/** Lines of offsets as the user wrote them. @param {string} code @param {ToSourceLine} toSourceLine */
function lineFinder(code, toSourceLine) {
  const starts = [0];
  for (let i = code.indexOf("\n"); i !== -1; i = code.indexOf("\n", i + 1)) starts.push(i + 1);
  return (/** @type {number} */ offset) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= offset) low = middle;
      else high = middle;
    }
    return toSourceLine(low + 1, offset - starts[low] + 1);
  };
}

/**
 * @param {string} code JavaScript @param {string} path @param {(code: string) => any} parse an ESTree parser
 * @param {ToSourceLine} [toSourceLine] given when the code was compiled from another language
 * @returns {{insertions: Insertion[], coverage: FileCoverage}} throws SyntaxError
 */
export function instrument(code, path, parse, toSourceLine) {
  const lineOf = lineFinder(code, toSourceLine ?? ((line) => line));
  /** @type {FileCoverage} */
  const coverage = {
    statements: [],
    functions: [],
    branches: [],
    statementCounts: [],
    functionCounts: [],
    branchCounts: [],
  };
  /** @type {Array<Insertion & {order: number}>} */
  const insertions = [];
  let order = 0;
  const insert = (/** @type {number} */ offset, /** @type {string} */ text) =>
    insertions.push({ offset, text, order: order++ });
  const count = (/** @type {any} */ node) => {
    const line = lineOf(node.start);
    if (line === null) return "0";
    coverage.statements.push({ line });
    return `__cov.s[${coverage.statementCounts.push(0) - 1}]++`;
  };

  /** Begins a branch; every call of what it gives is the counter of one more way. @param {any} node */
  const branch = (node) => {
    const line = lineOf(node.start);
    if (line === null) return () => "0";
    coverage.branches.push({ line });
    /** @type {number[]} */
    const counts = [];
    const index = coverage.branchCounts.push(counts) - 1;
    return () => `__cov.b[${index}][${counts.push(0) - 1}]++`;
  };

  /** Counts an expression as a way of a branch. @param {any} node @param {string} counter */
  const way = (node, counter) => {
    insert(node.start, `(${counter},`);
    visit(node);
    insert(node.end, ")");
  };

  /**
   * @param {any} node @param {boolean} alone a statement where no second one can stand
   * @param {string} [before] a counter of its own, when it is one way of a branch
   */
  const statement = (node, alone, before = "") => {
    if (node.type === "BlockStatement") {
      if (before !== "") insert(node.start + 1, `${before};`);
      for (const child of node.body) statement(child, false);
      return;
    }
    const isDeclared = node.type === "ExportNamedDeclaration" || node.type === "ExportDefaultDeclaration"
      ? node.declaration === null || DECLARATIONS.has(node.declaration?.type ?? "EmptyStatement")
      : DECLARATIONS.has(node.type);
    if (!isDeclared && node.directive === undefined) {
      const counters = `${before && `${before};`}${count(node)};`;
      insert(node.start, alone ? `{${counters}` : counters);
      visit(node);
      if (alone) insert(node.end, "}");
      return;
    }
    if (before !== "") insert(node.start, `{${before};`);
    visit(node);
    if (before !== "") insert(node.end, "}");
  };

  /** @param {any} node @param {string} name */
  const enterFunction = (node, name) => {
    const line = lineOf(node.start);
    if (line !== null) coverage.functions.push({ line, name });
    const counter = line === null ? "0" : `__cov.f[${coverage.functionCounts.push(0) - 1}]++`;
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
      case "IfStatement": {
        const next = branch(node);
        const [then, otherwise] = [next(), next()];
        visit(node.test);
        statement(node.consequent, true, then);
        if (node.alternate) statement(node.alternate, true, otherwise);
        else insert(node.end, `else{${otherwise}}`);
        return;
      }
      case "ConditionalExpression": {
        const next = branch(node);
        const [then, otherwise] = [next(), next()];
        visit(node.test);
        way(node.consequent, then);
        way(node.alternate, otherwise);
        return;
      }
      case "LogicalExpression": {
        const next = branch(node);
        for (const operand of operands(node)) way(operand, next());
        return;
      }
      case "CallExpression":
        if (toSourceLine === undefined || !isNamespace(node, code)) break;
        for (const child of withoutParentheses(node.callee).body.body) statement(child, false);
        return;
      case "AssignmentPattern": {
        visit(node.left);
        const counter = branch(node)();
        const named = node.left.type === "Identifier" && isNameless(node.right);
        // A function without a name gets that of the parameter, which it would not inside of an expression.
        const [start, end] = named ? [`{${node.left.name}:`, `}.${node.left.name}`] : ["", ""];
        insert(node.right.start, `(${counter},${start}`);
        visit(node.right, node.left.name);
        insert(node.right.end, `${end})`);
        return;
      }
      case "SwitchStatement": {
        visit(node.discriminant);
        const next = branch(node);
        for (const clause of node.cases) {
          if (clause.test) visit(clause.test);
          insert(clause.consequent[0]?.start ?? clause.end, `${next()};`);
          for (const child of clause.consequent) statement(child, false);
        }
        return;
      }
      case "ForStatement":
        for (const part of [node.init, node.test, node.update]) if (part) visit(part);
        statement(node.body, true);
        return;
      case "ForInStatement":
      case "ForOfStatement":
        visit(node.left);
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
      case "Program":
      case "BlockStatement":
      case "StaticBlock":
        for (const child of node.body) statement(child, false);
        return;
      case "VariableDeclarator":
        visit(node.id);
        if (node.init) visit(node.init, node.id.name ?? "");
        return;
      case "AssignmentExpression":
        visit(node.left);
        visit(node.right, node.left.name ?? node.left.property?.name ?? "");
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

/** @param {any} node @returns {any} */
function withoutParentheses(node) {
  return node.type === "ParenthesizedExpression" ? withoutParentheses(node.expression) : node;
}

/** `a`, `b` and `c` of `a && (b || c)`. @param {any} node @returns {any[]} */
function operands(node) {
  const inner = withoutParentheses(node);
  return inner.type === "LogicalExpression" ? [...operands(inner.left), ...operands(inner.right)] : [node];
}

const NAMESPACE_ARGUMENT =
  /^(?:\{\}|(?:[\w$]+ = )?((?:[\w$]+\.)*([\w$]+))(?: \|\| (?:\{\}|\(\1 = \{\}\)))?)$/;

/**
 * What enums and namespaces are compiled to: `(function(E) {...})(E || (E = {}))`, whose function and branch
 * nobody wrote. @param {any} call @param {string} code
 */
function isNamespace({ callee, arguments: args }, code) {
  const made = withoutParentheses(callee);
  if (made.type !== "FunctionExpression" || made.params.length !== 1 || args.length !== 1) return false;
  const match = NAMESPACE_ARGUMENT.exec(code.slice(args[0].start, args[0].end));
  return match !== null && (match[2] ?? made.params[0].name) === made.params[0].name;
}

/** @param {any} node */
function isNameless(node) {
  const { type, id } = withoutParentheses(node);
  return ["ArrowFunctionExpression", "FunctionExpression", "ClassExpression"].includes(type) && !id;
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
