// Locks of the File System standard: writable streams share, synchronous handles exclude.
// @ts-check

import { DOMException, SafeMap } from "../../guest/primordials.js";
import { isWithin } from "./client.js";

export class Locks {
  /** Path to the number of shared holders, -1 for an exclusive one. @type {Map<string, number>} */
  #held = new SafeMap();

  /**
   * Take a lock; gives the function that releases it once. Throws a NoModificationAllowedError.
   * @param {string} path @param {"shared" | "exclusive"} kind
   */
  take(path, kind) {
    const held = this.#held.get(path) ?? 0;
    if (held < 0 || (kind === "exclusive" && held > 0)) throw lockedError(path);
    this.#held.set(path, kind === "exclusive" ? -1 : held + 1);
    let released = false;
    return () => {
      if (released) return;
      released = true;
      const left = (this.#held.get(path) ?? 0) - 1;
      if (kind === "exclusive" || left === 0) this.#held.delete(path);
      else this.#held.set(path, left);
    };
  }

  /** Throws a NoModificationAllowedError when the entry, or something below it, is locked. @param {string} path */
  requireFree(path) {
    this.#held.forEach((_, locked) => {
      if (isWithin(locked, path)) throw lockedError(locked);
    });
  }
}

/** @param {string} path */
const lockedError = (path) => new DOMException(`the file is locked: ${path}`, "NoModificationAllowedError");
