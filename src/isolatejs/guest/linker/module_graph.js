// @ts-check
// The modules of a runtime: finding, compiling and linking them. One instance per identity. What a module
// reaches is fetched, compiled and linked before anything of it is evaluated; resolving and loading that
// failed is tried anew by the next import, a failed evaluation stays failed, as ECMA-262 says.
//
// All of it is written as generators of effects, since `require` runs the same steps without waiting.

import { SafeMap, SafeSet, StringPrototypeIsWellFormed } from "../primordials.js";
import { CommonJSLoader } from "./commonjs.js";
import { runLater, runNow, together } from "./effects.js";
import { addMissingExports } from "./late_exports.js";
import { instantiationError, resolutionError } from "./link_errors.js";
import { directoryOf, edgeKey, ModuleRecord, Referrer } from "./module_record.js";
import { compileRecord } from "./compile.js";

/** @typedef {import("./effects.js").Effect} Effect */
/** @typedef {import("./module_record.js").SentModule} SentModule */
/** @typedef {{ specifier: string, importer: string, kind: "import" | "require", type: string }} LoadRequest */
/** @typedef {{ id: string, modules: SentModule[] }} Loaded */
/**
 * @typedef {object} ModuleHost  who finds modules: the host, through the channel
 * @property {(request: LoadRequest) => Promise<Loaded>} load
 * @property {(request: LoadRequest) => Loaded} loadNow
 * @property {(id: string) => Promise<Loaded>} read  a module by its identity, once more
 * @property {(id: string) => Loaded} readNow
 * @property {(request: { source: string, language: string }) => Promise<any>} transpile
 * @property {(request: { source: string, language: string }) => any} transpileNow
 * @property {Record<string, string>} [environment]  `process.env`
 * @property {string} [cwd]
 * @property {readonly string[]} [shadowed]  bare names of built-ins that the embedder replaces
 */

/**
 * What a package's `browser` map turns off. A built-in that a program can have is given all the same: such
 * maps are written for bundlers that have none.
 */
const EMPTY_ID = "/(empty)";

/**
 * @typedef {(code: string, path: string, toSourceLine?: (line: number) => number) =>
 *   { code: string, insertions: import("./source_positions.js").Insertion[] } | null} Instrument
 */

export class ModuleGraph {
  /** @type {SafeMap} identity to record */
  #records = new SafeMap();
  /** @type {SafeMap} what programs in a directory imported */
  #programEdges = new SafeMap();
  /** @type {SafeMap} requests under way */
  #loading = new SafeMap();
  /** @type {SafeMap} identity to a factory of the exports that stand in for it */
  #mocks = new SafeMap();
  /** @type {ModuleHost | null} */
  host = null;
  /** @type {Instrument | null} adds counters to modules as they are compiled */
  instrument = null;
  /** @type {import("./typescript.js").Transpile} */
  transpile = (request) => ({
    later: async () => await this.#host.transpile(request),
    now: () => this.#host.transpileNow(request),
  });

  /**
   * @param {import("./builtins.js").Builtins} builtins
   * @param {import("./source_positions.js").SourcePositions} positions
   */
  constructor(builtins, positions) {
    this.builtins = builtins;
    this.positions = positions;
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
  *resolve(specifier, importer, kind, type = "") {
    const key = edgeKey(kind, type, specifier);
    const known = importer.edges.get(key) ?? this.#programEdges.get(programKey(importer, key));
    if (known !== undefined && !(known === EMPTY_ID && this.builtins.isAvailable(specifier))) {
      return this.#claim(yield* this.#recordOf(known, specifier, importer), importer);
    }
    if (this.host?.shadowed?.includes(specifier) !== true) {
      const name = this.builtins.nameOf(specifier);
      if (name !== null) return this.#builtinRecord(name);
    }
    return yield* this.#load(specifier, importer, kind, type, key);
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
    return importer.isNodeStyle && record.nodeFacade !== null ? record.nodeFacade : record.module;
  }

  /**
   * What `import()` in a module does.
   * @param {ModuleRecord} importer
   * @param {string} specifier
   * @param {{ type?: string }} attributes
   * @returns {Promise<any>} the namespace
   */
  async importFrom(importer, specifier, attributes) {
    const record = await runLater(this.resolve(specifier, importer, "import", attributes?.type ?? ""));
    await runLater(this.linkGraph(record));
    const module = this.facade(record, importer);
    this.instantiate(record);
    await module.evaluate();
    return module.namespace;
  }

  /**
   * The engine's callback for `import()` in a module's code.
   * @param {ModuleRecord} record
   * @returns {(specifier: string, script: unknown, attributes: { type?: string }) => Promise<any>}
   */
  dynamicImport(record) {
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
   * A module's code with counters, null when it is to run as it is.
   * @param {ModuleRecord} record
   * @param {import("./typescript.js").Lowered} lowered
   */
  instrumented(record, lowered) {
    if (this.instrument === null) return null;
    const original = lowered.map === null ? null : this.positions.mapper(lowered.map);
    const toSourceLine = original === null
      ? undefined
      : (/** @type {number} */ line) => original(line, 1).line;
    return this.instrument(lowered.code, record.path, toSourceLine);
  }

  /**
   * Makes a module's exports something else for whoever imports it from now on.
   * @param {ModuleRecord} record
   * @param {(() => any) | null} factory  null takes the mock away
   */
  mock(record, factory) {
    if (factory === null) this.#mocks.delete(record.id);
    else this.#mocks.set(record.id, new MockedModule(record, factory));
  }

  /** @param {{ keepStatic: boolean }} options */
  reset({ keepStatic }) {
    this.#programEdges.clear();
    this.#mocks.clear();
    /** @type {ModuleRecord[]} */
    const dropped = [];
    this.#records.forEach((/** @type {ModuleRecord} */ record) => {
      if (!(keepStatic && record.isStatic) && record.format !== "builtin") dropped.push(record);
    });
    for (const record of dropped) {
      this.#records.delete(record.id);
      this.positions.removeModule(record.scriptName);
    }
  }

  get size() {
    return this.#records.size;
  }

  get #host() {
    if (this.host === null) throw new Error("No modules are bound to this runtime");
    return this.host;
  }

  /**
   * @param {string} specifier
   * @param {ModuleRecord} importer
   * @param {"import" | "require"} kind
   * @param {string} type
   * @param {string} key
   * @returns {Generator<Effect, ModuleRecord, any>}
   */
  *#load(specifier, importer, kind, type, key) {
    if (this.host === null) {
      throw resolutionError(
        `Cannot find module '${specifier}': this runtime has no modules`,
        specifier,
        importer,
      );
    }
    if (!StringPrototypeIsWellFormed(specifier) || !StringPrototypeIsWellFormed(type)) {
      throw resolutionError("Cannot find a module whose specifier is no Unicode text", "", importer);
    }
    const host = this.host;
    const request = { specifier, importer: importer.path, kind, type };
    let loaded;
    try {
      loaded = yield this.#request(
        `${importer.path}|${key}`,
        () => host.load(request),
        () => host.loadNow(request),
      );
    } catch (error) {
      const { message, code } = /** @type {{ message: string, code?: string }} */ (error);
      throw resolutionError(message, specifier, importer, code);
    }
    this.#absorb(loaded);
    if (importer.isMain) this.#programEdges.set(programKey(importer, key), loaded.id);
    else importer.edges.set(key, loaded.id);
    return this.#claim(yield* this.#recordOf(loaded.id, specifier, importer), importer);
  }

  /**
   * The record of an identity, read from the host again when it is not here (any more).
   * @param {string} id
   * @param {string} specifier
   * @param {ModuleRecord} importer
   * @returns {Generator<Effect, ModuleRecord, any>}
   */
  *#recordOf(id, specifier, importer) {
    const known = this.#records.get(id);
    if (known !== undefined) return known;
    if (id === EMPTY_ID) {
      this.#absorb({ id, modules: [emptyModule()] });
      return this.#records.get(id);
    }
    const host = this.#host;
    this.#absorb(yield this.#request(`id|${id}`, () => host.read(id), () => host.readNow(id)));
    const record = this.#records.get(id);
    if (record === undefined) throw resolutionError(`Cannot load module '${specifier}'`, specifier, importer);
    return record;
  }

  /**
   * @param {string} key  the same work under way is shared
   * @param {() => Promise<any>} later
   * @param {() => any} now
   * @returns {Effect}
   */
  #request(key, later, now) {
    return {
      now,
      later: () => {
        const under = this.#loading.get(key);
        if (under !== undefined) return under;
        const promise = later().finally(() => this.#loading.delete(key));
        this.#loading.set(key, promise);
        return promise;
      },
    };
  }

  /** @param {Loaded} loaded */
  #absorb(loaded) {
    for (const sent of loaded.modules) {
      const known = this.#records.get(sent.id);
      if (known === undefined) this.#records.set(sent.id, new ModuleRecord(sent));
      else for (const key in sent.edges) known.edges.set(key, sent.edges[key]);
    }
  }

  /**
   * @param {ModuleRecord} record
   * @param {ModuleRecord} importer
   */
  #claim(record, importer) {
    if (record.importer === null && record !== importer && !record.isLinked) record.importer = importer;
    return this.#mocked(record);
  }

  /** @param {ModuleRecord} record */
  #mocked(record) {
    return this.#mocks.get(record.id)?.record ?? record;
  }

  /**
   * @param {string} name
   * @returns {ModuleRecord}
   */
  #builtinRecord(name) {
    let record = this.#records.get(name);
    if (record === undefined) {
      record = new ModuleRecord({
        id: name,
        path: name,
        format: "builtin",
        language: "js",
        source: new Uint8Array(),
        nodeStyle: true,
      });
      record.value = { exports: this.builtins.load(name) };
      this.#records.set(name, record);
    }
    return this.#mocked(record);
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
      if (this.#records.get(record.id) === record) this.#records.delete(record.id);
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
      if (this.#records.get(child.id) === child) this.#records.delete(child.id);
      throw error;
    }
  }
}

/** @returns {SentModule} */
function emptyModule() {
  return {
    id: EMPTY_ID,
    path: EMPTY_ID,
    format: "commonjs",
    language: "js",
    source: new Uint8Array(),
    isStatic: true,
  };
}

/** A record whose exports a test has replaced. */
class MockedModule {
  /**
   * @param {ModuleRecord} original
   * @param {() => any} factory
   */
  constructor(original, factory) {
    this.record = new ModuleRecord({
      id: original.id,
      path: original.path,
      format: "builtin",
      language: "js",
      source: new Uint8Array(),
      nodeStyle: true,
    });
    this.record.value = { exports: factory() };
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

/**
 * @param {ModuleRecord} importer
 * @param {string} key
 */
function programKey(importer, key) {
  return importer.isMain ? `${importer.path.slice(0, importer.path.lastIndexOf("/") + 1)}|${key}` : "";
}
