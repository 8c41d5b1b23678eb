// @ts-check
// Prints any value as text, in the format of Jest's pretty-format 30, so that snapshots written by
// either can be read by both. Plugins (`expect.addSnapshotSerializer`) come first, then built-in types.

import { immutableParts } from "./format_immutable.js";
import { printMarkup } from "./format_markup.js";

const objectToString = Object.prototype.toString;
const errorToString = Error.prototype.toString;
const regExpToString = RegExp.prototype.toString;
const toISOString = Date.prototype.toISOString;
const ASYMMETRIC = Symbol.for("jest.asymmetricMatcher");

/**
 * @typedef {object} FormatOptions
 * @property {boolean} [callToJSON] use a value's `toJSON`
 * @property {((a: string, b: string) => number) | null} [compareKeys] order of keys; null keeps insertion order
 * @property {boolean} [escapeRegex]
 * @property {boolean} [escapeString]
 * @property {number} [indent] spaces
 * @property {number} [maxDepth]
 * @property {number} [maxWidth] items of one collection
 * @property {boolean} [min] one line
 * @property {any[]} [plugins] serializers: {test, serialize} or {test, print}
 * @property {boolean} [printBasicPrototype]
 * @property {boolean} [printFunctionName]
 * @property {boolean} [highlight] accepted, has no effect
 * @property {any} [theme] accepted, has no effect
 */

const KNOWN_OPTIONS = new Set(
  "callToJSON compareKeys escapeRegex escapeString highlight indent maxDepth maxWidth min plugins printBasicPrototype printFunctionName theme"
    .split(" "),
);
const NO_COLOR = { open: "", close: "" };
const NO_COLORS = { comment: NO_COLOR, content: NO_COLOR, prop: NO_COLOR, tag: NO_COLOR, value: NO_COLOR };

/** Thrown when a serializer throws; keeps the serializer's stack. */
class FormatPluginError extends Error {
  /** @param {any} cause */
  constructor(cause) {
    super(cause?.message);
    this.stack = cause?.stack;
    this.name = "PrettyFormatPluginError";
  }
}

/**
 * Text of a value. `min: true` gives one line.
 * @param {any} value @param {FormatOptions} [options] @returns {string}
 */
export function format(value, options = {}) {
  for (const key of Object.keys(options)) {
    if (!KNOWN_OPTIONS.has(key)) throw new Error(`pretty-format: Unknown option "${key}".`);
  }
  if (options.min && options.indent !== undefined && options.indent !== 0) {
    throw new Error('pretty-format: Options "min" and "indent" cannot be used together.');
  }
  return print(value, configure(options), "", 0, [], false);
}

/** @param {FormatOptions} options */
function configure(options) {
  const min = options.min ?? false;
  return {
    callToJSON: options.callToJSON ?? true,
    colors: NO_COLORS,
    compareKeys: options.compareKeys,
    escapeRegex: options.escapeRegex ?? false,
    escapeString: options.escapeString ?? true,
    indent: min ? "" : " ".repeat(options.indent ?? 2),
    maxDepth: options.maxDepth ?? Infinity,
    maxWidth: options.maxWidth ?? Infinity,
    min,
    plugins: options.plugins ?? [],
    printBasicPrototype: options.printBasicPrototype ?? true,
    printFunctionName: options.printFunctionName ?? true,
    spacingInner: min ? " " : "\n",
    spacingOuter: min ? "" : "\n",
  };
}

/** @typedef {ReturnType<typeof configure>} Config */

/**
 * @param {any} value @param {Config} config @param {string} indentation @param {number} depth
 * @param {any[]} seen ancestors of the value @param {boolean} [calledToJSON] @returns {string}
 */
function print(value, config, indentation, depth, seen, calledToJSON) {
  for (const plugin of config.plugins) {
    if (pluginApplies(plugin, value)) return printWithPlugin(plugin, value, config, indentation, depth, seen);
  }
  if (value !== null && value !== undefined && value.$$typeof === ASYMMETRIC) {
    return printAsymmetric(value, config, indentation, depth, seen);
  }
  const markup = printMarkup(value, config, indentation, depth, seen, print);
  if (markup !== null) return markup;
  const immutable = immutableParts(value);
  if (immutable !== null) return printImmutable(immutable, config, indentation, depth, seen);
  return printBasic(value, config) ??
    printComplex(value, config, indentation, depth, seen, calledToJSON ?? false);
}

/** @param {any} plugin @param {any} value */
function pluginApplies(plugin, value) {
  try {
    return plugin.test(value);
  } catch (error) {
    throw new FormatPluginError(error);
  }
}

/** @param {any} plugin @param {any} value @param {Config} config @param {string} indentation @param {number} depth @param {any[]} seen */
function printWithPlugin(plugin, value, config, indentation, depth, seen) {
  let text;
  try {
    if (plugin.serialize != null) {
      text = plugin.serialize(value, config, indentation, depth, seen, print);
    } else {
      const inner = indentation + config.indent;
      text = plugin.print(
        value,
        (/** @type {any} */ child) => print(child, config, indentation, depth, seen),
        (/** @type {string} */ lines) => inner + lines.replaceAll("\n", `\n${inner}`),
        { edgeSpacing: config.spacingOuter, min: config.min, spacing: config.spacingInner },
        config.colors,
      );
    }
  } catch (error) {
    throw new FormatPluginError(error);
  }
  if (typeof text !== "string") {
    throw new TypeError(
      `pretty-format: Plugin must return type "string" but instead returned "${typeof text}".`,
    );
  }
  return text;
}

/** Text of a value without parts, or null. @param {any} value @param {Config} config @returns {string | null} */
function printBasic(value, config) {
  switch (typeof value) {
    case "boolean":
    case "undefined":
      return `${value}`;
    case "number":
      return Object.is(value, -0) ? "-0" : `${value}`;
    case "bigint":
      return `${value}n`;
    case "string":
      return config.escapeString ? `"${value.replaceAll(/"|\\/g, "\\$&")}"` : `"${value}"`;
    case "function":
      return printFunction(value, config);
    case "symbol":
      return String(value);
  }
  if (value === null) return "null";
  switch (objectToString.call(value)) {
    case "[object Promise]":
      return "Promise {}";
    case "[object WeakMap]":
      return "WeakMap {}";
    case "[object WeakSet]":
      return "WeakSet {}";
    case "[object Function]":
    case "[object GeneratorFunction]":
      return printFunction(value, config);
    case "[object Symbol]":
      return String(value).replace(/^Symbol\((.*)\)(.*)$/, "Symbol($1)");
    case "[object Date]":
      return Number.isNaN(+value) ? "Date { NaN }" : toISOString.call(value);
    case "[object Error]":
      return `[${errorToString.call(value)}]`;
    case "[object RegExp]": {
      const text = regExpToString.call(value);
      return config.escapeRegex ? text.replaceAll(/[$()*+.?[\\\]^{|}]/g, "\\$&") : text;
    }
  }
  return value instanceof Error ? `[${errorToString.call(value)}]` : null;
}

/** @param {Function} value @param {Config} config */
function printFunction(value, config) {
  return config.printFunctionName ? `[Function ${value.name || "anonymous"}]` : "[Function]";
}

const LIST_TAGS = new Set(
  "Array ArrayBuffer DataView Float16Array Float32Array Float64Array Int8Array Int16Array Int32Array Uint8Array Uint8ClampedArray Uint16Array Uint32Array BigInt64Array BigUint64Array"
    .split(" ").map((name) => `[object ${name}]`),
);

/** @param {any} value @param {Config} config @param {string} indentation @param {number} depth @param {any[]} seen @param {boolean} calledToJSON @returns {string} */
function printComplex(value, config, indentation, depth, seen, calledToJSON) {
  if (seen.includes(value)) return "[Circular]";
  seen = [...seen, value];
  depth++;
  const tooDeep = depth > config.maxDepth;
  if (config.callToJSON && !tooDeep && !calledToJSON && typeof value.toJSON === "function") {
    return print(value.toJSON(), config, indentation, depth, seen, true);
  }
  const tag = objectToString.call(value);
  if (tag === "[object Arguments]") {
    if (tooDeep) return "[Arguments]";
    return `${config.min ? "" : "Arguments "}[${printItems(value, config, indentation, depth, seen)}]`;
  }
  if (LIST_TAGS.has(tag)) {
    const name = value.constructor?.name ?? "Array";
    if (tooDeep) return `[${name}]`;
    const prefix = config.min || (!config.printBasicPrototype && name === "Array") ? "" : `${name} `;
    return `${prefix}[${printItems(value, config, indentation, depth, seen)}]`;
  }
  if (tag === "[object Map]") {
    if (tooDeep) return "[Map]";
    return `Map {${printEntries(value.entries(), config, indentation, depth, seen)}}`;
  }
  if (tag === "[object Set]") {
    return tooDeep ? "[Set]" : `Set {${printValues(value.values(), config, indentation, depth, seen)}}`;
  }
  const name = (typeof value.constructor === "function" && value.constructor.name) || "Object";
  if (tooDeep || value === globalThis) return `[${name}]`;
  const prefix = config.min || (!config.printBasicPrototype && name === "Object") ? "" : `${name} `;
  return `${prefix}{${printProperties(value, config, indentation, depth, seen)}}`;
}

/**
 * Joins printed parts with the separators of the configuration.
 * @param {Iterable<() => string>} parts @param {Config} config @param {string} indentation
 */
function joinParts(parts, config, indentation) {
  const inner = indentation + config.indent;
  const texts = [];
  let cut = false;
  for (const part of parts) {
    if (texts.length === config.maxWidth) {
      cut = true;
      break;
    }
    texts.push(inner + part());
  }
  if (texts.length === 0 && !cut) return "";
  let text = config.spacingOuter + texts.join(`,${config.spacingInner}`);
  if (cut) text += `${texts.length > 0 ? `,${config.spacingInner}` : ""}${inner}…`;
  else if (!config.min) text += ",";
  return text + config.spacingOuter + indentation;
}

/** @param {any} list @param {Config} config @param {string} indentation @param {number} depth @param {any[]} seen */
function printItems(list, config, indentation, depth, seen) {
  if (list instanceof ArrayBuffer) list = new DataView(list);
  const view = list instanceof DataView ? list : null;
  const inner = indentation + config.indent;
  function* parts() {
    const length = view ? view.byteLength : list.length;
    for (let i = 0; i < length; i++) {
      if (view) yield () => print(view.getInt8(i), config, inner, depth, seen);
      else yield () => i in list ? print(list[i], config, inner, depth, seen) : "";
    }
  }
  return joinParts(parts(), config, indentation);
}

/** @param {Iterable<any>} values @param {Config} config @param {string} indentation @param {number} depth @param {any[]} seen */
function printValues(values, config, indentation, depth, seen) {
  const inner = indentation + config.indent;
  function* parts() {
    for (const value of values) yield () => print(value, config, inner, depth, seen);
  }
  return joinParts(parts(), config, indentation);
}

/** @param {Iterable<[any, any]>} entries @param {Config} config @param {string} indentation @param {number} depth @param {any[]} seen @param {string} [between] */
function printEntries(entries, config, indentation, depth, seen, between = " => ") {
  const inner = indentation + config.indent;
  function* parts() {
    for (const [key, value] of entries) {
      yield () =>
        `${print(key, config, inner, depth, seen)}${between}${print(value, config, inner, depth, seen)}`;
    }
  }
  return joinParts(parts(), config, indentation);
}

/** @param {import("./format_immutable.js").ImmutableParts} parts @param {Config} config @param {string} indentation @param {number} depth @param {any[]} seen */
function printImmutable({ name, entries, values, lazy }, config, indentation, depth, seen) {
  if (++depth > config.maxDepth) return `[${name}]`;
  if (entries !== undefined) {
    return `${name} {${lazy ? "…" : printEntries(entries, config, indentation, depth, seen, ": ")}}`;
  }
  return `${name} [${lazy ? "…" : printValues(values ?? [], config, indentation, depth, seen)}]`;
}

/** @param {any} object @param {Config} config @param {string} indentation @param {number} depth @param {any[]} seen */
function printProperties(object, config, indentation, depth, seen) {
  const names = Object.keys(object);
  /** @type {PropertyKey[]} */
  const keys = config.compareKeys === null ? names : names.sort(config.compareKeys);
  for (const symbol of Object.getOwnPropertySymbols(object)) {
    if (Object.getOwnPropertyDescriptor(object, symbol)?.enumerable) keys.push(symbol);
  }
  const inner = indentation + config.indent;
  const unlimited = { ...config, maxWidth: Infinity };
  const parts = keys.map((key) => () =>
    `${print(key, config, inner, depth, seen)}: ${print(object[key], config, inner, depth, seen)}`
  );
  return joinParts(parts, unlimited, indentation);
}

/** @param {any} matcher @param {Config} config @param {string} indentation @param {number} depth @param {any[]} seen @returns {string} */
function printAsymmetric(matcher, config, indentation, depth, seen) {
  const name = matcher.toString();
  switch (name) {
    case "ArrayContaining":
    case "ArrayNotContaining":
      if (++depth > config.maxDepth) return `[${name}]`;
      return `${name} [${printItems(matcher.sample, config, indentation, depth, seen)}]`;
    case "ObjectContaining":
    case "ObjectNotContaining":
      if (++depth > config.maxDepth) return `[${name}]`;
      return `${name} {${printProperties(matcher.sample, config, indentation, depth, seen)}}`;
    case "ArrayOf":
    case "NotArrayOf":
      if (++depth > config.maxDepth) return `[${name}]`;
      return `${name} ${print(matcher.sample, config, indentation, depth, seen)}`;
    case "StringMatching":
    case "StringNotMatching":
    case "StringContaining":
    case "StringNotContaining":
      return `${name} ${print(matcher.sample, config, indentation, depth, seen)}`;
  }
  if (typeof matcher.toAsymmetricMatcher !== "function") {
    throw new TypeError(
      `Asymmetric matcher ${matcher.constructor.name} does not implement toAsymmetricMatcher()`,
    );
  }
  return matcher.toAsymmetricMatcher();
}
