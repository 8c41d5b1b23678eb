// @ts-check
// The modules that a runtime knows: what a specifier means to an importer, and the record of each identity.
// What failed to resolve or load is asked for again by the next import.

import { SafeMap, StringPrototypeIsWellFormed } from "../primordials.js";
import { resolutionError } from "./link_errors.js";
import { edgeKey, ModuleRecord } from "./module_record.js";

/** @typedef {import("./effects.js").Effect} Effect */
/** @typedef {import("./module_record.js").SentModule} SentModule */
/** @typedef {{ specifier: string, importer: string, kind: "import" | "require", type: string }} LoadRequest */
/** @typedef {{ id: string, modules: SentModule[] }} Loaded */
/**
 * @typedef {object} ModuleHost  who finds modules: the host, through the channel
 * @property {(request: LoadRequest) => Promise<Loaded>} load
 * @property {(request: LoadRequest) => Loaded} loadNow
 * @property {() => void} [linked]  nothing that may wait waits for modules any more
 * @property {(id: string) => Promise<Loaded>} read  a module by its identity, once more
 * @property {(id: string) => Loaded} readNow
 * @property {(request: { source: string, language: string }) => Promise<any>} transpile
 * @property {(request: { source: string, language: string }) => any} transpileNow
 * @property {Record<string, string>} [environment]  `process.env`
 * @property {string} [cwd]
 * @property {boolean} [keepsTypeImports]  `verbatimModuleSyntax` of the project's tsconfig.json
 * @property {readonly string[]} [shadowed]  bare names of built-ins that the embedder replaces
 */

/**
 * What a package's `browser` map turns off. A built-in that a program can have is given all the same: such
 * maps are written for bundlers that have none.
 */
const EMPTY_ID = "/(empty)";

export class ModuleStore {
  /** @type {SafeMap} identity to record */
  #records = new SafeMap();
  /** @type {SafeMap} what programs in a directory imported */
  #programEdges = new SafeMap();
  /** @type {SafeMap} requests under way */
  #loading = new SafeMap();
  /** @type {SafeMap} identity to the record that stands in for it */
  #mocks = new SafeMap();
  /** @type {SafeMap} a specifier that leads nowhere to the record that a test made up for it */
  #invented = new SafeMap();
  /** @type {ModuleHost | null} */
  host = null;
  #builtins;
  #positions;

  /**
   * @param {import("./builtins.js").Builtins} builtins
   * @param {import("./source_positions.js").SourcePositions} positions
   */
  constructor(builtins, positions) {
    this.#builtins = builtins;
    this.#positions = positions;
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
    if (known !== undefined && !(known === EMPTY_ID && this.#builtins.isAvailable(specifier))) {
      return this.#claim(yield* this.#recordOf(known, specifier, importer), importer);
    }
    if (this.host?.shadowed?.includes(specifier) !== true) {
      const name = this.#builtins.nameOf(specifier);
      if (name !== null) return this.#builtinRecord(name);
    }
    return yield* this.#load(specifier, importer, kind, type, key);
  }

  /**
   * Makes a module's exports something else for whoever imports it from now on.
   * @param {ModuleRecord} record
   * @param {(() => any) | null} factory  null takes the mock away
   */
  mock(record, factory) {
    if (factory === null) this.#mocks.delete(record.id);
    else this.#mocks.set(record.id, mockRecord(record, factory));
  }

  /**
   * Does the same for a specifier that leads nowhere.
   * @param {string} specifier
   * @param {ModuleRecord} importer
   * @param {(() => any) | null} factory
   */
  invent(specifier, importer, factory) {
    const key = placeOf(specifier, importer);
    if (factory === null) this.#invented.delete(key);
    else this.#invented.set(key, mockRecord(standInFor(key, key), factory));
  }

  /**
   * @param {string} specifier
   * @param {ModuleRecord} importer
   */
  isInvented(specifier, importer) {
    return this.#invented.size > 0 && this.#invented.has(placeOf(specifier, importer));
  }

  /** @param {{ keepStatic: boolean }} options */
  reset({ keepStatic }) {
    this.#programEdges.clear();
    this.#mocks.clear();
    this.#invented.clear();
    /** @type {ModuleRecord[]} */
    const dropped = [];
    this.#records.forEach((/** @type {ModuleRecord} */ record) => {
      if (!(keepStatic && record.isStatic) && record.format !== "builtin") dropped.push(record);
    });
    for (const record of dropped) {
      this.#records.delete(record.id);
      this.#positions.removeModule(record.scriptName);
    }
  }

  get size() {
    return this.#records.size;
  }

  /** @returns {ModuleHost} */
  get connectedHost() {
    if (this.host === null) throw new Error("No modules are bound to this runtime");
    return this.host;
  }

  /**
   * Forgets a record that could not be compiled.
   * @param {ModuleRecord} record
   */
  drop(record) {
    if (this.#records.get(record.id) === record) this.#records.delete(record.id);
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
    if (this.isInvented(specifier, importer)) return this.#invented.get(placeOf(specifier, importer));
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
    const host = this.connectedHost;
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
    return this.#mocks.get(record.id) ?? record;
  }

  /**
   * @param {string} name
   * @returns {ModuleRecord}
   */
  #builtinRecord(name) {
    let record = this.#records.get(name);
    if (record === undefined) {
      record = new ModuleRecord(standInFor(name, name));
      record.value = { exports: this.#builtins.load(name) };
      this.#records.set(name, record);
    }
    return this.#mocked(record);
  }
}

/** @returns {SentModule} */
function emptyModule() {
  return { ...standInFor(EMPTY_ID, EMPTY_ID), format: "commonjs", nodeStyle: false, isStatic: true };
}

/**
 * A record whose exports a test has replaced.
 * @param {{ id: string, path: string }} original
 * @param {() => any} factory
 */
function mockRecord(original, factory) {
  const record = new ModuleRecord(standInFor(original.id, original.path));
  record.value = { exports: factory() };
  return record;
}

/**
 * A relative specifier as a path, any other as it is.
 * @param {string} specifier
 * @param {ModuleRecord} importer
 */
function placeOf(specifier, importer) {
  if (!/^\.\.?\//.test(specifier)) return specifier;
  const base = importer.path.startsWith("/") ? `file://${importer.path}` : importer.path;
  return new URL(specifier, base).href;
}

/**
 * A module without a text, whose exports are there already.
 * @param {string} id
 * @param {string} path
 * @returns {SentModule}
 */
function standInFor(id, path) {
  return { id, path, format: "builtin", language: "js", source: new Uint8Array(), nodeStyle: true };
}

/**
 * @param {ModuleRecord} importer
 * @param {string} key
 */
function programKey(importer, key) {
  return importer.isMain ? `${importer.path.slice(0, importer.path.lastIndexOf("/") + 1)}|${key}` : "";
}
