// Puts `node:fs` and `node:fs/promises` together from the operations.
// @ts-check

import { BufferClass, constants, pathText, withEncoding } from "./arguments.js";
import { descriptorOperations } from "./descriptors.js";
import { codedError } from "./errors.js";
import { isIterableOfData, makeFileHandleClass, writeAll } from "./file_handle.js";
import { requireCallback, run, runSync, runWithCallback, takeCallback } from "./forms.js";
import { pathOperations, SYSCALL } from "./paths.js";
import { BigIntStats, Dirent, Stats } from "./stats.js";
import { makeStreamClasses } from "./streams.js";
import { openLazyFile } from "../lazy_file.js";
import { baseName, domError } from "../client.js";

/** @typedef {import("../client.js").FilesClient} FilesClient */
/** @typedef {(...args: any[]) => import("./forms.js").Operation} OperationMaker */

/** Operations that Node has in all three forms, by name. */
const PATH_FORMS = [
  "access",
  "chmod",
  "chown",
  "copyFile",
  "cp",
  "lchown",
  "link",
  "lstat",
  "lutimes",
  "mkdir",
  "mkdtemp",
  "readdir",
  "readlink",
  "realpath",
  "rename",
  "rm",
  "rmdir",
  "stat",
  "symlink",
  "truncate",
  "unlink",
  "utimes",
  "appendFile",
  "readFile",
  "writeFile",
];
/** Those on descriptors: not in `node:fs/promises`, whose FileHandle has them. */
const DESCRIPTOR_FORMS = ["fchmod", "fchown", "fdatasync", "fstat", "fsync", "ftruncate", "futimes"];
/** What needs more than a sandbox has. */
const UNAVAILABLE = ["watch", "watchFile", "unwatchFile", "statfs", "lchmod", "glob"];

/** @param {FilesClient} client @returns {any} */
export function createNodeFs(client) {
  const paths = pathOperations(client);
  const descriptors = descriptorOperations(paths);
  /** @type {Record<string, OperationMaker>} */
  const operations = /** @type {any} */ ({ ...paths, ...descriptors });

  /** @type {any} */
  const fs = { constants, Stats, BigIntStats, Dirent };
  /** Promise forms; those on descriptors serve FileHandle only. @type {any} */
  const inner = {};
  /** @type {any} */
  const promises = { constants };
  for (const name of ["F_OK", "R_OK", "W_OK", "X_OK"]) fs[name] = /** @type {any} */ (constants)[name];

  for (const name of [...PATH_FORMS, ...DESCRIPTOR_FORMS]) {
    const make = operations[name];
    define(fs, name, (/** @type {any[]} */ ...args) => {
      const callback = takeCallback(args);
      requireCallback(callback);
      runWithCallback(client, make(...args), callback);
    });
    define(fs, `${name}Sync`, (/** @type {any[]} */ ...args) => runSync(client, make(...args)));
    define(inner, name, async (/** @type {any[]} */ ...args) => await run(client, make(...args)));
  }
  for (const name of PATH_FORMS) promises[name] = inner[name];
  for (const name of ["open", "close", "read", "write", "readv", "writev"]) {
    const make = operations[name];
    define(fs, `${name}Sync`, (/** @type {any[]} */ ...args) => runSync(client, make(...args)));
    define(inner, name, async (/** @type {any[]} */ ...args) => await run(client, make(...args)));
  }
  addCallbackForms(fs, client, operations);
  addExists(fs, client, operations);
  addPromisified(fs);
  addDirectories(fs, promises, inner);
  addPromiseForms(fs, promises, inner, client);
  addStreams(fs);
  for (const name of UNAVAILABLE) {
    const refuse = () => {
      const message = `${name}() is not available: a sandbox can read and change files, and not more`;
      throw codedError(Error, "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", message);
    };
    define(fs, name, refuse);
    if (name === "statfs" || name === "glob") define(fs, `${name}Sync`, refuse);
    if (name !== "watchFile" && name !== "unwatchFile") define(promises, name, refuse);
  }
  fs.realpath.native = fs.realpath;
  fs.realpathSync.native = fs.realpathSync;
  fs.promises = promises;
  return fs;
}

/** @param {any} target @param {string} name @param {any} value */
function define(target, name, value) {
  Object.defineProperty(value, "name", { value: name, configurable: true });
  target[name] = value;
}

/** The callbacks of reads and writes get the buffer too; `open` has optional arguments. @param {any} fs @param {FilesClient} client @param {Record<string, OperationMaker>} operations */
function addCallbackForms(fs, client, operations) {
  define(fs, "open", (/** @type {any} */ path, /** @type {any[]} */ ...rest) => {
    const callback = takeCallback(rest);
    runWithCallback(client, operations.open(path, rest[0], rest[1]), callback);
  });
  define(fs, "close", (/** @type {any} */ fd, /** @type {any} */ callback = (/** @type {any} */ error) => {
    if (error) throw error;
  }) => runWithCallback(client, operations.close(fd), callback));
  define(fs, "read", (/** @type {any} */ fd, /** @type {any[]} */ ...rest) => {
    const callback = takeCallback(rest);
    let [buffer, offset, length, position] = rest;
    if (rest.length <= 1 && !ArrayBuffer.isView(buffer)) {
      ({ buffer, offset, length, position } = buffer ?? {});
    } else if (offset !== null && typeof offset === "object") ({ offset, length, position } = offset);
    buffer ??= BufferClass().alloc(16 * 1024);
    const operation = operations.read(fd, buffer, offset, length, position);
    runWithCallback(client, operation, callback, (count) => [count, buffer]);
  });
  define(fs, "write", (/** @type {any} */ fd, /** @type {any} */ data, /** @type {any[]} */ ...rest) => {
    const callback = takeCallback(rest);
    let [offset, length, position] = rest;
    if (offset !== null && typeof offset === "object") ({ offset, length, position } = offset);
    const operation = operations.write(fd, data, offset, length, position);
    runWithCallback(client, operation, callback, (count) => [count, data]);
  });
  for (const name of ["readv", "writev"]) {
    define(fs, name, (/** @type {any} */ fd, /** @type {any} */ buffers, /** @type {any[]} */ ...rest) => {
      const callback = takeCallback(rest);
      const operation = operations[name](fd, buffers, rest[0]);
      runWithCallback(client, operation, callback, (count) => [count, buffers]);
    });
  }
  const { readSync, writeSync } = fs;
  define(
    fs,
    "readSync",
    (
      /** @type {any} */ fd,
      /** @type {any} */ buffer,
      /** @type {any} */ offset,
      /** @type {any} */ length,
      /** @type {any} */ position,
    ) => {
      if (offset !== null && typeof offset === "object") ({ offset, length, position } = offset);
      return readSync(fd, buffer, offset, length, position);
    },
  );
  define(
    fs,
    "writeSync",
    (
      /** @type {any} */ fd,
      /** @type {any} */ data,
      /** @type {any} */ offset,
      /** @type {any} */ length,
      /** @type {any} */ position,
    ) => {
      if (offset !== null && typeof offset === "object") ({ offset, length, position } = offset);
      return writeSync(fd, data, offset, length, position);
    },
  );
}

/**
 * What `util.promisify` makes of callbacks that get two values, or no error. Node documents these forms.
 * @param {any} fs
 */
function addPromisified(fs) {
  const custom = Symbol.for("nodejs.util.promisify.custom");
  /** @param {string} name @param {(...args: any[]) => Promise<any>} value */
  const promisified = (name, value) => {
    Object.defineProperty(value, "name", { value: name, configurable: true });
    Object.defineProperty(fs[name], custom, { value, configurable: true });
  };
  for (const [name, count, given] of PAIRS) {
    promisified(name, (...args) =>
      new Promise((resolve, reject) => {
        fs[name](...args, (/** @type {any} */ error, /** @type {any} */ number, /** @type {any} */ data) => {
          if (error) reject(error);
          else resolve({ [count]: number, [given]: data });
        });
      }));
  }
  promisified("exists", (path) => new Promise((resolve) => fs.exists(path, resolve)));
}

/** Names of what the callbacks of reads and writes get. */
const PAIRS = /** @type {const} */ ([
  ["read", "bytesRead", "buffer"],
  ["readv", "bytesRead", "buffers"],
  ["write", "bytesWritten", "buffer"],
  ["writev", "bytesWritten", "buffers"],
]);

/** @param {any} fs @param {FilesClient} client @param {Record<string, OperationMaker>} operations */
function addExists(fs, client, operations) {
  define(fs, "existsSync", (/** @type {any} */ path) => runSync(client, operations.exists(path)));
  define(fs, "exists", (/** @type {any} */ path, /** @type {any} */ callback) => {
    requireCallback(callback);
    runWithCallback(
      client,
      operations.exists(path),
      (/** @type {any} */ _, /** @type {boolean} */ found) => callback(found),
    );
  });
}

/** `opendir` and its Dir. @param {any} fs @param {any} promises @param {any} inner */
function addDirectories(fs, promises, inner) {
  class Dir {
    /** @type {Dirent[]} */ #entries;
    #next = 0;
    #closed = false;

    /** @param {string} path @param {Dirent[]} entries */
    constructor(path, entries) {
      this.path = path;
      this.#entries = entries;
    }

    #check() {
      if (this.#closed) throw codedError(Error, "ERR_DIR_CLOSED", "Directory handle was closed");
    }

    readSync() {
      this.#check();
      return this.#entries[this.#next++] ?? null;
    }

    /** @param {any} [callback] */
    read(callback) {
      if (callback === undefined) return (async () => this.readSync())();
      this.#check();
      const entry = this.readSync();
      queueMicrotask(() => callback(null, entry));
    }

    closeSync() {
      this.#check();
      this.#closed = true;
    }

    /** @param {any} [callback] */
    close(callback) {
      if (callback === undefined) return (async () => this.closeSync())();
      this.closeSync();
      queueMicrotask(() => callback(null));
    }

    async *entries() {
      try {
        for (let entry = this.readSync(); entry !== null; entry = this.readSync()) yield entry;
      } finally {
        this.#closed = true;
      }
    }

    [Symbol.asyncIterator]() {
      return this.entries();
    }

    async [Symbol.asyncDispose]() {
      this.#closed = true;
    }

    [Symbol.dispose]() {
      this.#closed = true;
    }
  }
  const listing = (/** @type {any} */ options) => ({
    ...withEncoding(options),
    withFileTypes: true,
    [SYSCALL]: "opendir",
  });
  fs.Dir = Dir;
  define(fs, "opendirSync", (/** @type {any} */ path, /** @type {any} */ options) => {
    return new Dir(pathText(path), fs.readdirSync(path, listing(options)));
  });
  define(fs, "opendir", (/** @type {any} */ path, /** @type {any[]} */ ...rest) => {
    const callback = takeCallback(rest);
    fs.readdir(path, listing(rest[0]), (/** @type {any} */ error, /** @type {any} */ entries) => {
      if (error) callback(error);
      else callback(null, new Dir(pathText(path), entries));
    });
  });
  define(promises, "opendir", async (/** @type {any} */ path, /** @type {any} */ options) => {
    return new Dir(pathText(path), await inner.readdir(path, listing(options)));
  });
}

/** Where `node:fs/promises` differs: FileHandles, and data that comes in pieces. @param {any} fs @param {any} promises @param {any} inner @param {FilesClient} client */
function addPromiseForms(fs, promises, inner, client) {
  /** @type {any} */
  let FileHandle;
  const handleClass = () => FileHandle ??= makeFileHandleClass(inner, fs);
  const isHandle = (/** @type {any} */ value) => FileHandle !== undefined && value instanceof FileHandle;

  define(
    promises,
    "open",
    async (/** @type {any} */ path, /** @type {any} */ flags, /** @type {any} */ mode) => {
      return new (handleClass())(await inner.open(path, flags, mode));
    },
  );
  define(promises, "readFile", async (/** @type {any} */ target, /** @type {any} */ options) => {
    return isHandle(target) ? await target.readFile(options) : await inner.readFile(target, options);
  });
  for (const [name, flag] of [["writeFile", "w"], ["appendFile", "a"]]) {
    define(
      promises,
      name,
      async (/** @type {any} */ target, /** @type {any} */ data, /** @type {any} */ options) => {
        if (isHandle(target)) return await target.writeFile(data, options);
        if (!isIterableOfData(data)) return await inner[name](target, data, options);
        const settings = withEncoding(options);
        const fd = await inner.open(target, settings.flag ?? flag, settings.mode);
        try {
          await writeAll(inner, fd, data, options);
        } finally {
          await inner.close(fd);
        }
      },
    );
  }
  define(fs, "openAsBlob", async (/** @type {any} */ path, /** @type {any} */ options) => {
    const text = pathText(path);
    const at = client.resolve(text);
    try {
      const file = await openLazyFile(client, at, baseName(at));
      return file.slice(0, file.size, options?.type ?? "");
    } catch (error) {
      throw domError(error, text);
    }
  });
}

/** Stream classes are made when first wanted: they bring in `node:stream`. @param {any} fs */
function addStreams(fs) {
  /** @type {any} */
  let classes;
  const made = () => classes ??= makeStreamClasses(fs);
  for (const name of ["ReadStream", "WriteStream"]) {
    Object.defineProperty(fs, name, { get: () => made()[name], enumerable: true, configurable: true });
  }
  define(
    fs,
    "createReadStream",
    (/** @type {any} */ path, /** @type {any} */ options) => new fs.ReadStream(path, options),
  );
  define(
    fs,
    "createWriteStream",
    (/** @type {any} */ path, /** @type {any} */ options) => new fs.WriteStream(path, options),
  );
}
