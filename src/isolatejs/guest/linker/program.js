// @ts-check
// A program: text that the embedder runs. It is a module of its own each time, whatever its name is; it can be
// JavaScript or TypeScript under any name; and it has a completion value.

import { later } from "./compile.js";
import { COMPLETION_PROPERTY, guessExpression, IMPORT_PROPERTY, rewriteProgram } from "./completion.js";
import { runLater } from "./effects.js";
import { engine } from "./engine.js";
import { DYNAMIC_IMPORT } from "./module_graph.js";
import { ModuleRecord, Referrer } from "./module_record.js";
import { locateSyntaxError } from "./syntax_errors.js";
import { withoutTypeImports } from "./type_imports.js";
import { languageOf, lower } from "./typescript.js";

/** @typedef {import("./completion.js").Rewritten} Rewritten */
/** @typedef {import("./typescript.js").Lowered} Lowered */

/** Something that only TypeScript has; when in doubt, it is tried. */
const TYPESCRIPT_HINT =
  /[\w$)\]}?!]\s*:|<[\w$]|[\w$\])]!|\b(?:interface|type|enum|declare|namespace|module|as|satisfies|implements|abstract|private|public|protected|readonly|override|asserts)\b|(?:^|\s)@/;

const encoder = new TextEncoder();

export class Program {
  /** @type {any} its `import.meta`, once it has one */
  meta = null;
  #graph;
  #source;

  /**
   * @param {import("./module_graph.js").ModuleGraph} graph
   * @param {string} source
   * @param {string} filename
   */
  constructor(graph, source, filename) {
    this.#graph = graph;
    this.#source = source;
    const path = filename.startsWith("/") || /^[a-z][\w+.-]*:/i.test(filename) ? filename : `/${filename}`;
    this.record = new ModuleRecord({
      id: path,
      path,
      format: "module",
      language: languageOf(path),
      source: encoder.encode(source),
    });
    this.record.isMain = true;
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
    return this.#module(lowered, rewritten);
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
    Object.defineProperty(meta, IMPORT_PROPERTY, {
      value: async (/** @type {unknown} */ specifier, /** @type {any} */ options) =>
        await graph.importFrom(referrer.record, `${specifier}`, options?.with ?? {}),
      configurable: true,
    });
  };
}
