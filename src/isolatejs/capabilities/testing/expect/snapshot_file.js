// @ts-check
// The snapshots of one test file: read from Jest's file format (v1) and compared; the host writes them back.
// A file that begins with Vitest's header keeps Vitest's names ("suite > test 1").

const ENTRY = /^exports\[`((?:\\[\s\S]|[^\\`])*)`\] = `((?:\\[\s\S]|[^\\`])*)`;$/gm;

/** @param {string} text */
const unescape = (text) => text.replaceAll(/\\([\s\S])/g, "$1");
/** Several lines get a line break at both ends. @param {string} text */
export const withLineBreaks = (text) => text.includes("\n") ? `\n${text}\n` : text;
/** @param {string} text */
const withoutLineBreaks = (text) =>
  text.length > 2 && text.startsWith("\n") && text.endsWith("\n") ? text.slice(1, -1) : text;

/** @typedef {"new" | "all" | "none"} UpdateMode new: write absent ones; all: replace too; none: absent ones fail */
/** @typedef {{filename: string, line: number, column: number, snapshot: string}} InlineSnapshot */

export class SnapshotFile {
  /** @type {Map<string, string>} */ #entries = new Map();
  /** @type {Map<string, number>} */ #counts = new Map();
  /** @type {Set<string>} */ #unchecked;
  /** @type {Map<string, string>} */ #inlinePlaces = new Map();
  #vitest;
  #dirty = false;
  /** @type {InlineSnapshot[]} */ inline = [];
  counts = { matched: 0, unmatched: 0, added: 0, updated: 0 };

  /** @param {string | null} text the file as it is @param {UpdateMode} mode @param {boolean} stored is there a place to write to */
  constructor(text, mode, stored) {
    this.mode = mode;
    this.stored = stored;
    this.#vitest = text?.startsWith("// Vitest") ?? false;
    for (const match of text?.matchAll(ENTRY) ?? []) {
      this.#entries.set(unescape(match[1]), unescape(match[2]));
    }
    this.#unchecked = new Set(this.#entries.keys());
  }

  /** @param {string[]} titles @param {string} hint */
  key(titles, hint) {
    const name = titles.join(this.#vitest ? " > " : " ") +
      (hint ? `${this.#vitest ? " > " : ": "}${hint}` : "");
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    return `${name} ${count}`;
  }

  /** A retry of a test counts its snapshots anew. @param {string[]} titles */
  forget(titles) {
    const name = titles.join(this.#vitest ? " > " : " ");
    for (const key of this.#counts.keys()) {
      if (key === name || key.startsWith(`${name}: `) || key.startsWith(`${name} > `)) {
        this.#counts.delete(key);
      }
    }
  }

  /**
   * @param {string} key @param {string} received @param {string} [other] another text that is as good
   * @returns {{pass: boolean, expected?: string}} without `expected` there was no snapshot
   */
  match(key, received, other = received) {
    const stored = this.#entries.get(key);
    this.#unchecked.delete(key);
    if (this.#vitest && stored === undefined) received = other;
    const pass = stored === withLineBreaks(received) || stored === withLineBreaks(other);
    if (pass) {
      this.counts.matched++;
      return { pass };
    }
    if (this.mode === "all" || (this.mode === "new" && stored === undefined)) {
      this.counts[stored === undefined ? "added" : "updated"]++;
      this.#entries.set(key, withLineBreaks(received));
      this.#dirty = true;
      return { pass: true };
    }
    this.counts.unmatched++;
    return { pass: false, expected: stored === undefined ? undefined : withoutLineBreaks(stored) };
  }

  /**
   * @param {string} received @param {string | undefined} expected text in the test file
   * @param {{filename: string, line: number, column: number} | null} location of the call
   * @param {string} [other] another text that is as good
   * @returns {{pass: boolean, expected?: string}}
   */
  matchInline(received, expected, location, other = received) {
    const normal = expected === undefined
      ? undefined
      : withoutLineBreaks(withoutIndentation(expected)).trimEnd();
    if (normal !== undefined && [received, received.trimEnd(), other, other.trimEnd()].includes(normal)) {
      this.counts.matched++;
      return { pass: true };
    }
    const writes = this.mode === "all" || (this.mode === "new" && expected === undefined);
    if (!writes || location === null) {
      this.counts.unmatched++;
      return { pass: false, expected: normal };
    }
    const place = `${location.filename}:${location.line}:${location.column}`;
    const before = this.#inlinePlaces.get(place);
    if (before !== undefined && before !== received) {
      throw new Error("toMatchInlineSnapshot: several calls at one place need the same snapshot");
    }
    if (before === undefined) {
      this.#inlinePlaces.set(place, received);
      this.inline.push({ ...location, snapshot: received });
    }
    this.counts[expected === undefined ? "added" : "updated"]++;
    return { pass: true };
  }

  /** Snapshots that no test asked for, by key. */
  get unchecked() {
    return [...this.#unchecked];
  }

  /** Drops what no test asked for; only right after a complete run. */
  removeUnchecked() {
    for (const key of this.#unchecked) this.#entries.delete(key);
    if (this.#unchecked.size > 0) this.#dirty = true;
    this.#unchecked.clear();
  }

  /** The file's snapshots, or null when nothing changed. @returns {Array<[string, string]> | null} */
  changed() {
    return this.#dirty ? [...this.#entries] : null;
  }
}

/** Removes the indentation that an editor or a formatter gave an inline snapshot. @param {string} text */
function withoutIndentation(text) {
  const lines = text.split("\n");
  if (lines.length <= 2 || lines[0].trim() !== "" || lines[lines.length - 1].trim() !== "") return text;
  const indentation = lines[1].match(/^[ \t]*/)?.[0] ?? "";
  const body = lines.slice(1, -1);
  if (!body.every((line) => line === "" || line.startsWith(indentation))) return text;
  return `\n${body.map((line) => line.slice(indentation.length)).join("\n")}\n`;
}
