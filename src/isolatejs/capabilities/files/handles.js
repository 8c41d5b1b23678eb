// Handles of the File System standard (https://fs.spec.whatwg.org/).
// @ts-check

import { DOMException, StringPrototypeSlice, StringPrototypeSplit } from "../../guest/primordials.js";
import {
  baseName,
  childPath,
  configureInterface,
  domError,
  isFileError,
  isValidName,
  isWithin,
  toUSVString,
} from "./client.js";
import { openLazyFile } from "./lazy_file.js";
import { createWritable } from "./writable.js";
import { FileSystemSyncAccessHandle } from "./sync_access.js";

/** @typedef {import("./client.js").FilesClient} FilesClient */
/** @typedef {import("./locks.js").Locks} Locks */
/** @typedef {{client: FilesClient, locks: Locks}} Files */

/** What makes a handle: only this module has it. */
const KEY = Symbol("handle");

/**
 * For the errors of a directory that is gone, or of a file that is something else by now: the standard
 * does not tell such an entry from a missing one.
 * @param {any} error @param {string} path
 */
const entryError = (error, path) =>
  domError(error, path, error?.code === "ENOTDIR" || error?.code === "EISDIR" ? "NotFoundError" : undefined);

/** @param {string} method @param {any[]} args @param {number} count */
function requireArguments(method, args, count) {
  if (args.length < count) {
    throw new TypeError(`${method}: ${count} argument required, but only ${args.length} present`);
  }
}

/** A dictionary argument of an interface. @param {any} options @returns {any} */
function dictionary(options) {
  if (options === undefined || options === null) return {};
  if (typeof options !== "object" && typeof options !== "function") {
    throw new TypeError("options is not an object");
  }
  return options;
}

/** Where a handle points. @type {(handle: FileSystemHandle) => {path: string, files: Files}} */
let factsOf;
/** @type {(value: any) => value is FileSystemHandle} */
let isHandle;

export class FileSystemHandle {
  #files;
  #path;
  #kind;

  /** @param {symbol} key @param {Files} files @param {"file" | "directory"} kind @param {string} path */
  constructor(key, files, kind, path) {
    if (key !== KEY) throw new TypeError("Illegal constructor");
    this.#files = files;
    this.#kind = kind;
    this.#path = path;
  }

  get kind() {
    return this.#kind;
  }

  get name() {
    return baseName(this.#path);
  }

  /** @param {FileSystemHandle} other */
  async isSameEntry(other) {
    requireArguments("isSameEntry", /** @type {any} */ (arguments), 1);
    if (!isHandle(other)) throw new TypeError("isSameEntry: argument 1 is not a FileSystemHandle");
    return other.#kind === this.#kind && other.#path === this.#path && other.#files === this.#files;
  }

  /** @param {{mode?: string}} [descriptor] */
  async queryPermission(descriptor) {
    const mode = dictionary(descriptor).mode ?? "read";
    if (mode !== "read" && mode !== "readwrite") throw new TypeError(`'${mode}' is no permission mode`);
    return mode === "read" || this.#files.client.isWritable(this.#path) ? "granted" : "denied";
  }

  /** @param {{mode?: string}} [descriptor] */
  requestPermission(descriptor) {
    return this.queryPermission(descriptor);
  }

  static {
    factsOf = (handle) => ({ path: handle.#path, files: handle.#files });
    isHandle = (value) => typeof value === "object" && value !== null && #path in value;
  }
}
/** Throws what the standard calls a denied permission. @param {Files} files @param {string} path */
function requireWritable(files, path) {
  if (!files.client.isWritable(path)) {
    throw new DOMException(`write access is not granted: ${path}`, "NotAllowedError");
  }
}

export class FileSystemFileHandle extends FileSystemHandle {
  async getFile() {
    const { path, files } = factsOf(this);
    try {
      return await openLazyFile(files.client, path, this.name);
    } catch (error) {
      throw entryError(error, path);
    }
  }

  /** @param {{keepExistingData?: boolean, mode?: string}} [options] */
  async createWritable(options) {
    const { path, files } = factsOf(this);
    const { keepExistingData = false, mode = "siloed" } = dictionary(options);
    if (mode !== "siloed" && mode !== "exclusive") throw new TypeError(`'${mode}' is no writable mode`);
    requireWritable(files, path);
    const release = files.locks.take(path, mode === "exclusive" ? "exclusive" : "shared");
    try {
      return await createWritable(files.client, path, !!keepExistingData, release);
    } catch (error) {
      release();
      throw entryError(error, path);
    }
  }

  async createSyncAccessHandle() {
    const { path, files } = factsOf(this);
    requireWritable(files, path);
    const release = files.locks.take(path, "exclusive");
    try {
      const answer = await files.client.call("files.openFile", { path, write: true });
      return FileSystemSyncAccessHandle.open(files.client, path, answer.value.handle, release);
    } catch (error) {
      release();
      throw entryError(error, path);
    }
  }
}

export class FileSystemDirectoryHandle extends FileSystemHandle {
  /** @param {string} name @param {{create?: boolean}} [options] */
  async getFileHandle(name, options) {
    requireArguments("getFileHandle", /** @type {any} */ (arguments), 1);
    return await child(this, name, "file", !!dictionary(options).create);
  }

  /** @param {string} name @param {{create?: boolean}} [options] */
  async getDirectoryHandle(name, options) {
    requireArguments("getDirectoryHandle", /** @type {any} */ (arguments), 1);
    return await child(this, name, "directory", !!dictionary(options).create);
  }

  /** @param {string} name @param {{recursive?: boolean}} [options] */
  async removeEntry(name, options) {
    requireArguments("removeEntry", /** @type {any} */ (arguments), 1);
    const { files, path } = locateChild(this, name);
    const { recursive = false } = dictionary(options);
    requireWritable(files, path);
    files.locks.requireFree(path);
    try {
      const { kind } = (await files.client.call("files.statPath", { path, follow: false })).value;
      const call = kind !== "directory"
        ? "files.removeFile"
        : recursive
        ? "files.removeTree"
        : "files.removeDirectory";
      await files.client.call(call, { path });
    } catch (error) {
      throw entryError(error, path);
    }
  }

  /** @param {FileSystemHandle} possibleDescendant @returns {Promise<string[] | null>} */
  async resolve(possibleDescendant) {
    requireArguments("resolve", /** @type {any} */ (arguments), 1);
    if (!isHandle(possibleDescendant)) throw new TypeError("resolve: argument 1 is not a FileSystemHandle");
    const own = factsOf(this);
    const other = factsOf(possibleDescendant);
    if (own.files !== other.files || !isWithin(other.path, own.path)) return null;
    if (own.path === other.path) return possibleDescendant.kind === "directory" ? [] : null;
    const below = StringPrototypeSlice(other.path, own.path === "/" ? 1 : own.path.length + 1);
    return StringPrototypeSplit(below, "/");
  }

  entries() {
    return iterate(this, (name, handle) => [name, handle]);
  }

  keys() {
    return iterate(this, (name) => name);
  }

  values() {
    return iterate(this, (_, handle) => handle);
  }
}
Object.defineProperty(FileSystemDirectoryHandle.prototype, Symbol.asyncIterator, {
  value: FileSystemDirectoryHandle.prototype.entries,
  writable: true,
  configurable: true,
});

/** The entry of that name in a directory. Throws a TypeError for what is no name. @param {FileSystemHandle} directory @param {any} name */
function locateChild(directory, name) {
  const { path, files } = factsOf(directory);
  const text = toUSVString(name);
  if (!isValidName(text)) throw new TypeError(`Name is not allowed: ${JSON.stringify(text)}`);
  return { files, path: childPath(path, text) };
}

/**
 * The handle of a child, which is made with `create` when it is not there.
 * @param {FileSystemHandle} directory @param {any} name @param {"file" | "directory"} kind @param {boolean} create
 * @returns {Promise<any>}
 */
async function child(directory, name, kind, create) {
  const { files, path } = locateChild(directory, name);
  if (create) requireWritable(files, path);
  try {
    const found = await kindOf(files, path);
    if (found === undefined) {
      if (!create) throw new DOMException(`no such file or directory: ${path}`, "NotFoundError");
      const made = kind === "file"
        ? files.client.call("files.writeFile", { path, exclusive: true, truncate: false })
        : files.client.call("files.makeDirectory", { path });
      await made.catch((error) => {
        if (error?.code !== "EEXIST") throw error; // somebody else was faster
      });
    } else if (found !== kind) {
      throw new DOMException(`the entry is a ${found}: ${path}`, "TypeMismatchError");
    }
  } catch (error) {
    throw entryError(error, path);
  }
  return makeHandle(files, kind, path);
}

/** @param {Files} files @param {string} path @returns {Promise<string | undefined>} undefined when it is not there */
async function kindOf(files, path) {
  try {
    return (await files.client.call("files.statPath", { path })).value.kind;
  } catch (error) {
    if (isFileError(error) && /** @type {any} */ (error).code === "ENOENT") return undefined;
    throw error;
  }
}

/** @param {Files} files @param {"file" | "directory"} kind @param {string} path */
function makeHandle(files, kind, path) {
  return kind === "file"
    ? new FileSystemFileHandle(KEY, files, kind, path)
    : new FileSystemDirectoryHandle(KEY, files, kind, path);
}

/**
 * Files and directories of a directory, page by page. Links count as what they lead to; dangling ones,
 * those that lead out, and special files are left out.
 * @template T @param {FileSystemDirectoryHandle} directory @param {(name: string, handle: any) => T} select
 * @returns {AsyncGenerator<T>}
 */
async function* iterate(directory, select) {
  const { path, files } = factsOf(directory);
  let after = null;
  for (let more = true; more;) {
    /** @type {any} */
    let page;
    try {
      page = (await files.client.call("files.readDirectory", { path, after })).value;
    } catch (error) {
      throw entryError(error, path);
    }
    more = page.more;
    for (const entry of page.entries) {
      const name = after = entry[0];
      const at = childPath(path, name);
      const kind = entry[1] === "symlink" ? await linkKind(files, at) : entry[1];
      if (kind === "file" || kind === "directory") yield select(name, makeHandle(files, kind, at));
    }
  }
}

/** @param {Files} files @param {string} path */
async function linkKind(files, path) {
  try {
    return await kindOf(files, path);
  } catch (error) {
    if (isFileError(error)) return undefined;
    throw error;
  }
}

/**
 * The handle of an existing directory.
 * @param {Files} files @param {string} path absolute
 * @returns {Promise<FileSystemDirectoryHandle>}
 */
export async function openDirectory(files, path) {
  try {
    const found = await kindOf(files, path);
    if (found === undefined) throw new DOMException(`no such file or directory: ${path}`, "NotFoundError");
    if (found !== "directory") {
      throw new DOMException(`the entry is a ${found}: ${path}`, "TypeMismatchError");
    }
  } catch (error) {
    throw domError(error, path);
  }
  return /** @type {any} */ (makeHandle(files, "directory", path));
}

configureInterface(FileSystemHandle, "FileSystemHandle");
configureInterface(FileSystemFileHandle, "FileSystemFileHandle");
configureInterface(FileSystemDirectoryHandle, "FileSystemDirectoryHandle");
