// @ts-check
// How a CommonJS module looks to the ECMAScript modules that import it: its default and its named exports.

import { SafeSet } from "../primordials.js";
import { commonJSLexer, loadCommonJSLexer } from "./parser.js";
import { synthetic } from "./synthetic.js";

/** @typedef {import("./effects.js").Effect} Effect */
/** @typedef {import("./module_graph.js").ModuleGraph} ModuleGraph */
/** @typedef {import("./module_record.js").ModuleRecord} ModuleRecord */

/** Larger CommonJS modules are run for the names that they export: the lexer reads some 50 MB a second. */
const LEXED_LIMIT_BYTES = 1024 * 1024;

/**
 * The two faces of a CommonJS module. Node gives `module.exports` as the default, always; bundlers give
 * `exports.default` when the module says that it once was an ECMAScript module.
 * @param {ModuleGraph} graph
 * @param {ModuleRecord} record
 * @returns {Generator<Effect, void, any>}
 */
export function* compileFacades(graph, record) {
  yield { later: loadCommonJSLexer, now: () => undefined };
  const names = record.source.length > LEXED_LIMIT_BYTES
    ? namesByRunning(graph, record)
    : yield* exportNames(graph, record, new SafeSet());
  if (record.module === null) buildFacades(graph, record, names);
}

/**
 * The names that a CommonJS module exports, by running it now instead of when its turn comes. Only for bundles
 * so large that reading them for their names takes longer than running them.
 * @param {ModuleGraph} graph
 * @param {ModuleRecord} record
 */
function namesByRunning(graph, record) {
  const exports = graph.commonjs.evaluate(record);
  const isObject = (typeof exports === "object" && exports !== null) || typeof exports === "function";
  record.exportNames = isObject ? exportable(Object.keys(exports)) : [];
  return record.exportNames;
}

/**
 * Names that a facade can have beside its own two.
 * @param {Iterable<string>} names
 */
export function exportable(names) {
  return [...new SafeSet(names)].filter((name) =>
    name !== "default" && name !== "module.exports" && name.isWellFormed()
  );
}

/**
 * @param {ModuleGraph} graph
 * @param {ModuleRecord} record
 * @param {readonly string[]} names
 */
export function buildFacades(graph, record, names) {
  record.nodeFacade = null;
  record.module = buildFacade(graph, record, names, { isNodeStyle: false });
}

/**
 * What Node's own modules see of a CommonJS module.
 * @param {ModuleGraph} graph
 * @param {ModuleRecord} record
 */
export function nodeFacade(graph, record) {
  record.nodeFacade ??= buildFacade(graph, record, record.exportNames ?? [], { isNodeStyle: true });
  return record.nodeFacade;
}

/**
 * @param {ModuleGraph} graph
 * @param {ModuleRecord} record
 * @param {readonly string[]} names
 * @param {{ isNodeStyle: boolean }} options
 */
function buildFacade(graph, record, names, { isNodeStyle }) {
  return synthetic(record, [...names, "default", "module.exports"], (set) => {
    const exports = graph.commonjs.evaluate(record);
    for (const name of names) set(name, readExport(exports, name));
    const isTranspiled = !isNodeStyle && readExport(exports, "__esModule") === true;
    set("default", isTranspiled && "default" in exports ? exports.default : exports);
    set("module.exports", exports);
  });
}

/**
 * The names that a CommonJS module exports, its re-exports included.
 * @param {ModuleGraph} graph
 * @param {ModuleRecord} record
 * @param {Set<ModuleRecord>} seen
 * @returns {Generator<Effect, readonly string[], any>}
 */
function* exportNames(graph, record, seen) {
  if (record.exportNames !== null) return record.exportNames;
  const lex = commonJSLexer();
  if (lex === null) return [];
  seen.add(record);
  /** @type {Set<string>} */
  const names = new SafeSet();
  let lexed;
  try {
    lexed = lex(record.text);
  } catch {
    lexed = { exports: [], reexports: [] }; // what the lexer cannot read still has its default export
  }
  for (const name of lexed.exports) names.add(name);
  for (const specifier of lexed.reexports) {
    let child;
    try {
      child = yield* graph.resolve(specifier, record, "require");
    } catch {
      continue; // the same error comes when the module runs `require`
    }
    if (child.format === "commonjs") {
      if (!seen.has(child)) { for (const name of yield* exportNames(graph, child, seen)) names.add(name); }
    } else if (child.format === "builtin") {
      for (const name of Object.keys(child.value?.exports ?? {})) names.add(name);
    }
  }
  record.exportNames = exportable(names);
  return record.exportNames;
}

/**
 * @param {any} exports
 * @param {string} name
 */
function readExport(exports, name) {
  return exports === null || exports === undefined ? undefined : exports[name];
}
