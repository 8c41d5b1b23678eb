// @ts-check
// The snapshots of a run: the file beside the test file, and files of toMatchFileSnapshot, through the host.

import { SnapshotFile } from "./expect/snapshot_file.js";

/** @typedef {{read: (path: string) => Promise<string | null>, write: (path: string, text: string) => Promise<void>}} SnapshotStorage */

/** @param {string} path */
const folderOf = (path) => path.slice(0, path.lastIndexOf("/") + 1);

/** "/a/b.test.ts" to "/a/__snapshots__/b.test.ts.snap". @param {string} testPath */
function snapshotPath(testPath) {
  const folder = folderOf(testPath);
  return `${folder}__snapshots__/${testPath.slice(folder.length)}.snap`;
}

/** @param {string} from folder @param {string} path */
function resolvePath(from, path) {
  return new URL(path, `file://${from}`).pathname;
}

export class RunSnapshots extends SnapshotFile {
  #storage;
  #path;
  #folder;

  /**
   * @param {string | null} text @param {import("./expect/snapshot_file.js").UpdateMode} mode
   * @param {SnapshotStorage | null} storage @param {string} testPath
   */
  constructor(text, mode, storage, testPath) {
    super(text, mode, storage !== null);
    this.#storage = storage;
    this.#path = snapshotPath(testPath);
    this.#folder = folderOf(testPath);
  }

  /** @param {string} testPath @param {import("./expect/snapshot_file.js").UpdateMode} mode @param {SnapshotStorage | null} storage */
  static async open(testPath, mode, storage) {
    const text = storage === null ? null : await storage.read(snapshotPath(testPath));
    return new RunSnapshots(text, mode, storage, testPath);
  }

  /** @param {string} path @param {string} text @returns {Promise<{pass: boolean, expected?: string}>} */
  async matchFile(path, text) {
    if (this.#storage === null) {
      throw new Error("toMatchFileSnapshot needs a files binding: there is no file to compare with");
    }
    const place = resolvePath(this.#folder, path);
    const stored = await this.#storage.read(place);
    if (stored === text) {
      this.counts.matched++;
      return { pass: true };
    }
    if (this.mode === "all" || (this.mode === "new" && stored === null)) {
      await this.#storage.write(place, text);
      this.counts[stored === null ? "added" : "updated"]++;
      return { pass: true };
    }
    this.counts.unmatched++;
    return { pass: false, expected: stored ?? undefined };
  }

  /** Writes what changed. */
  async save() {
    const text = this.render();
    if (text !== null) await this.#storage?.write(this.#path, text);
  }
}
