// @ts-check
// Compiles and links modules. One instance per identity. What a module reaches is fetched, compiled and linked
// before anything of it is evaluated; a failed evaluation stays failed, as ECMA-262 says.
//
// All of it is written as generators of effects, since `require` runs the same steps without waiting.

import { SafeSet } from "../primordials.js";
import { CommonJSLoader } from "./commonjs.js";
import { runLater, runNow, together } from "./effects.js";
import { nodeFacade } from "./facades.js";
import { addMissingExports } from "./late_exports.js";
import { instantiationError } from "./link_errors.js";
import { directoryOf, Referrer } from "./module_record.js";
import { ModuleStore } from "./module_store.js";
import { compileRecord, loweredText } from "./compile.js";
import { decodeSourceMap, originalPosition } from "./source_maps.js";

/** @typedef {import("./effects.js").Effect} Effect */
/** @typedef {import("./module_record.js").ModuleRecord} ModuleRecord */
/** @typedef {import("./module_store.js").ModuleHost} ModuleHost */

/**
 * @typedef {(line: number, column: number) => number | null} ToSourceLine  of compiled code; null: nobody wrote it
 * @typedef {(code: string, path: string, toSourceLine?: ToSourceLine) =>
 *   { code: string, insertions: import("./source_positions.js").Insertion[] } | null} Instrument
 */

/** `import(`, `import/* comment *\/(`, `import.source(`, but not `import.meta`. */
export const DYNAMIC_IMPORT = /\bimport\s*[(/.](?!meta\b)/;

export class ModuleGraph {
  /** @type {Instrument | null} adds counters to modules as they are compiled */
  instrument = null;
  #linkings = 0;
  /** @type {import("./typescript.js").Transpile} */
  transpile = (request) => ({
    later: async () => await this.store.connectedHost.transpile(request),
    now: () => this.store.connectedHost.transpileNow(request),
  });

  /**
   * @param {import("./builtins.js").Builtins} builtins
   * @param {import("./source_positions.js").SourcePositions} positions
   */
  constructor(builtins, positions) {
    this.positions = positions;
    this.store = new ModuleStore(builtins, positions);
    this.commonjs = new CommonJSLoader(this);
  }

  /**
   * What a specifier means to an importer.
   * @param {string} specifier
   * @param {ModuleRecord} importer
   * @param {"import" | "require"} kind
   * @param {string} [type]  of the import attributes
   * @returns {Generator<Effect, ModuleRecord, any>}
   */
  resolve(specifier, importer, kind, type = "") {
    return this.store.resolve(specifier, importer, kind, type);
  }

  /**
   * Sees to it that a record and all that it reaches is compiled and linked.
   * @param {ModuleRecord} root
   * @returns {Generator<Effect, void, any>}
   */
  *linkGraph(root) {
    if (root.isGraphLinked) return;
    const seen = new SafeSet().add(root);
    for (let frontier = [root]; frontier.length > 0;) {
      if (frontier.length === 1) yield this.#linking(frontier[0]);
      else yield together(frontier.map((record) => one(this.#linking(record))));
      /** @type {ModuleRecord[]} */
      const next = [];
      for (const record of frontier) {
        for (const child of record.children) {
          if (child.isGraphLinked || seen.has(child)) continue;
          seen.add(child);
          next.push(child);
        }
      }
      frontier = next;
    }
    seen.forEach((/** @type {ModuleRecord} */ record) => record.isGraphLinked = true);
  }

  /**
   * Makes a linked record ready to be evaluated.
   * @param {ModuleRecord} record
   */
  instantiate(record) {
    if (record.module.status !== "unlinked" || record.module.instantiate === undefined) return;
    for (;;) {
      try {
        record.module.instantiate();
        return;
      } catch (error) {
        if (!addMissingExports(this, record, error)) throw instantiationError(error, record);
      }
    }
  }

  /**
   * The `node:vm` module that stands for a record to one importer.
   * @param {ModuleRecord} record
   * @param {ModuleRecord} importer
   */
  facade(record, importer) {
    return importer.isNodeStyle && record.format === "commonjs" ? nodeFacade(this, record) : record.module;
  }

  /**
   * The text of a file beside a module, without waiting; null when there is none.
   * @param {string} name
   * @param {ModuleRecord} beside
   */
  readText(name, beside) {
    try {
      return runNow(this.resolve(name.startsWith("/") ? name : `./${name}`, beside, "import", "text")).text;
    } catch {
      return null; // it is only looked for to make an error clearer
    }
  }

  /**
   * What `import()` in a module does.
   * @param {ModuleRecord} importer
   * @param {string} specifier
   * @param {{ type?: string }} attributes
   * @returns {Promise<any>} the namespace
   */
  async importFrom(importer, specifier, attributes) {
    const record = await this.whileLinking(async () => {
      const found = await runLater(this.resolve(specifier, importer, "import", attributes?.type ?? ""));
      await runLater(this.linkGraph(found));
      return found;
    });
    const module = this.facade(record, importer);
    this.instantiate(record);
    await module.evaluate();
    return module.namespace;
  }

  /**
   * Does what loads and links modules; when it was the last such work, the host is told.
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  async whileLinking(work) {
    this.#linkings += 1;
    try {
      return await work();
    } finally {
      this.#linkings -= 1;
      if (this.#linkings === 0) this.store.host?.linked?.();
    }
  }

  /**
   * The engine's callback for `import()` in a module's code; undefined when its text has none, not even in a
   * string. The engine keeps every module that has a callback for ever.
   * @param {ModuleRecord} record
   * @param {string} code
   * @returns {((specifier: string, script: unknown, attributes: { type?: string }) => Promise<any>) | undefined}
   */
  dynamicImport(record, code) {
    if (!DYNAMIC_IMPORT.test(code)) return undefined;
    const referrer = new Referrer(record);
    return (specifier, _script, attributes) => this.importFrom(referrer.record, specifier, attributes);
  }

  /**
   * @param {any} meta  a module's `import.meta`
   * @param {Referrer} referrer
   */
  initializeMeta(meta, referrer) {
    meta.url = referrer.url;
    meta.filename = referrer.path;
    meta.dirname = directoryOf(referrer.path);
    meta.main = referrer.isMain;
    meta.resolve = (/** @type {unknown} */ specifier) => this.#resolveUrl(`${specifier}`, referrer.record);
  }

  /**
   * @param {string} specifier
   * @param {ModuleRecord} record
   */
  #resolveUrl(specifier, record) {
    if (/^\.{0,2}\//.test(specifier)) return new URL(specifier, record.url).href;
    if (/^(?!node:)[a-z][\w+.-]*:/i.test(specifier)) return new URL(specifier).href;
    return runNow(this.resolve(specifier, record, "import")).url;
  }

  /**
   * A module's JavaScript. What one that re-exports from it has asked for already is not made twice.
   * @param {ModuleRecord} record
   * @returns {Generator<Effect, import("./typescript.js").Lowered, any>}
   */
  *lowered(record) {
    return record.lowered ??= yield* loweredText(this, record);
  }

  /**
   * A module's code with counters, null when it is to run as it is.
   * @param {ModuleRecord} record
   * @param {import("./typescript.js").Lowered} lowered
   */
  instrumented(record, lowered) {
    if (this.instrument === null) return null;
    const map = lowered.map === null ? null : decodeSourceMap(lowered.map);
    /** @type {ToSourceLine | undefined} */
    const toSourceLine = map === null
      ? undefined
      : (line, column) => originalPosition(map, line, column)?.line ?? null;
    return this.instrument(lowered.code, record.path, toSourceLine);
  }

  /**
   * @param {ModuleRecord} record
   * @returns {Effect}
   */
  #linking(record) {
    return {
      now: () => {
        if (!record.isLinked) runLinkNow(this, record);
      },
      later: () => {
        if (record.isLinked) return Promise.resolve();
        record.linking ??= runLinkLater(this, record).finally(() => record.linking = null);
        return record.linking;
      },
    };
  }

  /**
   * Compiles a record and links it to its children; their own linking is the caller's.
   * @param {ModuleRecord} record
   * @returns {Generator<Effect, void, any>}
   */
  *link(record) {
    try {
      if (record.module === null) yield* compileRecord(this, record);
    } catch (error) {
      this.store.drop(record);
      throw error;
    }
    /** @type {readonly { specifier: string, attributes: { type?: string } }[]} */
    const requests = record.module.moduleRequests ?? [];
    const children = requests.length === 0 ? [] : yield together(
      requests.map(({ specifier, attributes }) =>
        this.resolve(specifier, record, "import", attributes.type ?? "")
      ),
    );
    for (const child of children) if (child.module === null) yield* this.#compileChild(child);
    if (record.isLinked) return;
    if (record.module.linkRequests !== undefined) {
      record.module.linkRequests(
        children.map((/** @type {ModuleRecord} */ child) => this.facade(child, record)),
      );
    }
    record.children = children;
    record.isLinked = true;
  }

  /**
   * @param {ModuleRecord} child
   * @returns {Generator<Effect, void, any>}
   */
  *#compileChild(child) {
    try {
      yield* compileRecord(this, child);
    } catch (error) {
      this.store.drop(child);
      throw error;
    }
  }
}

/** @param {ModuleGraph} graph @param {ModuleRecord} record */
function runLinkLater(graph, record) {
  return runLater(graph.link(record));
}

/** @param {ModuleGraph} graph @param {ModuleRecord} record */
function runLinkNow(graph, record) {
  runNow(graph.link(record));
}

/**
 * @param {Effect} effect
 * @returns {Generator<Effect, any, any>}
 */
function* one(effect) {
  return yield effect;
}
