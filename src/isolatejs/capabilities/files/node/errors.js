// Errors in the shape that Node gives them: https://nodejs.org/api/errors.html
// @ts-check

import { errorText, isFileError } from "../client.js";

/** Numbers of Linux, as libuv negates them. @type {Record<string, number>} */
const NUMBERS = Object.assign(Object.create(null), {
  EPERM: 1,
  ENOENT: 2,
  EIO: 5,
  EBADF: 9,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  EXDEV: 18,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  EMFILE: 24,
  EFBIG: 27,
  ENOSPC: 28,
  EROFS: 30,
  ENAMETOOLONG: 36,
  ENOSYS: 38,
  ENOTEMPTY: 39,
  ELOOP: 40,
  EILSEQ: 84,
  ENOTSUP: 95,
  ESTALE: 116,
  EDQUOT: 122,
});

/** What an operation was doing, as its error tells it. @typedef {{syscall: string, path?: string, dest?: string}} Doing */

/**
 * A system error: `ENOENT: no such file or directory, open '/x'`.
 * @param {string} code @param {string} text @param {Doing} doing
 */
export function systemError(code, text, { syscall, path, dest }) {
  const place = path === undefined ? "" : ` '${path}'`;
  const target = dest === undefined ? "" : ` -> '${dest}'`;
  const error = /** @type {any} */ (new Error(`${code}: ${text}, ${syscall}${place}${target}`));
  error.errno = -(NUMBERS[code] ?? 5);
  error.code = code;
  error.syscall = syscall;
  if (path !== undefined) error.path = path;
  if (dest !== undefined) error.dest = dest;
  return error;
}

/** An error of the host as Node's; others stay as they are. @param {any} error @param {Doing} doing */
export const asSystemError = (error, doing) =>
  isFileError(error) ? systemError(error.code, errorText(error), doing) : error;

/** @param {new (message: string) => Error} Class @param {string} code @param {string} message */
export function codedError(Class, code, message) {
  const error = /** @type {any} */ (new Class(message));
  error.code = code;
  return error;
}

/** @param {any} value */
function received(value) {
  if (value === null || value === undefined) return `Received ${value}`;
  if (typeof value === "function") return `Received function ${value.name}`;
  if (typeof value === "object") return `Received an instance of ${value.constructor?.name ?? "Object"}`;
  return `Received type ${typeof value} (${typeof value === "string" ? `'${value}'` : String(value)})`;
}

/** @param {string} name @param {string} expected @param {any} value */
export const invalidType = (name, expected, value) =>
  codedError(
    TypeError,
    "ERR_INVALID_ARG_TYPE",
    `The "${name}" argument must be ${expected}. ${received(value)}`,
  );

/** @param {string} name @param {any} value @param {string} [reason] */
export function invalidValue(name, value, reason = "is invalid") {
  const shown = typeof value === "string" ? `'${value.replaceAll("\0", "\\x00")}'` : String(value);
  return codedError(
    TypeError,
    "ERR_INVALID_ARG_VALUE",
    `The argument '${name}' ${reason}. Received ${shown}`,
  );
}

/** @param {string} name @param {string} range @param {any} value */
export const outOfRange = (name, range, value) =>
  codedError(
    RangeError,
    "ERR_OUT_OF_RANGE",
    `The value of "${name}" is out of range. It must be ${range}. Received ${String(value)}`,
  );
