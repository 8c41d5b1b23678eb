// @ts-check
// Source Map revision 3 (ECMA-426): decoding of mappings and lookup of original positions.

import { SafeMap } from "../primordials.js";

/**
 * @typedef {object} SourceMap
 * @property {string[]} sources
 * @property {(string | null)[]} sourcesContent
 * @property {Int32Array[]} lines  per generated line: runs of column, source, line, column (all 0-based)
 */

const INLINE = /\/\/[#@] sourceMappingURL=data:application\/json;(?:charset=[^;,]*;)?base64,([\w+/=]+)\s*$/;
const DIGITS = new SafeMap(
  [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"].map((c, i) => [c, i]),
);

/**
 * Cuts an inline source map off a source.
 * @param {string} source
 * @returns {{ code: string, map: string | null }} the map as base64, to be decoded when a position is asked for
 */
export function splitInlineMap(source) {
  const tail = source.lastIndexOf("sourceMappingURL=data:");
  const match = tail < 0 ? null : INLINE.exec(source.slice(Math.max(0, tail - 4)));
  if (match === null) return { code: source, map: null };
  return { code: source.slice(0, Math.max(0, tail - 4)), map: match[1] };
}

/**
 * The file that a source names as its map, null when it names none.
 * @param {string} source
 */
export function externalMap(source) {
  const tail = source.slice(-1024);
  return /(?:^|\n)\/\/[#@] sourceMappingURL=([^\s'"]+\.map)\s*$/.exec(tail)?.[1] ?? null;
}

/**
 * @param {string} base64  a source map's JSON
 * @returns {SourceMap | null} null when it is no usable map
 */
export function decodeSourceMap(base64) {
  let json;
  try {
    json = new TextDecoder().decode(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)));
  } catch {
    return null; // as below
  }
  return parseSourceMap(json);
}

/**
 * @param {string} text  JSON
 * @returns {SourceMap | null} null when it is no usable map
 */
export function parseSourceMap(text) {
  let json;
  try {
    json = JSON.parse(text);
  } catch {
    return null; // a map is only a convenience: a broken one leaves positions as they are
  }
  if (json === null || typeof json !== "object" || typeof json.mappings !== "string") return null;
  return {
    sources: Array.isArray(json.sources) ? json.sources.map(String) : [],
    sourcesContent: Array.isArray(json.sourcesContent) ? json.sourcesContent : [],
    lines: decodeMappings(json.mappings),
  };
}

/**
 * @param {string} mappings
 * @returns {Int32Array[]}
 */
function decodeMappings(mappings) {
  let source = 0, line = 0, column = 0;
  return mappings.split(";").map((text) => {
    let generated = 0;
    const runs = [];
    for (const segment of text === "" ? [] : text.split(",")) {
      const fields = decodeVlq(segment);
      generated += fields[0] ?? 0;
      if (fields.length < 4) continue;
      source += fields[1];
      line += fields[2];
      column += fields[3];
      runs.push(generated, source, line, column);
    }
    return Int32Array.from(runs);
  });
}

/**
 * @param {string} text
 * @returns {number[]}
 */
function decodeVlq(text) {
  const values = [];
  let value = 0, shift = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = DIGITS.get(text[i]) ?? 0;
    value |= (digit & 31) << shift;
    if (digit & 32) {
      shift += 5;
    } else {
      values.push(value & 1 ? -(value >>> 1) : value >>> 1);
      value = shift = 0;
    }
  }
  return values;
}

/**
 * @param {SourceMap} map
 * @param {number} line  1-based
 * @param {number} column  1-based
 * @returns {{ source: number, line: number, column: number } | null} 1-based
 */
export function originalPosition(map, line, column) {
  const runs = map.lines[line - 1];
  if (runs === undefined || runs.length === 0) return null;
  let low = 0, high = runs.length / 4 - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (runs[middle * 4] <= column - 1) low = middle;
    else high = middle - 1;
  }
  const at = low * 4;
  return { source: runs[at + 1], line: runs[at + 2] + 1, column: runs[at + 3] + 1 };
}
