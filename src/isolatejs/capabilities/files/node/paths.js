// Operations of `node:fs` on paths. Each is a generator; see forms.js.
// @ts-check

import { childPath } from "../client.js";
import {
  constants,
  encodeName,
  fileMode,
  integer,
  openFlags,
  pathText,
  timeMs,
  withEncoding,
} from "./arguments.js";
import { codedError, systemError } from "./errors.js";
import { ask } from "./forms.js";
import { Dirent, makeStats } from "./stats.js";

/** @typedef {import("../client.js").FilesClient} FilesClient */
/** @typedef {import("./forms.js").Operation} Operation */

/** An option of `readdir` for `opendir`: the system call that errors tell. */
export const SYSCALL = Symbol("syscall");

/** What `process.umask()` says. */
const UMASK = 0o022;

/** Letters of mkdtemp, as in libc. */
const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/** @param {FilesClient} client */
export function pathOperations(client) {
  const at = (/** @type {any} */ path, /** @type {string} */ name = "path") => {
    const text = pathText(path, name);
    return { text, path: client.resolve(text) };
  };

  /** @param {any} given @param {string} call @param {string} syscall @param {any} [payload] @returns {Operation} */
  function* simple(given, call, syscall, payload) {
    const { text, path } = at(given);
    yield ask(call, { path, ...payload }, syscall, text);
  }

  /** The name that the host answers. @param {any} given @param {string} call @param {string} syscall @param {any} options @returns {Operation} */
  function* named(given, call, syscall, options) {
    const { encoding } = withEncoding(options);
    const { text, path } = at(given);
    return encodeName((yield ask(call, { path }, syscall, text)).value, encoding);
  }

  /** @param {any} given @param {any} options @param {boolean} follow @returns {Operation} */
  function* statOf(given, options, follow) {
    const { text, path } = at(given);
    try {
      const answer = yield ask("files.statPath", { path, follow }, follow ? "stat" : "lstat", text);
      return makeStats(answer.value, options?.bigint);
    } catch (error) {
      const { code } = /** @type {any} */ (error);
      if (options?.throwIfNoEntry === false && (code === "ENOENT" || code === "ENOTDIR")) return undefined;
      throw error;
    }
  }

  /** @param {string} path @param {string} text @param {string} [syscall] @returns {Generator<any, [string, string][], any>} */
  function* list(path, text, syscall = "scandir") {
    /** @type {[string, string][]} */
    const entries = [];
    for (let after = null, more = true; more;) {
      /** @type {import("../client.js").Answer} */
      const { value } = yield ask("files.readDirectory", { path, after }, syscall, text);
      entries.push(...value.entries);
      more = value.more;
      after = more ? value.entries[value.entries.length - 1][0] : null;
    }
    return entries;
  }

  /** @param {any} options @param {any} encoding @param {string} parent @param {string} prefix @param {[string, string]} entry */
  function listed(options, encoding, parent, prefix, [name, kind]) {
    if (options.withFileTypes) return new Dirent(encodeName(name, encoding), parent, kind);
    return encodeName(prefix + name, encoding);
  }

  /** @param {any} given @param {any} times @param {boolean} follow @returns {Operation} */
  function* setTimes(given, times, follow) {
    const { text, path } = at(given);
    const [atimeMs, mtimeMs] = times.map(timeMs);
    if (!follow) {
      const { kind } = (yield ask("files.statPath", { path, follow: false }, "lutime", text)).value;
      if (kind === "symlink") {
        throw systemError("ENOSYS", "function not implemented", { syscall: "lutime", path: text });
      }
    }
    yield ask("files.setTimes", { path, atimeMs, mtimeMs }, follow ? "utime" : "lutime", text);
  }

  /**
   * Gives the directories from `first` down to `last`, which were just made, their mode.
   * @param {string} first @param {string} last @param {number} mode @param {string} text @returns {Operation}
   */
  function* setModes(first, last, mode, text) {
    const places = [first];
    for (const name of last.slice(first.length).split("/").filter(Boolean)) {
      places.push(childPath(places[places.length - 1], name));
    }
    try {
      for (const path of places.reverse()) yield ask("files.setMode", { path, mode }, "mkdir", text);
    } catch (error) {
      if (/** @type {any} */ (error).code !== "ENOSYS") throw error; // files without modes
    }
  }

  /** @param {string} syscall @param {any} target @param {any} path @returns {Operation} */
  // deno-lint-ignore require-yield
  function* refuse(syscall, target, path) {
    const from = pathText(target, "target");
    const doing = path === undefined
      ? { syscall, path: from }
      : { syscall, path: from, dest: pathText(path) };
    throw systemError("EPERM", "operation not permitted", doing);
  }

  return {
    /** @param {any} path @param {any} [options] @returns {Operation} */
    stat: (path, options) => statOf(path, options, true),
    /** @param {any} path @param {any} [options] @returns {Operation} */
    lstat: (path, options) => statOf(path, options, false),

    /** @param {any} given @param {number} [mode] @returns {Operation} */
    *access(given, mode = constants.F_OK) {
      const { text, path } = at(given);
      const wanted = integer(mode, "mode", 0, 7);
      const doing = { syscall: "access", path: text };
      const stat = (yield ask("files.statPath", { path }, "access", text)).value;
      if (wanted & constants.W_OK && !client.isWritable(path)) {
        throw systemError("EROFS", "read-only file system", doing);
      }
      for (const bit of [constants.R_OK, constants.W_OK, constants.X_OK]) {
        if (wanted & bit && !(stat.mode & (bit * 0o111))) {
          throw systemError("EACCES", "permission denied", doing);
        }
      }
    },

    /** @param {any} given @returns {Operation} */
    *exists(given) {
      try {
        const { text, path } = at(given);
        yield ask("files.statPath", { path }, "access", text);
        return true;
      } catch (error) {
        if (typeof (/** @type {any} */ (error).code) === "string") return false;
        throw error;
      }
    },

    /** @param {any} given @param {any} [options] @returns {Operation} */
    *mkdir(given, options) {
      const { text, path } = at(given);
      const { recursive = false, mode } = typeof options === "object" && options !== null
        ? options
        : { mode: options };
      const wanted = fileMode(mode, 0o777) & ~UMASK;
      const made = (yield ask("files.makeDirectory", { path, recursive: !!recursive }, "mkdir", text)).value;
      if (wanted !== (0o777 & ~UMASK) && made) yield* setModes(made, path, wanted, text);
      return recursive ? made ?? undefined : undefined;
    },

    /** @param {any} given @param {any} [options] @returns {Operation} */
    *mkdtemp(given, options) {
      const { encoding } = withEncoding(options);
      const prefix = pathText(given, "prefix");
      for (let tries = 1;; tries++) {
        const random = crypto.getRandomValues(new Uint8Array(6));
        const text = prefix + Array.from(random, (byte) => LETTERS[byte % LETTERS.length]).join("");
        try {
          yield ask("files.makeDirectory", { path: client.resolve(text) }, "mkdtemp", `${prefix}XXXXXX`);
          return encodeName(text, encoding);
        } catch (error) {
          if (/** @type {any} */ (error).code !== "EEXIST" || tries === 100) throw error;
        }
      }
    },

    /** @param {any} path @param {any} [options] @returns {Operation} */
    rmdir: (path, options) =>
      simple(path, options?.recursive ? "files.removeTree" : "files.removeDirectory", "rmdir"),
    /** @param {any} path @returns {Operation} */
    unlink: (path) => simple(path, "files.removeFile", "unlink"),

    /** @param {any} given @param {any} [options] @returns {Operation} */
    *rm(given, options) {
      const { text, path } = at(given);
      const { force = false, recursive = false } = options ?? {};
      try {
        const { kind } = (yield ask("files.statPath", { path, follow: false }, "lstat", text)).value;
        if (kind === "directory" && !recursive) {
          const message = `Path is a directory: rm returned EISDIR (is a directory) ${text}`;
          const error = codedError(Error, "ERR_FS_EISDIR", message);
          error.name = "SystemError";
          throw Object.assign(error, { errno: 21, syscall: "rm", path: text });
        }
        yield ask(kind === "directory" ? "files.removeTree" : "files.removeFile", { path }, "rm", text);
      } catch (error) {
        if (force && /** @type {any} */ (error).code === "ENOENT") return;
        throw error;
      }
    },

    /** @param {any} given @param {any} newGiven @returns {Operation} */
    *rename(given, newGiven) {
      const from = at(given, "oldPath");
      const to = at(newGiven, "newPath");
      yield ask("files.renameEntry", { path: from.path, newPath: to.path }, "rename", from.text, to.text);
    },

    /** @param {any} given @param {any} newGiven @param {number} [mode] @returns {Operation} */
    *copyFile(given, newGiven, mode = 0) {
      const from = at(given, "src");
      const to = at(newGiven, "dest");
      const exclusive = (integer(mode, "mode", 0, 7) & constants.COPYFILE_EXCL) !== 0;
      yield ask(
        "files.copyFile",
        { path: from.path, newPath: to.path, exclusive },
        "copyfile",
        from.text,
        to.text,
      );
    },

    /** @param {any} given @param {any} [options] @returns {Operation} */
    *readdir(given, options) {
      const settings = withEncoding(options);
      const { text, path } = at(given);
      /** @type {any[]} */
      const found = [];
      const todo = [{ path, text, prefix: "" }];
      for (let next = todo.shift(); next !== undefined; next = todo.shift()) {
        for (const entry of yield* list(next.path, next.text, settings[SYSCALL])) {
          found.push(listed(settings, settings.encoding, next.text, next.prefix, entry));
          if (settings.recursive && entry[1] === "directory") {
            const below = next.text.endsWith("/") ? next.text + entry[0] : `${next.text}/${entry[0]}`;
            todo.push({
              path: childPath(next.path, entry[0]),
              text: below,
              prefix: `${next.prefix}${entry[0]}/`,
            });
          }
        }
      }
      return found;
    },

    /** @param {any} path @param {any} [options] @returns {Operation} */
    readlink: (path, options) => named(path, "files.readLink", "readlink", options),
    /** @param {any} path @param {any} [options] @returns {Operation} */
    realpath: (path, options) => named(path, "files.resolvePath", "realpath", options),

    /** @param {any} path @param {any} atime @param {any} mtime @returns {Operation} */
    utimes: (path, atime, mtime) => setTimes(path, [atime, mtime], true),
    /** @param {any} path @param {any} atime @param {any} mtime @returns {Operation} */
    lutimes: (path, atime, mtime) => setTimes(path, [atime, mtime], false),
    /** @param {any} path @param {any} mode @returns {Operation} */
    chmod: (path, mode) => simple(path, "files.setMode", "chmod", { mode: fileMode(mode, 0) }),
    /** Ownership is the host's. @param {any} path @returns {Operation} */
    chown: (path) => refuse("chown", path, undefined),
    /** @param {any} path @returns {Operation} */
    lchown: (path) => refuse("lchown", path, undefined),
    /** No program makes links: other programs of the host would follow them. @param {any} target @param {any} path @returns {Operation} */
    symlink: (target, path) => refuse("symlink", target, path),
    /** @param {any} target @param {any} path @returns {Operation} */
    link: (target, path) => refuse("link", target, path),

    /** @param {any} given @param {any} [length] @returns {Operation} */
    *truncate(given, length) {
      const { text, path } = at(given);
      const size = Math.max(0, integer(length ?? 0, "len", Number.MIN_SAFE_INTEGER));
      const { handle } =
        (yield ask("files.openFile", { path, read: false, write: true }, "open", text)).value;
      try {
        yield ask("files.truncateHandle", { handle, size }, "ftruncate");
      } finally {
        yield ask("files.closeHandle", { handle }, "close");
      }
    },

    /** Flags of a path that is opened: `[path, text, payload]`. @param {any} given @param {any} flags @param {any} mode @param {string} [fallback] */
    opening(given, flags, mode, fallback) {
      const { text, path } = at(given);
      return { text, path, flags: openFlags(flags, fallback), mode: fileMode(mode, 0o666) };
    },

    /** @param {any} given @param {any} newGiven @param {any} [options] @returns {Operation} */
    *cp(given, newGiven, options) {
      const from = at(given, "src");
      const to = at(newGiven, "dest");
      yield* copyTree(from, to, { force: true, ...options });
    },
  };

  /**
   * @param {{path: string, text: string}} from @param {{path: string, text: string}} to @param {any} options
   * @returns {Operation}
   */
  function* copyTree(from, to, options) {
    if (options.filter !== undefined && !options.filter(from.text, to.text)) return;
    const follow = options.dereference === true;
    const stat = (yield ask("files.statPath", { path: from.path, follow }, "cp", from.text)).value;
    if (stat.kind === "directory") {
      if (!options.recursive) {
        const message =
          `Recursive option not enabled, cannot copy a directory: cp returned EISDIR (${from.text})`;
        throw codedError(Error, "ERR_FS_EISDIR", message);
      }
      if (to.path === from.path || to.path.startsWith(`${from.path}/`)) {
        const message = `cannot copy ${from.text} to a subdirectory of self ${to.text}`;
        throw codedError(Error, "ERR_FS_CP_EINVAL", message);
      }
      yield ask("files.makeDirectory", { path: to.path, recursive: true }, "mkdir", to.text);
      for (const [name] of yield* list(from.path, from.text)) {
        const below = { path: childPath(from.path, name), text: childPath(from.text, name) };
        yield* copyTree(below, { path: childPath(to.path, name), text: childPath(to.text, name) }, options);
      }
    } else {
      const exclusive = !options.force || options.errorOnExist === true;
      try {
        yield ask(
          "files.copyFile",
          { path: from.path, newPath: to.path, exclusive },
          "cp",
          from.text,
          to.text,
        );
      } catch (error) {
        if (/** @type {any} */ (error).code !== "EEXIST") throw error;
        if (options.errorOnExist) {
          throw codedError(Error, "ERR_FS_CP_EEXIST", `Target already exists: ${to.text}`);
        }
        return;
      }
    }
    if (options.preserveTimestamps) {
      const { atimeMs, mtimeMs } = stat;
      yield ask("files.setTimes", { path: to.path, atimeMs, mtimeMs }, "utime", to.text);
    }
  }
}
