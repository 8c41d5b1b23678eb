// @ts-check
// CommonJS: `require`, `module`, `exports`, cycles, and `require` of an ECMAScript module that does not wait.

import { runNow } from "./effects.js";
import { inspectPromise } from "./engine.js";
import { compileBody, compileRecord } from "./compile.js";
import { directoryOf } from "./module_record.js";

/** @typedef {import("./module_graph.js").ModuleGraph} ModuleGraph */
/** @typedef {import("./module_record.js").ModuleRecord} ModuleRecord */

/** What a CommonJS module finds as `module`. */
export class CommonJSModule {
  /** @type {any} */
  exports = {};
  /** What `exports` was at first. */
  untouched = this.exports;
  loaded = false;
  /** @type {CommonJSModule[]} */
  children = [];
  /** @type {string[]} */
  paths = [];
  /** @type {any} */
  require = undefined;

  /**
   * @param {string} path
   * @param {CommonJSModule | null} parent
   */
  constructor(path, parent) {
    this.id = path;
    this.filename = path;
    this.path = directoryOf(path);
    this.parent = parent;
    for (let directory = this.path;; directory = directoryOf(directory)) {
      this.paths.push(directory === "/" ? "/node_modules" : `${directory}/node_modules`);
      if (directory === "/") break;
    }
    Object.defineProperty(this, "parent", { enumerable: false });
    Object.defineProperty(this, "untouched", { enumerable: false });
  }
}

export class CommonJSLoader {
  /** @type {Record<string, CommonJSModule>} what `require.cache` shows; a module deleted here runs again */
  cache = Object.create(null);
  /** @type {CommonJSModule | undefined} the program, when it is CommonJS: `require.main` of every module */
  #main;
  #graph;

  /** @param {ModuleGraph} graph */
  constructor(graph) {
    this.#graph = graph;
  }

  clear() {
    for (const path of Object.keys(this.cache)) delete this.cache[path];
  }

  /**
   * The exports of a CommonJS record; runs it when it has not run.
   * @param {ModuleRecord} record
   * @param {CommonJSModule | null} [parent]
   */
  evaluate(record, parent = null) {
    const known = record.commonjs;
    if (known !== null && (!known.loaded || this.cache[record.path] === known)) return known.exports;
    const body = record.body;
    if (body === null) throw new Error(`Module '${record.path}' is not compiled`);
    const module = new CommonJSModule(record.path, parent);
    if (record.isMain) this.#main = module;
    module.require = this.requireFor(record, module);
    record.commonjs = module;
    this.cache[record.path] = module;
    if (parent !== null) parent.children.push(module);
    try {
      Reflect.apply(body, module.exports, [module.exports, module.require, module, record.path, module.path]);
    } catch (error) {
      record.commonjs = null;
      delete this.cache[record.path];
      throw error;
    }
    module.loaded = true;
    return module.exports;
  }

  /**
   * The `require` of one importer.
   * @param {ModuleRecord} importer
   * @param {CommonJSModule | null} [module]
   */
  requireFor(importer, module = null) {
    const require = (/** @type {string} */ specifier) => {
      checkSpecifier(specifier);
      return this.#require(runNow(this.#graph.resolve(specifier, importer, "require")), module);
    };
    /** @param {string} specifier */
    require.resolve = (specifier) => {
      checkSpecifier(specifier);
      return runNow(this.#graph.resolve(specifier, importer, "require")).path;
    };
    require.cache = this.cache;
    require.extensions = Object.create(null);
    require.main = this.#main;
    return require;
  }

  /**
   * What a module finds beside its imports where it may use both.
   * @param {ModuleRecord} record
   */
  scopeOf(record) {
    const module = new CommonJSModule(record.path, null);
    module.require = this.requireFor(record, module);
    return {
      require: module.require,
      module,
      exports: module.exports,
      __filename: record.path,
      __dirname: module.path,
    };
  }

  /**
   * @param {ModuleRecord} record
   * @param {CommonJSModule | null} parent
   */
  #require(record, parent) {
    switch (record.format) {
      case "commonjs":
        if (record.body !== null || runNow(compileBody(this.#graph, record))) {
          return this.evaluate(record, parent);
        }
        record.format = "module";
        return this.#requireModule(record);
      case "module":
        return this.#requireModule(record);
      default:
        runNow(compileRecord(this.#graph, record));
        return record.value?.exports;
    }
  }

  /**
   * An ECMAScript module's namespace, when nothing in it waits.
   * @param {ModuleRecord} record
   */
  #requireModule(record) {
    runNow(this.#graph.linkGraph(record));
    this.#graph.instantiate(record);
    const { module } = record;
    if (module.status === "evaluating") {
      throw codeError(
        `Cannot require() '${record.path}' while it is being evaluated`,
        "ERR_REQUIRE_CYCLE_MODULE",
      );
    }
    const evaluated = module.evaluate();
    const { state, value } = inspectPromise(evaluated);
    if (state !== "fulfilled") evaluated.catch(() => {}); // its error is thrown here, or shown by an import
    if (state === "rejected") throw value;
    if (state === "pending") {
      throw codeError(
        `Cannot require() '${record.path}': it uses top-level await; load it with import()`,
        "ERR_REQUIRE_ASYNC_MODULE",
      );
    }
    const { namespace } = module;
    if (Object.hasOwn(namespace, "module.exports")) return namespace["module.exports"];
    if (!Object.hasOwn(namespace, "default") || Object.hasOwn(namespace, "__esModule")) return namespace;
    return transpiledView(namespace);
  }
}

/**
 * A namespace as code that came out of a compiler expects it: with `__esModule`.
 * @param {any} namespace
 */
function transpiledView(namespace) {
  const view = Object.create(null);
  for (const name of Object.keys(namespace)) {
    Object.defineProperty(view, name, { enumerable: true, get: () => namespace[name] });
  }
  Object.defineProperty(view, "__esModule", { value: true });
  Object.defineProperty(view, Symbol.toStringTag, { value: "Module" });
  return view;
}

/** @param {unknown} specifier */
function checkSpecifier(specifier) {
  if (typeof specifier !== "string") {
    throw Object.assign(
      new TypeError(`The "id" argument must be of type string. Received ${typeof specifier}`),
      {
        code: "ERR_INVALID_ARG_TYPE",
      },
    );
  }
  if (specifier === "") {
    throw Object.assign(new TypeError(`The argument 'id' must be a non-empty string. Received ''`), {
      code: "ERR_INVALID_ARG_VALUE",
    });
  }
}

/**
 * @param {string} message
 * @param {string} code
 */
function codeError(message, code) {
  return Object.assign(new Error(message), { code });
}
