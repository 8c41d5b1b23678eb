// @ts-check
// From TypeScript and JSX to JavaScript. Types are stripped here, which keeps every line and column. Enums,
// namespaces and parameter properties are transformed here, with a source map. Decorators and JSX are lowered
// by the engine's transpiler, in a sandbox of its own that the host starts.

import { engine, loaderError } from "./engine.js";
import { withoutImportEquals, withoutUnusedRequires } from "./import_equals.js";
import { splitInlineMap } from "./source_maps.js";
import { positionAt } from "./source_positions.js";
import { keepStatementEnds } from "./statement_ends.js";
import { describeSyntaxError } from "./syntax_errors.js";

/** @typedef {import("./syntax_errors.js").Where} Where */
/** @typedef {"js" | "jsx" | "ts" | "tsx"} Language */
/** @typedef {{ code: string, map: string | null }} Lowered  map: base64, null when positions are kept */
/** @typedef {(request: { source: string, language: Language }) => import("./effects.js").Effect} Transpile */

const DECORATOR = /(?:^|[\s;{}()])@[\p{ID_Start}$_(]/u;
/** Lines of comments, whose `@tags` look like decorators. */
const COMMENT_LINES = /^[ \t]*(?:\*|\/\*|\/\/).*$/gm;

/** @param {string} filename @returns {Language} */
export function languageOf(filename) {
  const extension = /\.([cm]?[jt]sx?)$/i.exec(filename)?.[1].toLowerCase() ?? "js";
  if (extension.endsWith("tsx")) return "tsx";
  if (extension.endsWith("jsx")) return "jsx";
  return extension.includes("ts") ? "ts" : "js";
}

/**
 * @param {string} source
 * @param {Language} language
 * @param {Where} where  for errors
 * @param {Transpile} transpile
 * @param {{ isCommonJS?: boolean }} [options]
 * @returns {Generator<import("./effects.js").Effect, Lowered, any>} throws SyntaxError
 */
export function* lower(source, language, where, transpile, { isCommonJS = false } = {}) {
  if (language === "js") return { code: source, map: null };
  if (language === "ts") {
    const stripped = strip(source);
    if (stripped !== null) return { code: stripped, map: null };
    const plain = withoutImportEquals(source, isCommonJS);
    if (plain !== null) {
      const lowered = yield* lower(plain.code, language, where, transpile);
      return isCommonJS ? { ...lowered, code: withoutUnusedRequires(lowered.code, plain.names) } : lowered;
    }
    const transformed = transform(source);
    const isDecorated = hasDecorators(source);
    if (transformed !== null && !(isDecorated && hasDecorators(transformed.code))) return transformed;
    if (!isDecorated) yield explain(source, language, where);
  }
  const reply = yield transpile({ source, language });
  if (reply.error !== undefined) throw describeSyntaxError(reply.error, where);
  return splitInlineMap(reply.code);
}

/** @param {string} code  when in doubt, yes */
function hasDecorators(code) {
  return DECORATOR.test(code) && DECORATOR.test(code.replace(COMMENT_LINES, ""));
}

/**
 * The source without its types, null when something in it is more than a type.
 * @param {string} source
 */
export function strip(source) {
  try {
    return keepStatementEnds(source, engine().stripTypes(source, { mode: "strip" }));
  } catch (error) {
    if (isRefusal(error)) return null;
    throw error;
  }
}

/**
 * @param {string} source
 * @returns {Lowered | null}
 */
function transform(source) {
  try {
    return splitInlineMap(engine().stripTypes(source, { mode: "transform", sourceMap: true }));
  } catch (error) {
    if (isRefusal(error)) return null;
    throw error;
  }
}

/**
 * Whether it is the engine's word that a source is no TypeScript, or more than types.
 * @param {unknown} error
 */
function isRefusal(error) {
  return error instanceof SyntaxError ||
    (error instanceof Error && error.message.startsWith("SyntaxError: "));
}

/**
 * An effect that fails with the error of the engine's parser, which says where.
 * @param {string} source
 * @param {Language} language
 * @param {Where} where
 * @returns {import("./effects.js").Effect}
 */
function explain(source, language, where) {
  return {
    now() {
      throw describeSyntaxError({ message: "Invalid TypeScript" }, where);
    },
    async later() {
      throw await typeScriptError(source, language, where);
    },
  };
}

/**
 * The syntax error of a TypeScript source, with its position.
 * @param {string} source
 * @param {Language} language
 * @param {Where} where
 */
export async function typeScriptError(source, language, where) {
  // The import at the end cannot be resolved: should the source parse after all, it is not evaluated.
  const guarded = `${source}\n;import "isolatejs:never";`;
  const mediaType = language === "ts" ? "application/typescript" : `text/${language}`;
  const error = await loaderError(guarded, mediaType);
  if (error === null || !error.message.startsWith("SyntaxError: ")) {
    return describeSyntaxError({ message: "Invalid TypeScript" }, where);
  }
  const end = positionAt(source, source.length);
  const line = Number(/:(\d+):\d+\s*$/.exec(error.message)?.[1]);
  if (!(line > end.line)) return describeSyntaxError(error, where);
  return describeSyntaxError({ message: `Unexpected end of input at :${end.line}:${end.column}` }, where);
}
