// @ts-check
// Errors of resolving and linking: what was wanted, by whom, and what to do about it.

import { SafeSet } from "../primordials.js";
import { lineOf } from "./source_positions.js";
import { placeSyntaxError } from "./syntax_errors.js";

/** @typedef {import("./module_record.js").ModuleRecord} ModuleRecord */

/**
 * @param {string} message  of the host
 * @param {string} specifier
 * @param {ModuleRecord} importer
 * @param {string} [code]
 */
export function resolutionError(message, specifier, importer, code = "ERR_MODULE_NOT_FOUND") {
  const chain = importer.importerChain();
  const error = new Error(message + describeChain(chain));
  Object.defineProperty(error, "name", {
    value: "ModuleResolutionError",
    configurable: true,
    writable: true,
  });
  return Object.assign(error, { code, specifier, importers: chain });
}

/**
 * An error of instantiation, which V8 gives without a place: adds the importer, its chain and a hint.
 * @param {unknown} error
 * @param {ModuleRecord} root
 */
export function instantiationError(error, root) {
  if (!(error instanceof SyntaxError)) return error;
  const wanted = /module '([^']*)' does not provide an export named '([^']*)'/.exec(error.message);
  if (wanted === null) return error;
  const { 1: specifier, 2: name } = wanted;
  const place = findImport(root, specifier, name, new SafeSet());
  const importer = place?.record ?? root;
  // In TypeScript an import that is only a type has been dropped.
  const hint = importer.language === "unknown"
    ? `\n  If '${name}' is a type, write: import type { ${name} } from '${specifier}'`
    : "";
  const chain = importer.importerChain();
  const described = new SyntaxError(
    `The module '${specifier}' has no export named '${name}'${describeChain(chain)}${hint}`,
  );
  Object.assign(described, { code: "ERR_EXPORT_NOT_FOUND", specifier, importers: chain });
  if (place !== null) {
    const { line, column } = place;
    placeSyntaxError(described, {
      file: importer.path,
      line,
      column,
      sourceLine: lineOf(importer.text, line),
    });
  }
  return described;
}

/** @param {readonly string[]} chain */
function describeChain(chain) {
  return chain.map((path) => `\n  imported by ${path}`).join("");
}

/**
 * Where in the graph a name is imported that is not there.
 * @param {ModuleRecord} record
 * @param {string} specifier
 * @param {string} name
 * @param {Set<ModuleRecord>} seen
 * @returns {{ record: ModuleRecord, line: number, column: number } | null}
 */
function findImport(record, specifier, name, seen) {
  seen.add(record);
  if (record.format === "module") {
    const place = findInText(record.text, specifier, name);
    if (place !== null) return { record, ...place };
  }
  for (const child of record.children) {
    const found = seen.has(child) ? null : findImport(child, specifier, name, seen);
    if (found !== null) return found;
  }
  return null;
}

/**
 * @param {string} text
 * @param {string} specifier
 * @param {string} name
 */
function findInText(text, specifier, name) {
  for (const { 0: statement, index } of text.matchAll(/\b(?:import|export)\b[^;'"]*from\s*(["'])(.*?)\1/g)) {
    const quoted = statement.slice(statement.search(/["'][^"']*["']$/) + 1, -1);
    if (quoted !== specifier) continue;
    const escaped = name.replace(/[$]/g, "\\$&");
    const at = name === "default"
      ? statement.search(/\s[\w$]/) + 1
      : statement.search(new RegExp(`(?<![\\w$])${escaped}(?![\\w$])`));
    if (at < 0) continue;
    const before = text.slice(0, index + at).split("\n");
    return { line: before.length, column: before[before.length - 1].length + 1 };
  }
  return null;
}
