// @ts-check
// Where things are in the text that the user wrote. What V8 runs can differ from it: the completion value of
// a program is captured by insertions, TypeScript may have been transformed, a bundle may bring its own map.
//
// V8 knows a rewritten program as `/index.js#7`: programs that share a name keep positions of their own.

import { SafeMap, SafeWeakMap } from "../primordials.js";
import {
  decodeSourceMap,
  externalMap,
  originalPosition,
  parseSourceMap,
  splitInlineMap,
} from "./source_maps.js";

/**
 * @typedef {object} Position
 * @property {string} file
 * @property {number} line  1-based
 * @property {number} column  1-based
 */
/**
 * @typedef {object} Insertion
 * @property {number} offset  in the text before the insertion
 * @property {string} text  never holds a line break
 */
/**
 * @typedef {object} SourceEntry
 * @property {string} file  the name to show
 * @property {string} source  as the user wrote it
 * @property {string} [intermediate]  the text that the insertions were made in, when it is not `source`
 * @property {readonly Insertion[]} [insertions]  in order of their offsets
 * @property {string | null} [map]  base64 of the map from `intermediate` to `source`; undefined: `source` may
 *   bring its own
 * @property {(name: string) => string | null} [readMap]  the map that `source` names, as JSON
 */

/** Programs whose text is remembered for later stacks; older ones keep unmapped positions. */
const PROGRAMS_LIMIT = 512;
const PROGRAMS_LIMIT_CHARACTERS = 8 * 1024 * 1024;

export class SourcePositions {
  /** @type {Map<string, SourceEntry>} modules, as long as the linker holds them */
  #modules = new SafeMap();
  /** @type {Map<string, SourceEntry>} programs, oldest first */
  #programs = new SafeMap();
  /** @type {Map<string, string>} texts that maps of bundles brought along */
  #originals = new SafeMap();
  #programCharacters = 0;
  #programCount = 0;
  /** @type {WeakMap<WeakKey, import("./source_maps.js").SourceMap | null>} */
  #maps = new SafeWeakMap();

  /**
   * Remembers a module's text under the name V8 has for it.
   * @param {string} scriptName
   * @param {SourceEntry} entry
   */
  addModule(scriptName, entry) {
    this.#modules.set(scriptName, entry);
  }

  /** @param {string} scriptName */
  removeModule(scriptName) {
    this.#modules.delete(scriptName);
  }

  /**
   * A name for V8 for one more program.
   * @param {string} file
   */
  nameProgram(file) {
    return `${file}#${++this.#programCount}`;
  }

  /**
   * Remembers a program's text, for a while.
   * @param {string} scriptName
   * @param {SourceEntry} entry
   */
  addProgram(scriptName, entry) {
    this.#programs.set(scriptName, entry);
    this.#programCharacters += entry.source.length;
    if (this.#programs.size <= PROGRAMS_LIMIT && this.#programCharacters <= PROGRAMS_LIMIT_CHARACTERS) return;
    for (const { 0: name, 1: old } of this.#programs) {
      if (name === scriptName) break;
      this.#programs.delete(name);
      this.#programCharacters -= old.source.length;
      if (this.#programs.size <= PROGRAMS_LIMIT && this.#programCharacters <= PROGRAMS_LIMIT_CHARACTERS) {
        break;
      }
    }
  }

  /**
   * The user's position of a raw V8 one. A file that is not known keeps its position.
   * @param {string} scriptName
   * @param {number} line
   * @param {number} column
   * @returns {Position}
   */
  map(scriptName, line, column) {
    const entry = this.#programs.get(scriptName) ?? this.#modules.get(scriptName);
    if (entry === undefined) return { file: scriptName.replace(/#\d+$/, ""), line, column };
    const intermediate = entry.intermediate ?? entry.source;
    if (entry.insertions !== undefined && entry.insertions.length > 0) {
      column = columnBeforeInsertions(intermediate, entry.insertions, line, column);
    }
    const map = this.#mapOf(entry);
    if (map !== null) {
      const original = originalPosition(map, line, column);
      if (original !== null) {
        const { line, column } = original;
        if (entry.map !== undefined) return { file: entry.file, line, column };
        const file = originalFile(map, original.source, entry.file);
        const text = map.sourcesContent[original.source];
        if (typeof text === "string") this.#originals.set(file, text);
        return { file, line, column };
      }
    }
    return { file: entry.file, line, column };
  }

  /**
   * A line of text as the user wrote it, undefined when the file is not known (any more).
   * @param {string} scriptName  as V8 or as the user knows it
   * @param {number} line  1-based, in the user's text
   */
  sourceLine(scriptName, line) {
    const entry = this.#programs.get(scriptName) ?? this.#modules.get(scriptName) ?? this.#latest(scriptName);
    const text = entry?.source ?? this.#originals.get(scriptName);
    return text === undefined ? undefined : lineOf(text, line);
  }

  /**
   * A function from positions in lowered code to those in its source.
   * @param {string} map  base64
   */
  mapper(map) {
    const decoded = decodeSourceMap(map);
    return (/** @type {number} */ line, /** @type {number} */ column) =>
      (decoded === null ? null : originalPosition(decoded, line, column)) ?? { line, column };
  }

  /** @param {string} file */
  #latest(file) {
    let found;
    for (const entry of this.#programs.values()) if (entry.file === file) found = entry;
    return found;
  }

  /** @param {SourceEntry} entry */
  #mapOf(entry) {
    let map = this.#maps.get(entry);
    if (map === undefined) {
      map = entry.map === undefined ? ownMap(entry) : entry.map === null ? null : decodeSourceMap(entry.map);
      this.#maps.set(entry, map);
    }
    return map;
  }
}

/**
 * @param {string} text
 * @param {number} line  1-based
 * @returns {string | undefined}
 */
export function lineOf(text, line) {
  let start = 0;
  for (let current = 1; current < line; current++) {
    start = text.indexOf("\n", start) + 1;
    if (start === 0) return undefined;
  }
  const end = text.indexOf("\n", start);
  const found = end < 0 ? text.slice(start) : text.slice(start, end);
  return found.endsWith("\r") ? found.slice(0, -1) : found;
}

/**
 * @param {string} text
 * @param {number} offset
 * @returns {{ line: number, column: number }} 1-based
 */
export function positionAt(text, offset) {
  let line = 1, start = 0;
  for (let next = text.indexOf("\n"); next >= 0 && next < offset; next = text.indexOf("\n", next + 1)) {
    line++;
    start = next + 1;
  }
  return { line, column: offset - start + 1 };
}

/**
 * The map that a source brings: in itself, or in a file that it names.
 * @param {SourceEntry} entry
 */
function ownMap(entry) {
  const { source } = entry;
  const inline = splitInlineMap(source).map;
  if (inline !== null) return decodeSourceMap(inline);
  const name = entry.readMap === undefined ? null : externalMap(source);
  const text = name === null ? null : entry.readMap?.(name) ?? null;
  return text === null ? null : parseSourceMap(text);
}

/**
 * The file that a bundle's own map names, relative to the bundle.
 * @param {import("./source_maps.js").SourceMap} map
 * @param {number} index
 * @param {string} bundle
 */
function originalFile(map, index, bundle) {
  const url = URL.parse(map.sources[index] ?? "", `file://${bundle}`);
  return url === null || url.protocol !== "file:" ? bundle : decodeURI(url.pathname);
}

/**
 * @param {string} text  before the insertions
 * @param {readonly Insertion[]} insertions
 * @param {number} line
 * @param {number} column
 */
function columnBeforeInsertions(text, insertions, line, column) {
  let shift = 0;
  for (const insertion of insertions) {
    const at = positionAt(text, insertion.offset);
    if (at.line > line) break;
    if (at.line < line) continue;
    if (at.column + shift >= column) break;
    if (at.column + shift + insertion.text.length > column) return at.column;
    shift += insertion.text.length;
  }
  return column - shift;
}
