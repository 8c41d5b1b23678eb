// @ts-check
// Syntax errors that say where: file, line, column and the line itself. `new vm.SourceTextModule` throws one
// without any of it; the engine's own loader, asked about the same text, puts the place in its message.

import { placeError } from "../errors.js";
import { SafeWeakMap } from "../primordials.js";
import { loaderError } from "./engine.js";
import { lineOf } from "./source_positions.js";

/** @typedef {{ file: string, source: string, importers?: readonly string[] }} Where  importers: nearest first */
/** @typedef {import("./source_positions.js").Position & { sourceLine?: string }} Place */

/** @type {WeakMap<WeakKey, Place>} */
const places = new SafeWeakMap();

/**
 * A SyntaxError with its place, made of a message that may hold one ("… at file:///x.js:2:9").
 * @param {{ message: string }} error
 * @param {Where} where
 * @param {(line: number, column: number) => { line: number, column: number }} [toOriginal]
 * @returns {SyntaxError}
 */
export function describeSyntaxError(error, where, toOriginal) {
  const { message, line, column } = readMessage(error.message);
  const chain = (where.importers ?? []).map((path) => `\n  imported by ${path}`).join("");
  const described = new SyntaxError(message + chain);
  if (line === undefined || column === undefined) {
    defineStack(described, where.file);
    return described;
  }
  const position = toOriginal === undefined ? { line, column } : toOriginal(line, column);
  placeSyntaxError(described, {
    file: where.file,
    ...position,
    sourceLine: lineOf(where.source, position.line),
  });
  return described;
}

/**
 * Says where an error belongs that has no frame of its own, to the program (in its stack) and to the host.
 * @param {Error} error
 * @param {Place} place
 */
export function placeSyntaxError(error, place) {
  placeError(error, place);
  places.set(error, place);
  defineStack(error, `${place.file}:${place.line}:${place.column}`);
}

/**
 * @param {unknown} error
 * @returns {Place | undefined}
 */
export function placeOf(error) {
  return error instanceof Error ? places.get(error) : undefined;
}

/**
 * @param {Error} error
 * @param {string} place
 */
function defineStack(error, place) {
  Object.defineProperty(error, "stack", {
    value: `${error.name}: ${error.message}\n    at ${place}`,
    writable: true,
    enumerable: false,
    configurable: true,
  });
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
