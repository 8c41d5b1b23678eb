// @ts-check
// The linker: runs programs as modules and finds what they import. What the kernel and the capabilities use.

import { core } from "../engine.js";
import { compileBody } from "./compile.js";
import { runLater } from "./effects.js";
import { Builtins } from "./builtins.js";
import { engine } from "./engine.js";
import { ModuleGraph } from "./module_graph.js";
import { standIn } from "./module_record.js";
import { loadAcorn, loadCommonJSLexer } from "./parser.js";
import { isCommonJSName, Program, programRecord } from "./program.js";
import { SourcePositions } from "./source_positions.js";

/** @typedef {import("./module_store.js").ModuleHost} ModuleHost */

export class Linker {
  positions = new SourcePositions();
  /** @type {Builtins} */
  #builtins;
  /** @type {ModuleGraph} */
  #graph;

  constructor() {
    this.#builtins = new Builtins({
      environment: () => this.#graph.store.host?.environment ?? {},
      cwd: () => this.#graph.store.host?.cwd ?? "/",
      requireFor: (path) => this.createRequire(path),
    });
    this.#graph = new ModuleGraph(this.#builtins, this.positions);
  }

  /** Lowers JSX and decorators, through the host. */
  get transpile() {
    return this.#graph.transpile;
  }

  /**
   * Boots the engine's Node layer (about 20 ms), so that the first program need not wait for it.
   * @param {{ parsers?: boolean }} [options]  `parsers`: the parsers too (about 10 ms more)
   */
  async warm({ parsers = false } = {}) {
    engine();
    if (parsers) await Promise.all([loadAcorn(), loadCommonJSLexer()]);
  }

  /**
   * Says who finds modules.
   * @param {ModuleHost} host
   */
  connect(host) {
    this.#graph.store.host = host;
  }

  /**
   * Runs a program as a module of its own.
   * @param {string} source  JavaScript or TypeScript
   * @param {string} [filename]
   * @param {{ completion?: boolean, withRequire?: boolean }} [options]  `withRequire`: it may use `require` and the
   *   like beside imports
   * @returns {Promise<{ namespace: any, completion: unknown }>} `completion` is the value of the last
   *   expression statement, else the default export, else undefined; of CommonJS what it exports
   */
  async evaluateModule(source, filename = "/index.js", { completion = false, withRequire = false } = {}) {
    if (isCommonJSName(filename)) return await this.#evaluateCommonJS(source, filename);
    const program = new Program(this.#graph, source, filename, { withRequire });
    const module = await program.compile({ completion });
    await this.#graph.whileLinking(() => runLater(this.#graph.linkGraph(program.record)));
    this.#graph.instantiate(program.record);
    const evaluated = module.evaluate();
    // What follows is the kernel's own work, and not part of the program's async context.
    core.setAsyncContext(undefined);
    await evaluated;
    const { namespace } = module;
    const value = program.completion === undefined && "default" in namespace
      ? namespace.default
      : program.completion;
    return { namespace, completion: value };
  }

  /**
   * @param {string} source
   * @param {string} filename
   */
  async #evaluateCommonJS(source, filename) {
    engine();
    const record = programRecord(source, filename, "commonjs");
    await runLater(compileBody(this.#graph, record));
    const exports = this.#graph.commonjs.evaluate(record);
    const isUntouched = exports === record.commonjs?.untouched && Reflect.ownKeys(exports).length === 0;
    return { namespace: { default: exports }, completion: isUntouched ? undefined : exports };
  }

  /**
   * Imports a module as `import()` in `referrer` would.
   * @param {string} specifier
   * @param {string} [referrer]  path of the importing file
   * @param {{ type?: string }} [attributes]
   * @returns {Promise<any>} its namespace
   */
  importModule(specifier, referrer = "/index.js", attributes = {}) {
    return this.#graph.importFrom(mainRecord(referrer), specifier, attributes);
  }

  /**
   * Provides a module that comes from the kernel.
   * @param {string} name  `node:fs`, or a name without a prefix
   * @param {import("./builtins.js").Factory} factory  gives the exports object
   */
  registerBuiltin(name, factory) {
    this.#builtins.register(name, factory);
  }

  /**
   * The exports of a built-in: `node:process`, say.
   * @param {string} name
   */
  builtin(name) {
    return this.#builtins.load(name);
  }

  /**
   * The same when it has been loaded, else undefined.
   * @param {string} name
   */
  loadedBuiltin(name) {
    return this.#builtins.loaded(name);
  }

  /**
   * Provides it no more.
   * @param {string} name
   */
  forgetBuiltin(name) {
    this.#builtins.forget(name);
  }

  /**
   * Replaces a module for those who import it from now on; there need be none.
   * @param {string} specifier
   * @param {string} referrer
   * @param {(() => any) | null} factory  gives the exports object; null takes the mock away
   */
  async mock(specifier, referrer, factory) {
    const { store } = this.#graph;
    const importer = mainRecord(referrer);
    let record = null;
    if (!store.isInvented(specifier, importer)) {
      try {
        record = await runLater(this.#graph.resolve(specifier, importer, "import"));
      } catch (/** @type {any} */ error) {
        if (error?.code !== "ERR_MODULE_NOT_FOUND") throw error;
      }
    }
    if (record === null) store.invent(specifier, importer, factory);
    else store.mock(record, factory);
  }

  /**
   * Adds counters to the modules that are compiled from now on.
   * @param {import("./module_graph.js").Instrument | null} instrument
   */
  instrument(instrument) {
    this.#graph.instrument = instrument;
  }

  /**
   * A `require` that resolves like one in the file `referrer`.
   * @param {string} referrer
   */
  createRequire(referrer) {
    return this.#graph.commonjs.requireFor(mainRecord(referrer));
  }

  /**
   * Forgets the modules, so that the next import loads them anew.
   * @param {{ keepStatic?: boolean }} [options]  keep those that the embedder marked as static
   */
  reset({ keepStatic = false } = {}) {
    this.#graph.store.reset({ keepStatic });
  }
}

/** @param {string} path */
function mainRecord(path) {
  return standIn(path, { isMain: true, isNodeStyle: false });
}
