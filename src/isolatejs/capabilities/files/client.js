// The guest's way to the host's files: virtual paths, calls, and errors as programs know them.
// @ts-check

import {
  DOMException,
  encodeText,
  getArrayBufferByteLength,
  getTypedArrayBuffer,
  getTypedArrayByteLength,
  join,
  ObjectDefineProperty,
  pop,
  push,
  StringPrototypeIndexOf,
  StringPrototypeIsWellFormed,
  StringPrototypeSlice,
  StringPrototypeSplit,
  StringPrototypeStartsWith,
  uncurryThis,
} from "../../guest/primordials.js";

/** Content travels in pieces of this size: large enough for full speed, small enough to hold a few at once. */
export const PIECE_BYTES = 512 * 1024;
/** Pieces of one file that are on their way at once. */
export const PIECES_AHEAD = 4;

/**
 * State of an entry, as the host answers it.
 * @typedef {object} Stat
 * @property {string} kind @property {number} size @property {number} mtimeMs @property {number} atimeMs
 * @property {number} ctimeMs @property {number} birthtimeMs @property {number} mode @property {number} inode
 * @property {number} links @property {number} blocks @property {string} version
 */
/** @typedef {{value: any, attachments: Uint8Array[]}} Answer */

/**
 * An absolute path without `.`, `..` and empty parts; `..` at the root stays there.
 * @param {string} path @param {string} base
 */
export function resolvePath(path, base) {
  const parts = StringPrototypeSplit(StringPrototypeStartsWith(path, "/") ? path : `${base}/${path}`, "/");
  /** @type {string[]} */
  const kept = [];
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i];
    if (part === "" || part === ".") continue;
    if (part === "..") pop(kept);
    else push(kept, part);
  }
  return `/${join(kept, "/")}`;
}

/** @param {string} directory @param {string} name */
export const childPath = (directory, name) => directory === "/" ? `/${name}` : `${directory}/${name}`;

/** The last part of a path, empty for the root. @param {string} path */
export function baseName(path) {
  const parts = StringPrototypeSplit(path, "/");
  return parts[parts.length - 1];
}

/** Whether `path` is `directory` or below it. @param {string} path @param {string} directory */
export const isWithin = (path, directory) =>
  directory === "/" || path === directory || StringPrototypeStartsWith(path, `${directory}/`);

export class FilesClient {
  #channel;
  /** @type {{path: string, writable: boolean}[]} */
  #mounts = [];
  cwd = "/";

  /**
   * @param {import("../../channel/channel.js").Channel} channel
   * @param {{cwd: string, mounts: {path: string, writable: boolean}[]}} grant
   */
  constructor(channel, grant) {
    this.#channel = channel;
    this.become(grant);
  }

  /** Take on these mounts and this working directory. @param {{cwd: string, mounts: {path: string, writable: boolean}[]}} grant */
  become(grant) {
    this.#mounts = grant.mounts;
    this.cwd = resolvePath(grant.cwd, "/");
  }

  /**
   * The absolute path that a program means. An empty one stays empty: it names nothing, and the host says so.
   * @param {string} path
   */
  resolve(path) {
    return path === "" ? "" : resolvePath(path, this.cwd);
  }

  /** Whether the grant lets this path change. The host decides; this is to answer without asking. @param {string} path */
  isWritable(path) {
    let best = "";
    let writable = false;
    for (let i = 0; i < this.#mounts.length; i++) {
      const mount = this.#mounts[i];
      if (mount.path.length >= best.length && isWithin(path, mount.path)) {
        best = mount.path;
        writable = mount.writable;
      }
    }
    return writable;
  }

  /**
   * One call; rejects with the host's error, which has `name`, `code` and `message`.
   * @param {string} name @param {any} payload @param {Uint8Array[]} [attachments] @returns {Promise<Answer>}
   */
  call(name, payload, attachments) {
    return this.#channel.call(
      name,
      payload,
      attachments === undefined ? undefined : { attachments },
    );
  }

  /**
   * The same, blocking.
   * @param {string} name @param {any} payload @param {Uint8Array[]} [attachments] @returns {Answer}
   */
  callSync(name, payload, attachments) {
    return this.#channel.callSync(
      name,
      payload,
      attachments === undefined ? undefined : { attachments },
    );
  }
}

/** Whether an error came from the host's files. @param {any} error */
export const isFileError = (error) => typeof error?.code === "string" && typeof error.message === "string";

/** The host's `CODE: text` without the code. @param {any} error */
export function errorText(error) {
  const at = StringPrototypeIndexOf(error.message, ": ");
  return at < 0 ? error.message : StringPrototypeSlice(error.message, at + 2);
}

/**
 * What the File System standard rejects with for this error of the host; other errors stay as they are.
 * @param {any} error @param {string} path @param {string} [name] DOMException name to use instead
 */
export function domError(error, path, name) {
  if (!isFileError(error)) return error;
  const kind = name ?? error.name;
  const message = `${errorText(error)}: ${path}`;
  if (kind === "TypeError") return new TypeError(message);
  return new DOMException(message, kind);
}

/** A USVString. @param {any} value */
export function toUSVString(value) {
  const text = `${value}`;
  return StringPrototypeIsWellFormed(text) ? text : text.toWellFormed();
}

/**
 * The interfaces of web standards: enumerable methods and a tag.
 * @param {any} Interface @param {string} name
 */
export function configureInterface(Interface, name) {
  for (const key of Object.getOwnPropertyNames(Interface.prototype)) {
    if (key !== "constructor") ObjectDefineProperty(Interface.prototype, key, { enumerable: true });
  }
  ObjectDefineProperty(Interface.prototype, Symbol.toStringTag, { value: name, configurable: true });
}

/** @param {string} text */
export const utf8 = (text) => encodeText(text);

/**
 * The bytes cut into attachments of a call each.
 * @param {Uint8Array} bytes @returns {Uint8Array[]}
 */
export function piecesOf(bytes) {
  const size = getTypedArrayByteLength(bytes);
  /** @type {Uint8Array[]} */
  const pieces = [];
  for (let at = 0; at < size; at += PIECE_BYTES) push(pieces, bytes.subarray(at, at + PIECE_BYTES));
  return pieces;
}

/**
 * Gives the memory of a piece back now that it was copied: buffers are collected late, and a few large files
 * would reach the memory limit before that.
 * @param {Uint8Array} piece
 */
export function release(piece) {
  const buffer = getTypedArrayBuffer(piece);
  if (getArrayBufferByteLength(buffer) === getTypedArrayByteLength(piece)) transfer(buffer, 0);
}

const transfer = uncurryThis(ArrayBuffer.prototype.transfer);

/** @param {string} name */
export const isValidName = (name) =>
  name !== "" && name !== "." && name !== ".." && StringPrototypeIndexOf(name, "/") < 0 &&
  StringPrototypeIndexOf(name, "\0") < 0;
