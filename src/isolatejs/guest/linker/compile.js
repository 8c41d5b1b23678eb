// @ts-check
// From a record's bytes to a `node:vm` module: real source modules for ECMAScript modules, synthetic ones for
// everything else.

import { engine } from "./engine.js";
import { Referrer } from "./module_record.js";
import { commonJSLexer, loadCommonJSLexer } from "./parser.js";
import { describeSyntaxError, locateSyntaxError, placeOf } from "./syntax_errors.js";
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
  const { code, map } = yield* loweredText(graph, record);
  const { vm } = engine();
  try {
    record.body = vm.compileFunction(
      code.startsWith("#!") ? `//${code.slice(2)}` : code,
      ["exports", "require", "module", "__filename", "__dirname"],
      { filename: record.scriptName, importModuleDynamically: graph.dynamicImport(record) },
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
  graph.positions.addModule(record.scriptName, positionsOf(record, map));
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
    lowered = yield* loweredText(graph, record);
    instrumented = graph.instrumented(record, lowered);
    record.module ??= sourceModule(graph, record, instrumented?.code ?? lowered.code);
  } catch (error) {
    if (record.language !== "unknown" || lowered === undefined) {
      throw lowered === undefined ? error : yield located(graph, record, error, lowered.code, lowered.map);
    }
    record.language = "ts";
    let failure = error;
    try {
      lowered = yield* loweredText(graph, record);
      instrumented = graph.instrumented(record, lowered);
      record.module ??= sourceModule(graph, record, instrumented?.code ?? lowered.code);
    } catch (second) {
      failure = second;
      record.language = "unknown";
      throw yield located(graph, record, error, record.text, null, failure);
    }
  }
  const entry = positionsOf(record, lowered.map);
  if (instrumented !== null) {
    Object.assign(entry, { intermediate: lowered.code, insertions: instrumented.insertions });
  }
  graph.positions.addModule(record.scriptName, entry);
}

/**
 * @param {ModuleRecord} record
 * @param {string | null} map
 * @returns {import("./source_positions.js").SourceEntry}
 */
function positionsOf(record, map) {
  return {
    file: record.path,
    get source() {
      return record.text;
    },
    map: map ?? (record.language === "js" ? undefined : null),
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
    importModuleDynamically: graph.dynamicImport(record),
  });
}

/**
 * @param {ModuleGraph} graph
 * @param {ModuleRecord} record
 * @returns {Generator<Effect, import("./typescript.js").Lowered, any>}
 */
function* loweredText(graph, record) {
  const language = record.language === "unknown" ? "js" : record.language;
  return yield* lower(record.text, language, record.path, graph.transpile);
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
  const where = { file: record.path, source: record.text };
  const chain = record.importerChain().slice(1).map((path) => `\n  imported by ${path}`).join("");
  const finish = (/** @type {any} */ found) => {
    if (found instanceof SyntaxError) Object.defineProperty(found, "importers", hidden(chain));
    return found;
  };
  return {
    now: () => error instanceof SyntaxError ? finish(describeSyntaxError(error, where)) : error,
    later: async () => {
      const toOriginal = map === null ? undefined : graph.positions.mapper(map);
      const first = await locateSyntaxError(error, code, where, toOriginal);
      return finish(later(first, alternative));
    },
  };
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

/**
 * The two faces of a CommonJS module. Node gives `module.exports` as the default, always; bundlers give
 * `exports.default` when the module says that it once was an ECMAScript module.
 * @param {ModuleGraph} graph
 * @param {ModuleRecord} record
 * @returns {Generator<Effect, void, any>}
 */
function* compileFacades(graph, record) {
  yield { later: loadCommonJSLexer, now: () => undefined };
  const names = yield* exportNames(graph, record, new Set());
  if (record.module === null) buildFacades(graph, record, names);
}

/**
 * @param {ModuleGraph} graph
 * @param {ModuleRecord} record
 * @param {readonly string[]} names
 */
export function buildFacades(graph, record, names) {
  const facade = (/** @type {boolean} */ isNodeStyle) =>
    synthetic(record, [...names, "default", "module.exports"], (set) => {
      const exports = graph.commonjs.evaluate(record);
      for (const name of names) set(name, readExport(exports, name));
      const isTranspiled = !isNodeStyle && readExport(exports, "__esModule") === true;
      set("default", isTranspiled && "default" in exports ? exports.default : exports);
      set("module.exports", exports);
    });
  record.nodeFacade = facade(true);
  record.module = facade(false);
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
  const names = new Set();
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
  names.delete("default");
  names.delete("module.exports");
  record.exportNames = [...names].filter((name) => name.isWellFormed());
  return record.exportNames;
}

/**
 * @param {any} exports
 * @param {string} name
 */
function readExport(exports, name) {
  return exports === null || exports === undefined ? undefined : exports[name];
}

/** @param {ModuleRecord} record */
function parseJson(record) {
  try {
    return JSON.parse(record.text);
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    throw describeSyntaxError({ message: `${record.path}: ${message}` }, {
      file: record.path,
      source: record.text,
    });
  }
}

/**
 * A synthetic module; `fill` sets its exports when it is evaluated.
 * @param {ModuleRecord} record
 * @param {readonly string[]} names
 * @param {(set: (name: string, value: unknown) => void) => void} fill
 */
function synthetic(record, names, fill) {
  const { vm } = engine();
  const module = new vm.SyntheticModule(
    names,
    () => fill((name, value) => module.setExport(name, value)),
    { identifier: record.scriptName },
  );
  return module;
}

/** @param {ModuleRecord} record */
function defaultModule(record) {
  return synthetic(record, ["default"], (set) => set("default", record.value?.exports));
}

/**
 * @param {ModuleRecord} record
 * @param {any} value
 */
function valueModule(record, value) {
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
  const names = isObject
    ? Object.keys(value).filter((name) => name !== "default" && name.isWellFormed())
    : [];
  return synthetic(record, [...names, "default"], (set) => {
    for (const name of names) set(name, value[name]);
    set("default", isObject && Object.hasOwn(value, "default") ? value.default : value);
  });
}

/**
 * `import module from "./x.wasm"` gives the WebAssembly.Module, as in workers; one without imports also gives
 * the exports of an instance by name.
 * @param {ModuleRecord} record
 */
function wasmModule(record) {
  const compiled = record.value?.exports;
  const isSelfContained = WebAssembly.Module.imports(compiled).length === 0;
  const names = isSelfContained
    ? WebAssembly.Module.exports(compiled).map(({ name }) => name).filter((name) => name !== "default")
    : [];
  return synthetic(record, [...names, "default"], (set) => {
    const exports = names.length === 0 ? {} : new WebAssembly.Instance(compiled).exports;
    for (const name of names) set(name, /** @type {any} */ (exports)[name]);
    set("default", compiled);
  });
}

/** @param {string} value @returns {PropertyDescriptor} */
function hidden(value) {
  return { value, writable: true, enumerable: false, configurable: true };
}
