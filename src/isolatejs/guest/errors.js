// Errors between guest and host, and the stacks that programs and hosts see: the user's files and lines, no
// frame of the kernel or the engine.
// @ts-check

import {
  DOMException,
  ObjectDefineProperty,
  ObjectHasOwn,
  ObjectKeys,
  push,
  RegExpPrototypeExec,
  SafeMap,
  SafeWeakMap,
  StringPrototypeEndsWith,
  StringPrototypeIndexOf,
  StringPrototypeSlice,
  StringPrototypeSplit,
  StringPrototypeStartsWith,
} from "./primordials.js";
import { makeError, putField } from "../wire/decoding.js";

const CAUSE_DEPTH_LIMIT = 8;
const QUICK_PROGRAMS_LIMIT = 64;
const TEXT_LIMIT = 64 * 1024;
const IMAGE_URL = new URL("../", import.meta.url).href;
const IMAGE_PATH = new URL("../", import.meta.url).pathname;

/** @typedef {{file: string, line: number, column: number}} Position */
/**
 * Maps V8's positions to the user's. The linker brings the real one.
 * @type {{map: (file: string, line: number, column: number) => Position, sourceLine: (file: string, line: number) => string | undefined}}
 */
let positions = {
  map: (file, line, column) => ({ file, line, column }),
  sourceLine: () => undefined,
};
/** @param {typeof positions} source */
export function usePositions(source) {
  positions = source;
}

/** Text of the latest programs that ran without the linker, by name. @type {Map<string, string>} */
const quickPrograms = new SafeMap();
/** Remember a program's text for its errors; null forgets it. @param {string} file @param {string | null} source */
export function rememberProgram(file, source) {
  quickPrograms.delete(file);
  if (source === null) return;
  if (quickPrograms.size >= QUICK_PROGRAMS_LIMIT) {
    quickPrograms.delete(quickPrograms.keys().next().value ?? "");
  }
  quickPrograms.set(file, source);
}

/** @param {string} file @param {number} line */
function sourceLine(file, line) {
  const source = quickPrograms.get(file);
  if (source === undefined) return positions.sourceLine(file, line);
  return StringPrototypeSplit(source, "\n", line)[line - 1];
}

/** The user's frames of an error, nearest first. @type {WeakMap<object, Position[]>} */
const framesOf = new SafeWeakMap();

/** @param {string | null | undefined} file */
function isForeign(file) {
  return !file || StringPrototypeStartsWith(file, "ext:") || StringPrototypeStartsWith(file, "node:") ||
    StringPrototypeStartsWith(file, IMAGE_URL) || StringPrototypeStartsWith(file, IMAGE_PATH);
}

/** `Name: message` as V8 writes it. @param {any} error */
function headline(error) {
  try {
    const name = error.name === undefined ? "Error" : `${error.name}`;
    const message = error.message === undefined ? "" : `${error.message}`;
    return message === "" ? name : name === "" ? message : `${name}: ${message}`;
  } catch {
    return "Error";
  }
}

/** V8 calls this when a stack is first read. @param {any} error @param {any[]} sites */
function prepareStackTrace(error, sites) {
  let text = headline(error);
  /** @type {Position[]} */
  const frames = [];
  for (let i = 0; i < sites.length; i++) {
    const site = sites[i];
    const file = site.getFileName() ?? site.getScriptNameOrSourceURL();
    if (isForeign(file)) continue;
    const at = positions.map(file, site.getLineNumber() ?? 1, site.getColumnNumber() ?? 1);
    push(frames, at);
    const name = functionName(site);
    const place = `${at.file}:${at.line}:${at.column}`;
    text += name === "" ? `\n    at ${place}` : `\n    at ${name} (${place})`;
  }
  framesOf.set(error, frames);
  return text;
}

/** @param {any} site */
function functionName(site) {
  const name = site.getFunctionName();
  const prefix = site.isAsync() ? "async " : "";
  if (site.isPromiseAll?.()) return `async Promise.all (index ${site.getPromiseIndex()})`;
  if (name === null || name === "" || (name === "eval" && site.isEval())) {
    return prefix === "" ? "" : "async <anonymous>";
  }
  if (site.isConstructor()) return `new ${name}`;
  const type = site.isToplevel() ? null : site.getTypeName();
  const method = site.getMethodName();
  const owner = type === null || type === "Object" || StringPrototypeStartsWith(name, `${type}.`)
    ? ""
    : `${type}.`;
  const alias = method && !StringPrototypeEndsWith(name, method) ? ` [as ${method}]` : "";
  return `${prefix}${owner}${name}${alias}`;
}

/** Let every stack from now on be the user's. */
export function installStackTraces() {
  ObjectDefineProperty(Error, "prepareStackTrace", {
    value: prepareStackTrace,
    writable: true,
    enumerable: false,
    configurable: true,
  });
  /** @type {any} */ (Error).stackTraceLimit = 30;
}

/**
 * The wire form of whatever was thrown.
 * @param {any} error @param {(value: any) => any} [encode] wire form of a value, or throws @param {number} [depth]
 * @returns {any}
 */
export function describeError(error, encode, depth = 0) {
  try {
    return describe(error, encode, depth);
  } catch {
    // A getter of the error threw, or it is a hostile proxy.
    return { name: "Error", message: "an error that cannot be read" };
  }
}

/** @param {any} error @param {((value: any) => any) | undefined} encode @param {number} depth */
function describe(error, encode, depth) {
  const isError = error instanceof Error || error instanceof DOMException;
  if (!isError) {
    /** @type {any} */
    const thrown = { name: "Error", message: cut(printable(error)), value: tryEncode(error, encode) };
    return thrown;
  }
  const stack = readStack(error);
  const message = cut(`${error.message}${hintFor(error)}`);
  /** @type {any} */
  const described = { name: cut(`${error.name}`), message, stack: cut(stackOnly(stack, error)) };
  if (error instanceof DOMException) described.dom = true;
  const at = framesOf.get(error)?.[0];
  const place = ownPlace(error) ?? at;
  if (place !== undefined) {
    described.filename = place.file;
    described.line = place.line;
    described.column = place.column;
    const text = place.sourceLine ?? sourceLine(place.file, place.line);
    if (text !== undefined) described.sourceLine = StringPrototypeSlice(text, 0, 500);
  }
  if (ObjectHasOwn(error, "cause") && error.cause !== undefined && depth < CAUSE_DEPTH_LIMIT) {
    if (error.cause instanceof Error || error.cause instanceof DOMException) {
      described.cause = describeError(error.cause, encode, depth + 1);
    } else {
      described.causeValue = tryEncode(error.cause, encode);
    }
  }
  const fields = ownFields(error, encode);
  if (fields !== undefined) described.fields = fields;
  return described;
}

const COMMONJS_NAME = /^(?:require|module|exports|__filename|__dirname) is not defined$/;

/** What to do about an error that people make who write for CommonJS. @param {any} error */
function hintFor(error) {
  if (!(error instanceof ReferenceError) || RegExpPrototypeExec(COMMONJS_NAME, error.message) === null) {
    return "";
  }
  return ": programs are modules (use import), and CommonJS when their name ends in .cjs";
}

/** The stack of an error, also when a program's own `Error.prepareStackTrace` fails. @param {any} error */
function readStack(error) {
  try {
    return `${error.stack ?? ""}`;
  } catch {
    return headline(error);
  }
}

/** Where a syntax or link error says it is; the linker notes it there. @type {WeakMap<object, any>} */
const places = new SafeWeakMap();
/**
 * Say where an error belongs that has no frame of its own.
 * @param {object} error @param {Position & {sourceLine?: string}} place
 */
export function placeError(error, place) {
  places.set(error, place);
}
/** @param {object} error */
const ownPlace = (error) => places.get(error);

/** @param {any} error @param {((value: any) => any) | undefined} encode */
function ownFields(error, encode) {
  if (encode === undefined) return undefined;
  /** @type {any} */
  const fields = {};
  let some = false;
  const keys = ObjectKeys(error);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    if (key === "cause" || key === "stack" || key === "message" || key === "name") continue;
    const value = error[key];
    if (typeof value === "function" || typeof value === "symbol" || value === undefined) continue;
    if (typeof value === "object" && value !== null && tryEncode(value, encode) === undefined) continue;
    fields[key] = value;
    some = true;
  }
  if (error instanceof AggregateError && ObjectHasOwn(error, "errors")) {
    if (tryEncode(error.errors, encode) !== undefined) {
      fields.errors = error.errors;
      some = true;
    }
  }
  return some ? tryEncode(fields, encode) : undefined;
}

/** @param {any} value @param {((value: any) => any) | undefined} encode */
function tryEncode(value, encode) {
  try {
    return encode?.(value);
  } catch {
    return undefined; // it cannot cross; the message says what it was
  }
}

/** @param {any} value */
function printable(value) {
  return typeof value === "string" ? value : typeof value === "symbol" ? "a symbol" : `${value}`;
}

/** @param {string} text */
const cut = (text) => text.length > TEXT_LIMIT ? `${StringPrototypeSlice(text, 0, TEXT_LIMIT)}…` : text;

/** The frames of a stack, without its headline. @param {string} stack @param {any} error */
function stackOnly(stack, error) {
  const head = headline(error);
  if (StringPrototypeStartsWith(stack, head)) return stack;
  const first = StringPrototypeIndexOf(stack, "\n    at ");
  return first < 0 ? stack : `${head}${StringPrototypeSlice(stack, first)}`;
}

/**
 * An error from its wire form.
 * @param {any} encoded @param {((encoded: any) => any) | undefined} decode
 */
export function reviveError(encoded, decode) {
  if (encoded.value !== undefined && decode !== undefined) return decode(encoded.value);
  const error = makeError(encoded.name ?? "Error", encoded.message ?? "", encoded.dom === true);
  if (encoded.guest && encoded.stack) {
    define(error, "stack", encoded.stack);
    ownStacks.set(error, true);
  }
  if (encoded.code !== undefined && encoded.code !== null) {
    ObjectDefineProperty(error, "code", {
      value: encoded.code,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  if (encoded.cause) define(error, "cause", reviveError(encoded.cause, decode));
  if (encoded.fields && decode !== undefined) {
    const fields = decode(encoded.fields);
    const keys = ObjectKeys(fields);
    for (let i = 0; i < keys.length; i++) {
      putField(error, keys[i], fields[keys[i]]);
    }
  }
  return error;
}

/** Errors that came with a stack of their own, from another program. @type {WeakMap<object, true>} */
const ownStacks = new SafeWeakMap();

/**
 * Give an error of the host the stack of the program that waited for it. Call it in an async function that the
 * program awaits: V8 finds the awaiting frames.
 * @template T @param {T} error @returns {T}
 */
export function retrace(error) {
  if (error instanceof Error && ownStacks.get(error) === undefined) captureStackTrace(error, retrace);
  return error;
}
const { captureStackTrace } = Error;

/** @param {any} target @param {string} key @param {any} value */
function define(target, key, value) {
  ObjectDefineProperty(target, key, { value, writable: true, enumerable: false, configurable: true });
}
