// What `node:fs` functions take: paths, flags, modes, encodings, buffers.
// @ts-check

import { getBuiltin } from "../../../guest/engine.js";
import { codedError, invalidType, invalidValue, outOfRange } from "./errors.js";

export const constants = Object.freeze({
  __proto__: null,
  UV_FS_SYMLINK_DIR: 1,
  UV_FS_SYMLINK_JUNCTION: 2,
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  UV_DIRENT_UNKNOWN: 0,
  UV_DIRENT_FILE: 1,
  UV_DIRENT_DIR: 2,
  UV_DIRENT_LINK: 3,
  UV_DIRENT_FIFO: 4,
  UV_DIRENT_SOCKET: 5,
  UV_DIRENT_CHAR: 6,
  UV_DIRENT_BLOCK: 7,
  S_IFMT: 0o170000,
  S_IFREG: 0o100000,
  S_IFDIR: 0o040000,
  S_IFCHR: 0o020000,
  S_IFBLK: 0o060000,
  S_IFIFO: 0o010000,
  S_IFLNK: 0o120000,
  S_IFSOCK: 0o140000,
  O_CREAT: 0o100,
  O_EXCL: 0o200,
  UV_FS_O_FILEMAP: 0,
  O_NOCTTY: 0o400,
  O_TRUNC: 0o1000,
  O_APPEND: 0o2000,
  O_DIRECTORY: 0o200000,
  O_NOATIME: 0o1000000,
  O_NOFOLLOW: 0o400000,
  O_SYNC: 0o4010000,
  O_DSYNC: 0o10000,
  O_DIRECT: 0o40000,
  O_NONBLOCK: 0o4000,
  S_IRWXU: 0o700,
  S_IRUSR: 0o400,
  S_IWUSR: 0o200,
  S_IXUSR: 0o100,
  S_IRWXG: 0o70,
  S_IRGRP: 0o40,
  S_IWGRP: 0o20,
  S_IXGRP: 0o10,
  S_IRWXO: 0o7,
  S_IROTH: 0o4,
  S_IWOTH: 0o2,
  S_IXOTH: 0o1,
  F_OK: 0,
  R_OK: 4,
  W_OK: 2,
  X_OK: 1,
  UV_FS_COPYFILE_EXCL: 1,
  COPYFILE_EXCL: 1,
  UV_FS_COPYFILE_FICLONE: 2,
  COPYFILE_FICLONE: 2,
  UV_FS_COPYFILE_FICLONE_FORCE: 4,
  COPYFILE_FICLONE_FORCE: 4,
});

/** The engine's Buffer. @returns {any} */
export const BufferClass = () => getBuiltin("node:buffer").Buffer;

/** A view of the same bytes. @param {Uint8Array} bytes */
export const asBuffer = (bytes) => BufferClass().from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * A path argument as text: a string, a Buffer or a `file:` URL.
 * @param {any} path @param {string} [name] @returns {string}
 */
export function pathText(path, name = "path") {
  /** @type {string} */
  let text;
  if (typeof path === "string") text = path;
  else if (path instanceof Uint8Array) text = asBuffer(path).toString("utf8");
  else if (path instanceof URL) text = urlPath(path);
  else throw invalidType(name, "of type string or an instance of Buffer or URL", path);
  if (text.includes("\0")) {
    throw invalidValue(name, text, "must be a string, Uint8Array, or URL without null bytes");
  }
  return text;
}

/** @param {URL} url */
function urlPath(url) {
  if (url.protocol !== "file:") {
    throw codedError(TypeError, "ERR_INVALID_URL_SCHEME", "The URL must be of scheme file");
  }
  if (url.hostname !== "") {
    const message = 'File URL host must be "localhost" or empty on linux';
    throw codedError(TypeError, "ERR_INVALID_FILE_URL_HOST", message);
  }
  if (/%2f/i.test(url.pathname)) {
    const message = "File URL path must not include encoded / characters";
    throw codedError(TypeError, "ERR_INVALID_FILE_URL_PATH", message);
  }
  return decodeURIComponent(url.pathname);
}

/** @typedef {{read: boolean, write: boolean, append: boolean, create: boolean, exclusive: boolean, truncate: boolean}} OpenFlags */

/** @type {Record<string, number>} */
const FLAGS = Object.assign(Object.create(null), {
  r: 0,
  rs: 0o4010000,
  sr: 0o4010000,
  "r+": 2,
  "rs+": 2,
  "sr+": 2,
  w: 0o1101,
  wx: 0o1301,
  xw: 0o1301,
  "w+": 0o1102,
  "wx+": 0o1302,
  "xw+": 0o1302,
  a: 0o2101,
  ax: 0o2301,
  xa: 0o2301,
  as: 0o2101,
  sa: 0o2101,
  "a+": 0o2102,
  "ax+": 0o2302,
  "xa+": 0o2302,
  "as+": 0o2102,
  "sa+": 0o2102,
});

/** The flags of open(2) by name or number. @param {any} flags @param {string} [fallback] @returns {OpenFlags} */
export function openFlags(flags, fallback = "r") {
  const wanted = flags ?? fallback;
  const bits = typeof wanted === "number" ? wanted : FLAGS[wanted];
  if (bits === undefined || !Number.isInteger(bits)) throw invalidValue("flags", wanted);
  const access = bits & 3;
  return {
    read: access === 0 || access === 2,
    write: access === 1 || access === 2,
    append: (bits & constants.O_APPEND) !== 0,
    create: (bits & constants.O_CREAT) !== 0,
    exclusive: (bits & constants.O_EXCL) !== 0,
    truncate: (bits & constants.O_TRUNC) !== 0,
  };
}

/** Permission bits, as a number or octal text. @param {any} mode @param {number} fallback */
export function fileMode(mode, fallback) {
  if (mode === undefined || mode === null) return fallback;
  if (typeof mode === "string" && !/^[0-7]+$/.test(mode)) {
    throw invalidValue("mode", mode, "must be a 32-bit unsigned integer or an octal string");
  }
  const bits = typeof mode === "string" ? parseInt(mode, 8) : mode;
  if (typeof bits !== "number") throw invalidType("mode", "of type number", mode);
  if (!Number.isInteger(bits) || bits < 0) throw outOfRange("mode", "an integer >= 0", mode);
  return bits & 0o777;
}

/** An options argument that may be just an encoding. @param {any} options @returns {any} */
export function withEncoding(options) {
  const given = typeof options === "string" ? { encoding: options } : options ?? {};
  if (typeof given !== "object") throw invalidType("options", "one of type string or Object", options);
  const { encoding } = given;
  if (
    encoding !== undefined && encoding !== null && encoding !== "buffer" &&
    !BufferClass().isEncoding(encoding)
  ) {
    throw invalidValue("encoding", encoding, "is invalid encoding");
  }
  return given;
}

/** Bytes in the encoding that was asked for: a Buffer without one. @param {Uint8Array} bytes @param {any} encoding */
export function decodeBytes(bytes, encoding) {
  const buffer = asBuffer(bytes);
  return encoding && encoding !== "buffer" ? buffer.toString(encoding) : buffer;
}

/** A name in the encoding that was asked for: text without one. @param {string} name @param {any} encoding */
export const encodeName = (name, encoding) =>
  encoding && encoding !== "utf8" && encoding !== "utf-8"
    ? decodeBytes(BufferClass().from(name), encoding)
    : name;

/** The bytes of a string, Buffer, typed array or DataView, not copied. @param {any} data @param {any} encoding @returns {Uint8Array} */
export function dataBytes(data, encoding) {
  if (typeof data === "string") return BufferClass().from(data, encoding ?? "utf8");
  return viewBytes(data, "data", "of type string or an instance of Buffer, TypedArray, or DataView");
}

/** The bytes of a view, not copied. @param {any} view @param {string} [name] @param {string} [expected] */
export function viewBytes(
  view,
  name = "buffer",
  expected = "an instance of Buffer, TypedArray, or DataView",
) {
  if (!ArrayBuffer.isView(view)) throw invalidType(name, expected, view);
  return new Uint8Array(/** @type {any} */ (view.buffer), view.byteOffset, view.byteLength);
}

/** A place in a file; null means: where the last read or write ended. @param {any} position @returns {number | null} */
export function filePosition(position) {
  if (position === undefined || position === null || position === -1 || position === -1n) return null;
  if (typeof position !== "number" && typeof position !== "bigint") {
    throw invalidType("position", "of type bigint or integer", position);
  }
  const number = Number(position);
  if (!Number.isSafeInteger(number) || number < 0) {
    throw outOfRange("position", ">= 0 && <= 2 ** 53 - 1", position);
  }
  return number;
}

/** @param {any} value @param {string} name @param {number} [least] @param {number} [most] @returns {number} */
export function integer(value, name, least = 0, most = Number.MAX_SAFE_INTEGER) {
  if (typeof value !== "number") throw invalidType(name, "of type number", value);
  if (!Number.isInteger(value)) throw outOfRange(name, "an integer", value);
  if (value < least || value > most) throw outOfRange(name, `>= ${least} && <= ${most}`, value);
  return value;
}

/** A time as milliseconds: a Date, seconds, or text with seconds. @param {any} time */
export function timeMs(time) {
  if (time instanceof Date) return time.getTime();
  const seconds = Number(time);
  if (!Number.isFinite(seconds)) throw invalidType("time", "an instance of Date or of type number", time);
  return seconds * 1000;
}

/** @param {AbortSignal | undefined} signal */
export function throwIfAborted(signal) {
  if (!signal?.aborted) return;
  const error = codedError(Error, "ABORT_ERR", "The operation was aborted");
  error.name = "AbortError";
  error.cause = signal.reason;
  throw error;
}
