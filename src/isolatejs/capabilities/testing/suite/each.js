// @ts-check
// Tables of `each`: rows from arrays or from a tagged template, and their titles in printf style
// (%s %d %i %f %j %o %p %# %$ %%) or with $names.

import { format } from "../expect/format.js";
import { printReceived, stringify } from "../expect/messages.js";

/** @typedef {{args: any[], title: string}} Row */

/**
 * Rows of a table.
 * @param {any[]} call the arguments of `each` @param {string} title @returns {Row[]}
 */
export function rowsOf(call, title) {
  const [first] = call;
  if (Array.isArray(first) && Object.hasOwn(first, "raw")) return templateRows(first, call.slice(1), title);
  if (first === null || typeof first?.[Symbol.iterator] !== "function" || typeof first === "string") {
    throw new TypeError(
      `\`.each\` must be called with an Array or Tagged Template Literal.\n\nInstead was called with: ${
        format(first, { maxDepth: 1, min: true })
      }`,
    );
  }
  const table = [...first];
  if (table.length === 0) throw new TypeError("Error: `.each` called with an empty Array of table data.\n");
  return table.map((row, index) => {
    const args = Array.isArray(row) ? row : [row];
    return { args, title: arrayTitle(title, args, index) };
  });
}

/** @param {any} strings @param {any[]} values @param {string} title @returns {Row[]} */
function templateRows(strings, values, title) {
  const headings = strings[0].replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "").trim().split("|").map((
    /** @type {string} */ name,
  ) => name.trim());
  if (values.length === 0) {
    throw new TypeError(
      "Error: `.each` called with a Tagged Template Literal with no data, remember to interpolate with ${expression} syntax.\n",
    );
  }
  const missing = values.length % headings.length;
  if (missing !== 0) {
    throw new TypeError(
      `Not enough arguments supplied for given headings:\n${headings.join(" | ")}\n\nReceived:\n${
        format(values)
      }\n\nMissing ${headings.length - missing} argument${headings.length - missing === 1 ? "" : "s"}`,
    );
  }
  const rows = [];
  for (let i = 0; i < values.length; i += headings.length) {
    /** @type {Record<string, any>} */
    const row = {};
    headings.forEach((/** @type {string} */ name, /** @type {number} */ j) => row[name] = values[i + j]);
    rows.push({ args: [row], title: namedTitle(title, row, i / headings.length) });
  }
  return rows;
}

/** @param {string} title @param {any[]} args @param {number} index */
function arrayTitle(title, args, index) {
  const [first] = args;
  const object = args.length === 1 && typeof first === "object" && first !== null && !Array.isArray(first);
  const named = object && /\$[\w$.]+/.test(title) ? namedTitle(title, first, index) : title;
  return printf(named, args, index);
}

/** @param {any} value */
function plainText(value) {
  return typeof value === "string" ? value : printReceived(value);
}

/** @param {string} title @param {any} row @param {number} index */
function namedTitle(title, row, index) {
  return title.replaceAll(/\$([\w$][\w$.]*)|\$#/g, (match, path) => {
    if (match === "$#") return String(index);
    let value = row;
    for (const key of path.split(".")) {
      if (value === null || value === undefined || !(key in Object(value))) return match;
      value = value[key];
    }
    return plainText(value);
  });
}

/** @param {string} title @param {any[]} args @param {number} index */
function printf(title, args, index) {
  let next = 0;
  return title.replaceAll(/%([sdifjoOp#$%c])/g, (match, kind) => {
    if (kind === "%") return "%";
    if (kind === "#") return String(index);
    if (kind === "$") return String(index + 1);
    if (next >= args.length) return match;
    const value = args[next++];
    switch (kind) {
      case "s":
        return typeof value === "object" && value !== null ? stringify(value) : String(value);
      case "d":
        return typeof value === "bigint" ? `${value}n` : String(Number(value));
      case "i":
        return String(Number.parseInt(value, 10));
      case "f":
        return String(Number.parseFloat(value));
      case "j":
        return JSON.stringify(value) ?? "undefined";
      case "c":
        return "";
      default:
        return format(value, { maxDepth: 2, min: true });
    }
  });
}
