// @ts-check
// Turns a character diff of two texts into a diff of whole lines, as jest-diff does: a line that holds any
// change is shown on both sides, runs of common lines once.

import { Diff, DIFF_DELETE, DIFF_EQUAL, DIFF_INSERT } from "../vendor/cleanup_semantic.js";

/** Collects the changed lines of one side until a common newline. */
class ChangedLines {
  /** @type {any[]} */ #line = [];
  /** @type {any[]} */ #lines = [];
  #op;

  /** @param {number} op */
  constructor(op) {
    this.#op = op;
  }

  get empty() {
    return this.#line.length === 0;
  }

  /** @param {any} diff */
  push(diff) {
    this.#line.push(diff);
  }

  #endLine() {
    const text = this.#line.filter((diff) => diff[0] === DIFF_EQUAL || diff[0] === this.#op)
      .map((diff) => diff[1]).join("");
    this.#lines.push(new Diff(this.#op, this.#line.length === 1 ? this.#line[0][1] : text));
    this.#line = [];
  }

  /** @param {any} diff */
  align(diff) {
    if (!diff[1].includes("\n")) {
      this.push(diff);
      return;
    }
    const parts = diff[1].split("\n");
    parts.forEach((/** @type {string} */ part, /** @type {number} */ i) => {
      if (i < parts.length - 1) {
        this.push(new Diff(this.#op, part));
        this.#endLine();
      } else if (part.length > 0) {
        this.push(new Diff(this.#op, part));
      }
    });
  }

  /** @param {any[]} target */
  moveTo(target) {
    if (!this.empty) this.#endLine();
    target.push(...this.#lines);
    this.#lines = [];
  }
}

/**
 * Both texts must have had a newline appended before they were compared.
 * @param {any[]} diffs @returns {any[]} one entry a line
 */
export function alignDiffs(diffs) {
  const deleted = new ChangedLines(DIFF_DELETE);
  const inserted = new ChangedLines(DIFF_INSERT);
  /** @type {any[]} */
  const lines = [];
  const flush = () => {
    deleted.moveTo(lines);
    inserted.moveTo(lines);
  };
  const pushToBoth = (/** @type {any} */ diff) => {
    const empty = diff[1].length === 0;
    if (!empty || deleted.empty) deleted.push(diff);
    if (!empty || inserted.empty) inserted.push(diff);
  };
  for (const diff of diffs) {
    if (diff[0] === DIFF_DELETE) deleted.align(diff);
    else if (diff[0] === DIFF_INSERT) inserted.align(diff);
    else if (!diff[1].includes("\n")) pushToBoth(diff);
    else {
      const parts = diff[1].split("\n");
      parts.forEach((/** @type {string} */ part, /** @type {number} */ i) => {
        const common = new Diff(DIFF_EQUAL, part);
        if (i === 0) {
          if (deleted.empty && inserted.empty) {
            flush();
            lines.push(common);
          } else {
            pushToBoth(common);
            flush();
          }
        } else if (i < parts.length - 1) {
          lines.push(common);
        } else if (part.length > 0) {
          pushToBoth(common);
        }
      });
    }
  }
  flush();
  return lines;
}
