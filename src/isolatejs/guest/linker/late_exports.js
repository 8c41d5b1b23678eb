// @ts-check
// Named imports from CommonJS that its text does not show. Packages like lodash fill `module.exports` in ways
// that no lexer can follow. When a name is missing, the module is run and asked, as bundlers in effect do.

import { SafeSet } from "../primordials.js";
import { buildFacades, exportable } from "./facades.js";

/** @typedef {import("./module_graph.js").ModuleGraph} ModuleGraph */
/** @typedef {import("./module_record.js").ModuleRecord} ModuleRecord */

/**
 * Gives CommonJS modules below `root` the export that an instantiation missed, and links their importers
 * again. False when there is nothing to give.
 * @param {ModuleGraph} graph
 * @param {ModuleRecord} root
 * @param {unknown} error  of the instantiation
 */
export function addMissingExports(graph, root, error) {
  const missing = error instanceof SyntaxError
    ? /module '([^']*)' does not provide an export named '([^']*)'/.exec(error.message)
    : null;
  if (missing === null) return false;
  const { 1: specifier, 2: name } = missing;
  /** @type {Set<ModuleRecord>} */
  const all = reachable(root);
  /** @type {Set<ModuleRecord>} */
  const widened = new SafeSet();
  for (const record of all) {
    const requests = record.module.moduleRequests ?? [];
    for (let i = 0; i < requests.length; i++) {
      const child = record.children[i];
      if (requests[i].specifier === specifier && child?.format === "commonjs" && widen(graph, child, name)) {
        widened.add(child);
      }
    }
  }
  for (const record of all) {
    if (!record.children.some((child) => widened.has(child)) || record.module.status !== "unlinked") continue;
    record.module.linkRequests(record.children.map((child) => graph.facade(child, record)));
  }
  return widened.size > 0;
}

/**
 * @param {ModuleGraph} graph
 * @param {ModuleRecord} record
 * @param {string} name
 */
function widen(graph, record, name) {
  const known = record.exportNames ?? [];
  if (known.includes(name)) return false;
  const exports = graph.commonjs.evaluate(record);
  if (exports === null || (typeof exports !== "object" && typeof exports !== "function")) return false;
  if (!(name in exports)) return false;
  record.exportNames = exportable([...known, name, ...Object.keys(exports)]);
  buildFacades(graph, record, record.exportNames);
  return true;
}

/** @param {ModuleRecord} root */
function reachable(root) {
  /** @type {Set<ModuleRecord>} */
  const seen = new SafeSet([root]);
  for (const record of seen) for (const child of record.children) seen.add(child);
  return seen;
}
