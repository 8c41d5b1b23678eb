// @ts-check
// From a record's bytes to a `node:vm` module: a real source module for an ECMAScript module, a synthetic one
// for everything else.

import { engine } from "./engine.js";
import { compileFacades } from "./facades.js";
import { Referrer } from "./module_record.js";
import { defaultModule, parseJson, valueModule, wasmModule } from "./synthetic.js";
import { describeSyntaxError, locateSyntaxError, placeOf } from "./syntax_errors.js";
import { withoutTypeImports } from "./type_imports.js";
import { lower } from "./typescript.js";

/** @typedef {import("./effects.js").Effect} Effect */
/** @typedef {import("./module_graph.js").ModuleGraph} ModuleGraph */
/** @typedef {import("./module_record.js").ModuleRecord} ModuleRecord */

/** What V8 says when CommonJS is expected and the text is an ECMAScript module. */
const MODULE_SYNTAX =
  /Cannot use import statement|Unexpected token 'export'|Cannot use 'import\.meta'|await is only valid|Unexpected reserved word/;

/**
 * Gives a record its `module`.
 * @param {ModuleGraph} graph
 * @param {ModuleRecord} record
 * @returns {Generator<Effect, void, any>} throws SyntaxError
 */
export function* compileRecord(graph, record) {
  if (record.module !== null) return;
  switch (record.format) {
    case "builtin":
      record.module = valueModule(record, record.value?.exports);
      return;
    case "json":
      record.value ??= { exports: parseJson(record) };
      record.module = defaultModule(record);
      return;
    case "text":
      record.value ??= { exports: record.text };
      record.module = defaultModule(record);
      return;
    case "bytes":
      record.value ??= { exports: record.source.slice() };
      record.module = defaultModule(record);
      return;
    case "wasm":
      record.value ??= { exports: new WebAssembly.Module(/** @type {any} */ (record.source)) };
      record.module = wasmModule(record);
      return;
    case "commonjs":
      if (yield* compileBody(graph, record)) {
        yield* compileFacades(graph, record);
        return;
      }
      record.format = "module";
      break;
  }
  yield* compileSource(graph, record);
}

/**
 * Compiles a CommonJS module's body; false when its text turns out to be an ECMAScript module.
 * @param {ModuleGraph} graph
 * @param {ModuleRecord} record
 * @returns {Generator<Effect, boolean, any>}
 */
export function* compileBody(graph, record) {
  if (record.body !== null) return true;
  const lowered = yield* loweredText(graph, record);
  const { code } = lowered;
  const instrumented = graph.instrumented(record, lowered);
  const run = instrumented?.code ?? code;
  const { vm } = engine();
  try {
    record.body = vm.compileFunction(
      run.startsWith("#!") ? `//${run.slice(2)}` : run,
      ["exports", "require", "module", "__filename", "__dirname"],
      { filename: record.scriptName, importModuleDynamically: graph.dynamicImport(record, code) },
    );
  } catch (error) {
    if (!record.isCertain && error instanceof SyntaxError && MODULE_SYNTAX.test(error.message)) return false;
    throw yield located(
      graph,
      record,
      error,
      `(function (exports, require, module, __filename, __dirname) {${code}\n})`,
    );
  }
  graph.positions.addModule(record.scriptName, positionsOf(graph, record, lowered, instrumented));
  return true;
}

/**
 * @param {ModuleGraph} graph
 * @param {ModuleRecord} record
 * @returns {Generator<Effect, void, any>}
 */
function* compileSource(graph, record) {
  let lowered;
  let instrumented = null;
  try {
    lowered = yield* moduleText(graph, record);
    instrumented = graph.instrumented(record, lowered);
    record.module ??= sourceModule(graph, record, instrumented?.code ?? lowered.code);
  } catch (error) {
    if (record.language !== "unknown" || lowered === undefined) {
      throw lowered === undefined ? error : yield located(graph, record, error, lowered.code, lowered.map);
    }
    record.language = "ts";
    let failure = error;
    try {
      lowered = yield* moduleText(graph, record);
      instrumented = graph.instrumented(record, lowered);
      record.module ??= sourceModule(graph, record, instrumented?.code ?? lowered.code);
    } catch (second) {
      failure = second;
      record.language = "unknown";
      throw yield located(graph, record, error, record.text, null, failure);
    }
  }
  graph.positions.addModule(record.scriptName, positionsOf(graph, record, lowered, instrumented));
}

/**
 * @param {ModuleGraph} graph
 * @param {ModuleRecord} record
 * @param {import("./typescript.js").Lowered} lowered
 * @param {ReturnType<ModuleGraph["instrumented"]>} instrumented
 * @returns {import("./source_positions.js").SourceEntry}
 */
function positionsOf(graph, record, { code, map }, instrumented) {
  return {
    file: record.path,
    intermediate: instrumented === null ? undefined : code,
    insertions: instrumented?.insertions,
    get source() {
      return record.text;
    },
    map: map ?? (record.language === "js" ? undefined : null),
    readMap: (name) => graph.readText(name, record),
  };
}

/**
 * @param {ModuleGraph} graph
 * @param {ModuleRecord} record
 * @param {string} code
 */
export function sourceModule(graph, record, code) {
  const { vm } = engine();
  const referrer = new Referrer(record);
  return new vm.SourceTextModule(code, {
    identifier: record.scriptName,
    initializeImportMeta: (/** @type {any} */ meta) => graph.initializeMeta(meta, referrer),
    importModuleDynamically: graph.dynamicImport(record, code),
  });
}

/**
 * @param {ModuleGraph} graph
 * @param {ModuleRecord} record
 * @returns {Generator<Effect, import("./typescript.js").Lowered, any>}
 */
export function* loweredText(graph, record) {
  const language = record.language === "unknown" ? "js" : record.language;
  const isCommonJS = record.format === "commonjs";
  return yield* lower(record.text, language, whereIs(record), graph.transpile, { isCommonJS });
}

/**
 * A module's JavaScript, without imports that are only types.
 * @param {ModuleGraph} graph
 * @param {ModuleRecord} record
 * @returns {Generator<Effect, import("./typescript.js").Lowered, any>}
 */
function* moduleText(graph, record) {
  const lowered = yield* graph.lowered(record);
  record.lowered = null;
  if (record.language === "js" || record.language === "unknown" || record.language === "jsx") return lowered;
  return { ...lowered, code: yield* withoutTypeImports(graph, record, lowered.code) };
}

/**
 * An effect that gives the error with its place.
 * @param {ModuleGraph} graph
 * @param {ModuleRecord} record
 * @param {unknown} error
 * @param {string} code
 * @param {string | null} [map]
 * @param {unknown} [alternative]  the error of reading it as TypeScript
 * @returns {Effect}
 */
function located(graph, record, error, code, map = null, alternative) {
  const where = whereIs(record);
  return {
    now: () => error instanceof SyntaxError ? describeSyntaxError(error, where) : error,
    later: async () => {
      const toOriginal = map === null ? undefined : graph.positions.mapper(map);
      return later(await locateSyntaxError(error, code, where, toOriginal), alternative);
    },
  };
}

/**
 * @param {ModuleRecord} record
 * @returns {import("./syntax_errors.js").Where}
 */
function whereIs(record) {
  return { file: record.path, source: record.text, importers: record.importerChain().slice(1) };
}

/**
 * Of two errors of the same text, the one that got further.
 * @param {unknown} first
 * @param {unknown} second
 */
export function later(first, second) {
  const one = placeOf(first), other = placeOf(second);
  if (one === undefined || other === undefined) return first;
  return other.line > one.line || (other.line === one.line && other.column > one.column) ? second : first;
}
