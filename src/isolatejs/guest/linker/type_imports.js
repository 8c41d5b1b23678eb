// @ts-check
// Imports and re-exports of TypeScript that are only types. As in the TypeScript compiler without
// `verbatimModuleSyntax`, an imported name that is never used as a value is dropped, and an import that has no name
// left is dropped whole, so that its module is not loaded. A re-exported name is dropped when the module it comes
// from has no value of that name. What is dropped becomes blanks: lines and columns stay.

import { ObjectHasOwn, SafeMap, SafeSet } from "../primordials.js";
import { loadAcorn, loadedAcorn } from "./parser.js";
import { strip } from "./typescript.js";

/**
 * @typedef {object} ModuleShape  what a module imports and exports, of its text alone
 * @property {any[]} statements  its top-level imports and exports with names, as ESTree nodes
 * @property {Map<string, { source: string, name: string }>} imported  by local name; `name` is "*" for a namespace
 * @property {Set<string>} used  imported names that are used as values
 * @property {Set<string>} exported  names of values that it exports itself
 * @property {Map<string, { source: string, name: string }>} passedOn  exported names that come from other modules
 * @property {string[]} stars  modules whose names it exports all
 */

/** @typedef {import("./effects.js").Effect} Effect */
/** @typedef {import("./module_graph.js").ModuleGraph} ModuleGraph */
/** @typedef {import("./module_record.js").ModuleRecord} ModuleRecord */

const MAY_IMPORT = /\bimport\b|\bexport\b[^]*\bfrom\b/;

/**
 * The code of a TypeScript module without the imports and re-exports that are only types.
 * @param {ModuleGraph} graph
 * @param {ModuleRecord} record
 * @param {string} code  without types otherwise
 * @returns {Generator<Effect, string, any>}
 */
export function* withoutTypeImports(graph, record, code) {
  if (!MAY_IMPORT.test(code) || graph.store.host?.keepsTypeImports === true) return code;
  const parse = yield parserEffect();
  const shape = parse === null ? null : parsedShape(parse, code);
  if (shape === null) return code;
  /** @type {Set<string>} */
  const types = new SafeSet();
  for (const from of shape.passedOn.values()) {
    if (!(yield* hasValue(graph, from, record, new SafeSet()))) types.add(`${from.name} ${from.source}`);
  }
  return dropTypes(code, shape, (name, source) => !types.has(`${name} ${source}`));
}

/**
 * Whether a module exports a value of that name, as far as can be told: yes when it cannot.
 * @param {ModuleGraph} graph
 * @param {{ source: string, name: string }} from
 * @param {ModuleRecord} importer
 * @param {Set<string>} asked
 * @returns {Generator<Effect, boolean, any>}
 */
function* hasValue(graph, { source, name }, importer, asked) {
  let record;
  try {
    record = yield* graph.resolve(source, importer, "import");
  } catch {
    return true; // linking says what is wrong with it
  }
  const question = `${name} ${record.id}`;
  if (asked.has(question)) return false;
  asked.add(question);
  const shape = yield* shapeOfRecord(graph, record);
  if (shape === null || shape.exported.has(name)) return true;
  const passed = shape.passedOn.get(name);
  if (passed !== undefined) return yield* hasValue(graph, passed, record, asked);
  if (name === "default") return false;
  for (const star of shape.stars) {
    if (yield* hasValue(graph, { source: star, name }, record, asked)) return true;
  }
  return false;
}

/**
 * What a module's text imports and exports; null when the text does not tell.
 * @param {ModuleGraph} graph
 * @param {ModuleRecord} record
 * @returns {Generator<Effect, ModuleShape | null, any>}
 */
function* shapeOfRecord(graph, record) {
  if (record.shape !== undefined) return record.shape;
  const parse = yield parserEffect();
  if (parse === null) return null;
  record.shape = null;
  if (record.format === "module") {
    let code = record.text;
    if (record.language !== "js" && record.language !== "unknown") {
      try {
        code = (yield* graph.lowered(record)).code;
      } catch {
        return null; // compiling it says what is wrong with it
      }
    }
    record.shape = parsedShape(parse, code);
    if (record.shape === null && record.language === "unknown") {
      record.shape = parsedShape(parse, strip(code) ?? "");
    }
  }
  return record.shape;
}

/** @returns {Effect} gives acorn, or null when it would have to be waited for */
function parserEffect() {
  return { later: loadAcorn, now: loadedAcorn };
}

/**
 * @param {(source: string) => any} parse
 * @param {string} code
 * @returns {ModuleShape | null} null when the parser cannot read it
 */
function parsedShape(parse, code) {
  try {
    return shapeOf(parse(code));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/**
 * @param {any} program  ESTree
 * @returns {ModuleShape}
 */
export function shapeOf(program) {
  /** @type {any[]} */
  const statements = [];
  /** @type {Set<string>} */
  const exported = new SafeSet();
  /** @type {ModuleShape["passedOn"]} */
  const passedOn = new SafeMap();
  /** @type {string[]} */
  const stars = [];
  /** @type {Map<string, { source: string, name: string }>} */
  const imported = new SafeMap();
  for (const node of program.body) {
    if (node.type !== "ImportDeclaration") continue;
    for (const item of node.specifiers) {
      imported.set(item.local.name, { source: node.source.value, name: importedName(item) });
    }
  }
  for (const node of program.body) {
    switch (node.type) {
      case "ImportDeclaration":
        statements.push(node);
        break;
      case "ExportAllDeclaration":
        if (node.exported === null) stars.push(node.source.value);
        else exported.add(nameOf(node.exported));
        break;
      case "ExportDefaultDeclaration":
        exported.add("default");
        break;
      case "ExportNamedDeclaration":
        if (node.declaration) {
          for (const name of declaredNames(node.declaration)) exported.add(name);
          break;
        }
        statements.push(node);
        for (const item of node.specifiers) {
          const from = node.source === null
            ? imported.get(item.local.name)
            : { source: node.source.value, name: nameOf(item.local) };
          if (from === undefined || from.name === "*") exported.add(nameOf(item.exported));
          else passedOn.set(nameOf(item.exported), from);
        }
    }
  }
  const used = imported.size === 0 ? new SafeSet() : usedNames(program, imported);
  return { statements, imported, used, exported, passedOn, stars };
}

/**
 * @param {string} code
 * @param {ModuleShape} shape
 * @param {(name: string, source: string) => boolean} isValue  whether a module has a value of that name
 */
export function dropTypes(code, shape, isValue) {
  /** @type {Blank[]} */
  const blanks = [];
  /** Imported names that are used after all: they are exported. */
  const exportedOn = new SafeSet();
  for (const node of shape.statements) {
    if (node.type === "ImportDeclaration") continue;
    const isDropped = (/** @type {any} */ item) => {
      if (node.source !== null) return !isValue(nameOf(item.local), node.source.value);
      const from = shape.imported.get(item.local.name);
      if (from === undefined) return false;
      if (from.name === "*" || isValue(from.name, from.source) || shape.used.has(item.local.name)) {
        exportedOn.add(item.local.name);
        return false;
      }
      return true;
    };
    blanks.push(...without(code, node, node.specifiers.filter(isDropped)));
  }
  for (const node of shape.statements) {
    if (node.type !== "ImportDeclaration" || !hasClause(code, node)) continue;
    const isDropped = (/** @type {any} */ item) =>
      !shape.used.has(item.local.name) && !exportedOn.has(item.local.name);
    blanks.push(...without(code, node, node.specifiers.filter(isDropped)));
  }
  return blanks.length === 0 ? code : blank(code, blanks);
}

/**
 * Whether an import has anything between `import` and `from`.
 * @param {string} code
 * @param {any} node
 */
function hasClause(code, node) {
  return node.specifiers.length > 0 || /^import\s*\{/.test(code.slice(node.start, node.source.start));
}

/** @typedef {{ start: number, end: number, isWhole?: boolean }} Blank  whole: a statement, so that a `;` stays */

/**
 * The places to blank when these specifiers go; the whole statement when none is left.
 * @param {string} code
 * @param {any} node
 * @param {any[]} dropped
 * @returns {Blank[]}
 */
function without(code, node, dropped) {
  const kept = node.specifiers.length - dropped.length;
  // `export {}` makes a file a module, and has nothing to load.
  if (kept === 0) {
    return node.source === null && dropped.length === 0
      ? []
      : [{ start: node.start, end: node.end, isWhole: true }];
  }
  const braces = node.specifiers.filter((/** @type {any} */ item) =>
    item.type === "ImportSpecifier" || item.type === "ExportSpecifier"
  );
  return dropped.flatMap((item) => {
    let { start, end } = item;
    if (
      item.type === "ImportDefaultSpecifier" ||
      braces.length > 0 && braces.every((/** @type {any} */ one) => dropped.includes(one))
    ) {
      return clause(code, item, braces);
    }
    const comma = /^\s*,/.exec(code.slice(end));
    if (comma !== null) end += comma[0].length;
    else start = code.lastIndexOf(",", start);
    return [{ start, end }];
  });
}

/**
 * Of `import a, { b } from`: `a,` or `, { b }`, with its comma.
 * @param {string} code
 * @param {any} item
 * @param {any[]} braces
 */
function clause(code, item, braces) {
  if (item.type === "ImportDefaultSpecifier") {
    return [{ start: item.start, end: code.indexOf(",", item.end) + 1 }];
  }
  const start = code.lastIndexOf(",", code.lastIndexOf("{", braces[0].start));
  return [{ start, end: code.indexOf("}", braces[braces.length - 1].end) + 1 }];
}

/**
 * @param {string} code
 * @param {Blank[]} places
 */
function blank(code, places) {
  places.sort((a, b) => a.start - b.start);
  let result = "", from = 0;
  for (const { start, end, isWhole = false } of places) {
    if (end <= from) continue;
    const blanks = code.slice(Math.max(start, from), end).replace(/[^\n\r]/g, " ");
    // What stands around a statement that goes must not become one.
    result += code.slice(from, start) + (isWhole ? `${blanks.slice(0, -1)};` : blanks);
    from = end;
  }
  return result + code.slice(from);
}

/** @param {any} item  of an import */
function importedName(item) {
  if (item.type === "ImportNamespaceSpecifier") return "*";
  return item.type === "ImportDefaultSpecifier" ? "default" : nameOf(item.imported);
}

/** @param {any} node  an identifier or a string */
function nameOf(node) {
  return node.type === "Identifier" ? node.name : node.value;
}

/**
 * The names that a module declares or imports.
 * @param {any} program  ESTree
 * @returns {string[]}
 */
export function topLevelNames(program) {
  return [
    ...varNames({ type: "Program", body: program.body }),
    ...program.body.flatMap((/** @type {any} */ node) => {
      if (node.type === "ImportDeclaration") {
        return node.specifiers.map((/** @type {any} */ item) => item.local.name);
      }
      const declaration = node.declaration ?? node;
      return /Declaration$/.test(declaration.type) && "id" in declaration ||
          declaration.type === "VariableDeclaration"
        ? declaredNames(declaration)
        : [];
    }),
  ];
}

/**
 * @param {any} node  a declaration
 * @returns {string[]}
 */
function declaredNames(node) {
  if (node.type !== "VariableDeclaration") return node.id ? [node.id.name] : [];
  return node.declarations.flatMap((/** @type {any} */ item) => boundNames(item.id));
}

/**
 * @param {any} pattern
 * @returns {string[]}
 */
function boundNames(pattern) {
  switch (pattern?.type) {
    case "Identifier":
      return [pattern.name];
    case "ObjectPattern":
      return pattern.properties.flatMap((/** @type {any} */ item) => boundNames(item.value ?? item.argument));
    case "ArrayPattern":
      return pattern.elements.flatMap(boundNames);
    case "AssignmentPattern":
      return boundNames(pattern.left);
    case "RestElement":
      return boundNames(pattern.argument);
    default:
      return [];
  }
}

/**
 * Which of the imported names are used as values, where nothing nearer has the same name.
 * @param {any} program
 * @param {Map<string, unknown>} imported
 * @returns {Set<string>}
 */
function usedNames(program, imported) {
  /** @type {Set<string>} */
  const used = new SafeSet();
  /** @type {{ node: any, hidden: Set<string> | null }[]} */
  const pending = program.body
    .filter((/** @type {any} */ node) => node.type !== "ImportDeclaration")
    .map((/** @type {any} */ node) => ({ node, hidden: null }));
  // A stack of our own: programs may nest deeper than calls can.
  while (pending.length > 0) {
    const { node, hidden } = /** @type {{ node: any, hidden: Set<string> | null }} */ (pending.pop());
    if (node.type === "Identifier") {
      if (imported.has(node.name) && !hidden?.has(node.name)) used.add(node.name);
      continue;
    }
    if (node.type === "ExportNamedDeclaration" && node.specifiers.length > 0) continue;
    const inner = hiddenWithin(node, imported, hidden);
    for (const key in node) {
      if (!ObjectHasOwn(node, key) || isNameOnly(node, key)) continue;
      const value = node[key];
      if (Array.isArray(value)) {
        for (const item of value) {
          if (typeof item?.type === "string") pending.push({ node: item, hidden: inner });
        }
      } else if (typeof value?.type === "string") {
        pending.push({ node: value, hidden: inner });
      }
    }
  }
  return used;
}

/**
 * Whether a field of a node holds a name that is no reference: `a` in `o.a`, in `{a: 1}` and in `let a`.
 * @param {any} node
 * @param {string} key
 */
function isNameOnly(node, key) {
  switch (node.type) {
    case "MemberExpression":
      return key === "property" && !node.computed;
    case "Property":
      return key === "key" && !node.computed && !node.shorthand;
    case "MethodDefinition":
    case "PropertyDefinition":
      return key === "key" && !node.computed;
    case "LabeledStatement":
    case "BreakStatement":
    case "ContinueStatement":
      return key === "label";
    case "MetaProperty":
      return true;
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ClassDeclaration":
    case "ClassExpression":
      return key === "id";
    default:
      return false;
  }
}

/**
 * The imported names that something declared in this node hides from what is in it.
 * @param {any} node
 * @param {Map<string, unknown>} imported
 * @param {Set<string> | null} hidden  outside
 */
function hiddenWithin(node, imported, hidden) {
  const names = namesDeclaredIn(node).filter((name) => imported.has(name));
  if (names.length === 0) return hidden;
  const inner = new SafeSet();
  hidden?.forEach((name) => inner.add(name));
  for (const name of names) inner.add(name);
  return inner;
}

/**
 * @param {any} node
 * @returns {string[]}
 */
function namesDeclaredIn(node) {
  switch (node.type) {
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ArrowFunctionExpression": {
      const own = node.type === "FunctionExpression" && node.id ? [node.id.name] : [];
      return [...own, ...node.params.flatMap(boundNames), ...varNames(node.body)];
    }
    case "ClassExpression":
      return node.id ? [node.id.name] : [];
    case "BlockStatement":
    case "StaticBlock":
      return node.body.flatMap(lexicalNames);
    case "SwitchStatement":
      return node.cases.flatMap((/** @type {any} */ branch) => branch.consequent.flatMap(lexicalNames));
    case "ForStatement":
      return node.init ? lexicalNames(node.init) : [];
    case "ForInStatement":
    case "ForOfStatement":
      return lexicalNames(node.left);
    case "CatchClause":
      return boundNames(node.param);
    default:
      return [];
  }
}

/** @param {any} statement @returns {string[]} */
function lexicalNames(statement) {
  const isLexical = statement.type === "VariableDeclaration"
    ? statement.kind !== "var"
    : statement.type === "FunctionDeclaration" || statement.type === "ClassDeclaration";
  return isLexical ? declaredNames(statement) : [];
}

/**
 * Names of `var` in a function's body, which belong to the whole of it.
 * @param {any} body
 * @returns {string[]}
 */
function varNames(body) {
  /** @type {string[]} */
  const names = [];
  const pending = [body];
  while (pending.length > 0) {
    const node = pending.pop();
    if (node.type === "VariableDeclaration" && node.kind === "var") names.push(...declaredNames(node));
    if (/Function|Class/.test(node.type)) continue;
    for (const key in node) {
      const value = node[key];
      if (Array.isArray(value)) {
        for (const item of value) if (typeof item?.type === "string") pending.push(item);
      } else if (typeof value?.type === "string" && !node.type.endsWith("Expression")) {
        pending.push(value);
      }
    }
  }
  return names;
}
