// @ts-check
// One module as the linker holds it: what the host sent, and what became of it.

import { decodeText, SafeMap, SafeSet } from "../primordials.js";

/**
 * @typedef {object} SentModule  one module in the host's answer
 * @property {string} id  identity: one instance each
 * @property {string} path  where it is, as the program sees it: `/app/main.ts`
 * @property {string} [query]  of its specifier: `?v=1`
 * @property {"module" | "commonjs" | "json" | "text" | "bytes" | "wasm" | "builtin"} format
 * @property {boolean} [certain]  false: `format` is a guess from the text
 * @property {import("./typescript.js").Language | "unknown"} language
 * @property {Uint8Array} source
 * @property {Record<string, string>} [edges]  `edgeKey()` to id, for imports the host has already resolved
 * @property {boolean} [isStatic]  survives a soft reset
 * @property {boolean} [nodeStyle]  imports CommonJS as Node does: the default is `module.exports`, always
 */

/**
 * @param {string} kind  import or require
 * @param {string} type  of the import attributes, "" without one
 * @param {string} specifier
 */
export function edgeKey(kind, type, specifier) {
  return `${kind}|${type}|${specifier}`;
}

/** @param {string} path */
export function urlOf(path) {
  if (/^[a-z][\w+.-]*:/i.test(path)) return path;
  const absolute = path.startsWith("/") ? path : `/${path}`;
  return `file://${encodeURI(absolute).replaceAll("#", "%23").replaceAll("?", "%3F")}`;
}

/** @param {string} path */
export function directoryOf(path) {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}

/**
 * The importer as the engine's callbacks hold it. The engine keeps the callbacks of a module as long as the
 * module, by strong references: one that reached the module again would keep both for ever.
 */
export class Referrer {
  #record;

  /** @param {ModuleRecord} record */
  constructor(record) {
    this.#record = new WeakRef(record);
    this.path = record.path;
    this.url = record.url;
    this.isMain = record.isMain;
    this.isNodeStyle = record.isNodeStyle;
  }

  /** The record, or a stand-in that resolves like it. */
  get record() {
    const known = this.#record.deref();
    if (known !== undefined) return known;
    const { path, isMain, isNodeStyle } = this;
    return standIn(path, { isMain, isNodeStyle });
  }
}

/**
 * A record without a text, to import for.
 * @param {string} path
 * @param {{ isMain: boolean, isNodeStyle: boolean }} options
 */
export function standIn(path, { isMain, isNodeStyle }) {
  const record = new ModuleRecord({
    id: path,
    path,
    format: "module",
    language: "js",
    source: new Uint8Array(),
    nodeStyle: isNodeStyle,
  });
  record.isMain = isMain;
  return record;
}

export class ModuleRecord {
  /** @type {any} the `node:vm` module; for CommonJS the facade that bundlers' importers see */
  module = null;
  /** @type {any} for CommonJS: the facade that Node-style importers see */
  nodeFacade = null;
  /** @type {ModuleRecord[]} what its static imports mean, once linked */
  children = [];
  isLinked = false;
  /** Everything that it reaches is linked too. */
  isGraphLinked = false;
  /** @type {Promise<void> | null} */
  linking = null;
  /** @type {ModuleRecord | null} who asked for it first */
  importer = null;
  /** @type {Map<string, string>} */
  edges = new SafeMap();
  /** @type {import("./commonjs.js").CommonJSModule | null} */
  commonjs = null;
  /** @type {Function | null} the compiled body of a CommonJS module */
  body = null;
  /** @type {readonly string[] | null} names that a CommonJS module exports, as far as its text tells */
  exportNames = null;
  /** @type {import("./typescript.js").Lowered | null} its JavaScript, from when it is known until it is compiled */
  lowered = null;
  /** @type {import("./type_imports.js").ModuleShape | null | undefined} undefined: nobody has asked yet */
  shape = undefined;
  /** @type {{ exports: any } | null} value of a json, text or bytes module, or of a built-in */
  value = null;
  /** The program that the embedder runs, not something imported. */
  isMain = false;
  /** @type {string} the name that V8 has for it */
  scriptName;

  /** @param {SentModule} sent */
  constructor(sent) {
    this.id = sent.id;
    this.path = sent.path;
    this.url = sent.format === "builtin" ? sent.id : urlOf(sent.path) + (sent.query ?? "");
    this.scriptName = sent.path;
    this.format = sent.format;
    this.isCertain = sent.certain !== false;
    this.language = sent.language;
    this.source = sent.source;
    this.isStatic = sent.isStatic === true;
    this.isNodeStyle = sent.nodeStyle === true;
    for (const key in sent.edges) this.edges.set(key, sent.edges[key]);
  }

  /** Its text, without a byte order mark. */
  get text() {
    return decodeText(this.source);
  }

  /** The paths of those who led to this module, the nearest first. */
  importerChain() {
    const chain = [];
    /** @type {Set<ModuleRecord>} */
    const seen = new SafeSet();
    for (let record = /** @type {ModuleRecord | null} */ (this); record !== null && !seen.has(record);) {
      seen.add(record);
      chain.push(record.path);
      record = record.importer;
    }
    return chain;
  }
}
