// @ts-check
// The parser, loaded when a program first needs it: reading acorn costs some 7 ms.

import { importLater } from "../import_later.js";

/** @type {((source: string) => any) | null} */
let parse = null;

/**
 * A function that parses a module with acorn, whose nodes follow ESTree; it throws SyntaxError.
 * @returns {Promise<(source: string) => any>}
 */
export async function loadAcorn() {
  if (parse !== null) return parse;
  const acorn = await importLater("../vendor/acorn.js", import.meta.url);
  parse = (source) =>
    acorn.parse(source, {
      ecmaVersion: "latest",
      sourceType: "module",
      allowHashBang: true,
      preserveParens: true,
      checkPrivateFields: false,
    });
  return parse;
}

/** The parser, null when it has not been loaded. */
export function loadedAcorn() {
  return parse;
}

/** @type {((source: string) => { exports: string[], reexports: string[] }) | null} */
let lexCommonJS = null;

/** Loads the lexer of CommonJS exports; `commonJSLexer()` then gives it. */
export async function loadCommonJSLexer() {
  lexCommonJS ??= (await importLater("../vendor/cjs_module_lexer.js", import.meta.url)).parse;
  return lexCommonJS;
}

/** The lexer, when it has been loaded. */
export function commonJSLexer() {
  return lexCommonJS;
}
