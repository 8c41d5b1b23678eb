// @ts-check
// The snapshots of a run: the file beside the test file, and files of toMatchFileSnapshot. The host reads,
// compares and writes them; it decides what may be written.

import { SnapshotFile } from "./expect/snapshot_file.js";

/**
 * @typedef {object} SnapshotStorage
 * @property {() => Promise<string | null>} read  the test file's own snapshot file
 * @property {(entries: Array<[string, string]>) => Promise<void>} write
 * @property {(path: string, text: string) => Promise<{outcome: "same" | "different" | "absent" | "added" | "updated", text?: string | null}>} matchFile
 */

/** @param {string} testPath @param {string} path */
function resolvePath(testPath, path) {
  path = path.startsWith("file://") ? path.slice("file://".length) : path;
  const parts = path.startsWith("/") ? [] : testPath.split("/").slice(1, -1);
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

export class RunSnapshots extends SnapshotFile {
  #storage;
  #testPath;

  /**
   * @param {string | null} text @param {import("./expect/snapshot_file.js").UpdateMode} mode
   * @param {SnapshotStorage | null} storage @param {string} testPath
   */
  constructor(text, mode, storage, testPath) {
    super(text, mode, storage !== null);
    this.#storage = storage;
    this.#testPath = testPath;
  }

  /** @param {string} testPath @param {import("./expect/snapshot_file.js").UpdateMode} mode @param {SnapshotStorage | null} storage */
  static async open(testPath, mode, storage) {
    let text = null;
    try {
      text = await storage?.read() ?? null;
    } catch {
      // Whoever keeps a snapshot there is told when it is written: many test files have none.
    }
    return new RunSnapshots(text, mode, storage, testPath);
  }

  /** @param {string} path @param {string} text @returns {Promise<{pass: boolean, expected?: string}>} */
  async matchFile(path, text) {
    if (this.#storage === null) {
      throw new Error("toMatchFileSnapshot needs a files binding: there is no file to compare with");
    }
    const { outcome, text: stored } = await this.#storage.matchFile(resolvePath(this.#testPath, path), text);
    this.counts[
      /** @type {const} */ ({
        same: "matched",
        different: "unmatched",
        absent: "unmatched",
        added: "added",
        updated: "updated",
      })[outcome]
    ]++;
    if (outcome !== "different") return { pass: outcome !== "absent" };
    return {
      pass: false,
      expected: stored ?? "(outside of __snapshots__ a file is compared, but its text is not shown)",
    };
  }

  /** Writes what changed. */
  async save() {
    const entries = this.changed();
    if (entries !== null) await this.#storage?.write(entries);
  }
}
