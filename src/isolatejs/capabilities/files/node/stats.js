// Stats, BigIntStats and Dirent of `node:fs`.
// @ts-check

import { constants } from "./arguments.js";

/** @typedef {import("../client.js").Stat} Stat */

/** @type {Record<string, number>} */
const TYPE_BITS = Object.assign(Object.create(null), {
  file: constants.S_IFREG,
  directory: constants.S_IFDIR,
  symlink: constants.S_IFLNK,
  fifo: constants.S_IFIFO,
  socket: constants.S_IFSOCK,
  character: constants.S_IFCHR,
  block: constants.S_IFBLK,
});

const BLOCK_BYTES = 4096;

/** The questions that Stats and Dirent answer alike. */
class Kind {
  #kind;
  /** @param {string} kind */
  constructor(kind) {
    this.#kind = kind;
  }
  isFile() {
    return this.#kind === "file";
  }
  isDirectory() {
    return this.#kind === "directory";
  }
  isSymbolicLink() {
    return this.#kind === "symlink";
  }
  isFIFO() {
    return this.#kind === "fifo";
  }
  isSocket() {
    return this.#kind === "socket";
  }
  isCharacterDevice() {
    return this.#kind === "character";
  }
  isBlockDevice() {
    return this.#kind === "block";
  }
}

/** State of an entry. User, group and device stay on the host: they are 0. */
export class Stats extends Kind {
  /** @param {Stat} stat */
  constructor(stat) {
    super(stat.kind);
    this.dev = 0;
    this.mode = (TYPE_BITS[stat.kind] ?? 0) | stat.mode;
    this.nlink = stat.links;
    this.uid = 0;
    this.gid = 0;
    this.rdev = 0;
    this.blksize = BLOCK_BYTES;
    this.ino = stat.inode;
    this.size = stat.size;
    this.blocks = stat.blocks;
    this.atimeMs = stat.atimeMs;
    this.mtimeMs = stat.mtimeMs;
    this.ctimeMs = stat.ctimeMs;
    this.birthtimeMs = stat.birthtimeMs;
    this.atime = dateOf(stat.atimeMs);
    this.mtime = dateOf(stat.mtimeMs);
    this.ctime = dateOf(stat.ctimeMs);
    this.birthtime = dateOf(stat.birthtimeMs);
  }
}

/** The same with bigints; times also in nanoseconds, as exact as a double of milliseconds tells. */
export class BigIntStats extends Kind {
  /** @param {Stat} stat */
  constructor(stat) {
    super(stat.kind);
    const plain = /** @type {any} */ (new Stats(stat));
    const self = /** @type {any} */ (this);
    for (const key of Object.keys(plain)) {
      const value = plain[key];
      self[key] = typeof value === "number" ? BigInt(Math.floor(value)) : value;
    }
    for (const key of ["atime", "mtime", "ctime", "birthtime"]) {
      self[`${key}Ns`] = BigInt(Math.floor(plain[`${key}Ms`] * 1e3)) * 1000n;
    }
  }
}

/** @param {number} milliseconds */
const dateOf = (milliseconds) => new Date(Math.round(milliseconds));

/** An entry of a directory. */
export class Dirent extends Kind {
  /** @param {any} name @param {string} parentPath @param {string} kind */
  constructor(name, parentPath, kind) {
    super(kind);
    this.name = name;
    this.parentPath = parentPath;
    this.path = parentPath;
  }
}

/** @param {Stat} stat @param {boolean | undefined} bigint */
export const makeStats = (stat, bigint) => bigint ? new BigIntStats(stat) : new Stats(stat);
