// @ts-check
// A program: text that the embedder runs. It is a module of its own each time, whatever its name is; it can be
// JavaScript or TypeScript under any name; and it has a completion value.

import { later } from "./compile.js";
import { COMPLETION_PROPERTY, guessExpression, IMPORT_PROPERTY, rewriteProgram } from "./completion.js";
import { runLater } from "./effects.js";
import { engine } from "./engine.js";
import { DYNAMIC_IMPORT } from "./module_graph.js";
import { ModuleRecord, Referrer } from "./module_record.js";
import { loadAcorn } from "./parser.js";
import { locateSyntaxError } from "./syntax_errors.js";
import { topLevelNames, withoutTypeImports } from "./type_imports.js";
import { languageOf, lower } from "./typescript.js";

/** @typedef {import("./completion.js").Rewritten} Rewritten */
/** @typedef {import("./typescript.js").Lowered} Lowered */

/** Something that only TypeScript has; when in doubt, it is tried. */
const TYPESCRIPT_HINT =
  /[\w$)\]}?!]\s*:|<[\w$]|[\w$\])]!|\b(?:interface|type|enum|declare|namespace|module|as|satisfies|implements|abstract|private|public|protected|readonly|override|asserts)\b|(?:^|\s)@/;

/** What CommonJS gives a module, and where the text mentions it. */
const COMMONJS_NAMES = /(?<![\w$.])(?:require|module|exports|__filename|__dirname)(?![\w$])/g;
const COMMONJS_PROPERTY = "$commonjs";

const encoder = new TextEncoder();

/** @param {string} filename */
export function isCommonJSName(filename) {
  return /\.c[jt]s$/i.test(filename);
}

/**
 * The record of a program, which is a module of its own each time.
 * @param {string} source
 * @param {string} filename
 * @param {"module" | "commonjs"} format
 */
export function programRecord(source, filename, format) {
  const path = filename.startsWith("/") || /^[a-z][\w+.-]*:/i.test(filename) ? filename : `/${filename}`;
  const record = new ModuleRecord({
    id: path,
    path,
    format,
    language: languageOf(path),
    source: encoder.encode(source),
  });
  record.isMain = true;
  return record;
}

export class Program {
  /** @type {any} its `import.meta`, once it has one */
  meta = null;
  #graph;
  #source;
  #withRequire;

  /**
   * @param {import("./module_graph.js").ModuleGraph} graph
   * @param {string} source
   * @param {string} filename
   * @param {{ withRequire?: boolean }} [options]  it may use `require` and the like
   */
  constructor(graph, source, filename, { withRequire = false } = {}) {
    this.#graph = graph;
    this.#source = source;
    this.record = programRecord(source, filename, "module");
    this.#withRequire = withRequire;
  }

  /** The value of its last expression statement, as far as it has run. */
  get completion() {
    return this.meta?.[COMPLETION_PROPERTY];
  }

  /** @returns {import("./syntax_errors.js").Where} */
  get #where() {
    return { file: this.record.path, source: this.#source };
  }

  /**
   * @param {{ completion: boolean }} options
   * @returns {Promise<any>} its `node:vm` module
   */
  async compile({ completion }) {
    engine();
    const { record } = this;
    const language = languageOf(record.path);
    if (language !== "js") {
      const lowered = await this.#lower(language);
      try {
        return record.module = await this.#compileCode(lowered, completion);
      } catch (error) {
        throw await this.#locate(error, lowered);
      }
    }
    const plain = { code: this.#source, map: null };
    if (completion) {
      const guess = guessExpression(this.#source);
      const module = guess === null ? null : this.#tryModule(plain, guess);
      if (module !== null) return record.module = module;
    }
    try {
      return record.module = await this.#compileCode(plain, completion);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return record.module = await this.#compileAsTypeScript(error, completion);
    }
  }

  /**
   * @param {SyntaxError} error  what was wrong with it as JavaScript
   * @param {boolean} completion
   */
  async #compileAsTypeScript(error, completion) {
    const { record } = this;
    const located = () => this.#locate(error, { code: this.#source, map: null });
    if (!TYPESCRIPT_HINT.test(this.#source)) throw await located();
    let failure;
    try {
      const lowered = await this.#lower("ts");
      record.language = "ts";
      return await this.#compileCode(lowered, completion);
    } catch (second) {
      record.language = "js";
      failure = second;
    }
    throw later(await located(), failure);
  }

  /** @param {import("./typescript.js").Language} language */
  async #lower(language) {
    const lowered = await runLater(lower(this.#source, language, this.#where, this.#graph.transpile));
    if (language === "jsx") return lowered;
    const code = await runLater(withoutTypeImports(this.#graph, this.record, lowered.code));
    return { ...lowered, code };
  }

  /**
   * @param {Lowered} lowered
   * @param {boolean} completion
   */
  async #compileCode(lowered, completion) {
    const needsRewrite = completion || DYNAMIC_IMPORT.test(lowered.code);
    const isEmpty = lowered.code.trim() === "";
    const rewritten = needsRewrite && !isEmpty ? await rewriteProgram(lowered.code) : null;
    return this.#module(
      lowered,
      this.#withRequire ? await withCommonJSNames(lowered.code, rewritten) : rewritten,
    );
  }

  /**
   * @param {Lowered} lowered
   * @param {Rewritten} rewritten
   */
  #tryModule(lowered, rewritten) {
    try {
      return this.#module(lowered, rewritten);
    } catch (error) {
      if (error instanceof SyntaxError) return null;
      throw error;
    }
  }

  /**
   * @param {Lowered} lowered
   * @param {Rewritten | null} rewritten
   */
  #module(lowered, rewritten) {
    const { record } = this;
    const code = rewritten?.code ?? lowered.code;
    const { positions } = this.#graph;
    record.scriptName = positions.nameProgram(record.path);
    const { vm } = engine();
    const module = new vm.SourceTextModule(code, {
      identifier: record.scriptName,
      initializeImportMeta: importMetaInitializer(this.#graph, new Referrer(record), new WeakRef(this)),
      importModuleDynamically: this.#graph.dynamicImport(record, code),
    });
    positions.addProgram(record.scriptName, {
      file: record.path,
      source: this.#source,
      intermediate: lowered.code,
      insertions: rewritten?.insertions,
      map: lowered.map ?? undefined,
    });
    return module;
  }

  /**
   * @param {unknown} error
   * @param {Lowered} lowered
   */
  #locate(error, lowered) {
    const toOriginal = lowered.map === null ? undefined : this.#graph.positions.mapper(lowered.map);
    return locateSyntaxError(error, lowered.code, this.#where, toOriginal);
  }
}

/**
 * Must not reach the program's module: see Referrer.
 * @param {import("./module_graph.js").ModuleGraph} graph
 * @param {Referrer} referrer
 * @param {WeakRef<Program>} weakProgram
 */
function importMetaInitializer(graph, referrer, weakProgram) {
  return (/** @type {any} */ meta) => {
    graph.initializeMeta(meta, referrer);
    // A plain property: a program may write it in its innermost loop.
    Object.defineProperty(meta, COMPLETION_PROPERTY, {
      value: undefined,
      writable: true,
      enumerable: false,
      configurable: true,
    });
    const program = weakProgram.deref();
    if (program !== undefined) program.meta = meta;
    Object.defineProperty(meta, COMMONJS_PROPERTY, {
      get: () => graph.commonjs.scopeOf(referrer.record),
      configurable: true,
    });
    Object.defineProperty(meta, IMPORT_PROPERTY, {
      value: async (/** @type {unknown} */ specifier, /** @type {any} */ options) =>
        await graph.importFrom(referrer.record, `${specifier}`, options?.with ?? {}),
      configurable: true,
    });
  };
}

/**
 * The code with those names of CommonJS that it mentions and does not declare itself.
 * @param {string} code
 * @param {Rewritten | null} rewritten
 * @returns {Promise<Rewritten | null>}
 */
async function withCommonJSNames(code, rewritten) {
  const mentioned = new Set(code.match(COMMONJS_NAMES));
  if (mentioned.size === 0) return rewritten;
  const parse = await loadAcorn();
  try {
    for (const name of topLevelNames(parse(code))) mentioned.delete(name);
  } catch (error) {
    if (error instanceof SyntaxError) return rewritten; // V8 says what is wrong with it
    throw error;
  }
  if (mentioned.size === 0) return rewritten;
  const text = `const {${[...mentioned].join(",")}}=import.meta.${COMMONJS_PROPERTY};`;
  const offset = code.startsWith("#!") ? code.indexOf("\n") + 1 : 0;
  const before = rewritten ?? { code, insertions: [] };
  return {
    code: before.code.slice(0, offset) + text + before.code.slice(offset),
    insertions: [{ offset, text }, ...before.insertions],
  };
}
