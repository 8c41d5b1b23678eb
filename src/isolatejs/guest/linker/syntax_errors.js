// @ts-check
// Syntax errors that say where: file, line, column and the line itself. `new vm.SourceTextModule` throws one
// without any of it; the engine's own loader, asked about the same text, puts the place in its message.

import { loaderError } from "./engine.js";
import { lineOf } from "./source_positions.js";

/** @typedef {{ file: string, source: string }} Where */

/**
 * A SyntaxError with its place, made of a message that may hold one ("… at file:///x.js:2:9").
 * @param {{ message: string }} error
 * @param {Where} where
 * @param {(line: number, column: number) => { line: number, column: number }} [toOriginal]
 * @returns {SyntaxError}
 */
export function describeSyntaxError(error, where, toOriginal) {
  const { message, line, column } = readMessage(error.message);
  const described = new SyntaxError(message);
  if (line === undefined || column === undefined) {
    define(described, "filename", where.file);
    define(described, "stack", `SyntaxError: ${message}\n    at ${where.file}`);
    return described;
  }
  const position = toOriginal === undefined ? { line, column } : toOriginal(line, column);
  const text = lineOf(where.source, position.line);
  define(described, "filename", where.file);
  define(described, "line", position.line);
  define(described, "column", position.column);
  if (text !== undefined) define(described, "sourceLine", text);
  define(
    described,
    "stack",
    `SyntaxError: ${message}\n    at ${where.file}:${position.line}:${position.column}`,
  );
  return described;
}

/**
 * The error of a text that V8 refused to compile.
 * @param {unknown} error  what `node:vm` threw
 * @param {string} code  what it refused
 * @param {Where} where
 * @param {(line: number, column: number) => { line: number, column: number }} [toOriginal]
 */
export async function locateSyntaxError(error, code, where, toOriginal) {
  if (!(error instanceof SyntaxError)) return error;
  const located = await loaderError(code);
  return describeSyntaxError(located instanceof SyntaxError ? located : error, where, toOriginal);
}

/** @param {string} text */
function readMessage(text) {
  const found = /\s+at (?:\S*?):(\d+):(\d+)\s*$/.exec(text);
  const message = (found === null ? text : text.slice(0, found.index))
    .replace(/^(?:TypeError: )?(?:SyntaxError: )+/, "")
    .replace(/\n\s*\|\n[^]*$/, "");
  return {
    message,
    line: found === null ? undefined : Number(found[1]),
    column: found === null ? undefined : Number(found[2]),
  };
}

/**
 * @param {Error} error
 * @param {string} name
 * @param {unknown} value
 */
function define(error, name, value) {
  Object.defineProperty(error, name, { value, writable: true, enumerable: false, configurable: true });
}
