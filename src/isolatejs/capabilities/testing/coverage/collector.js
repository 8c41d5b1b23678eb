// @ts-check
// Coverage of a run: instruments the modules that the linker compiles, and reads their counters at the end.

import { loadAcorn } from "../../../guest/linker/parser.js";
import { COVERAGE_GLOBAL, instrument, withInsertions } from "./instrument.js";

export class CoverageCollector {
  /** @type {Map<string, import("./instrument.js").FileCoverage>} */ #files = new Map();
  /** @type {((code: string) => any) | null} */ #parse = null;

  async start() {
    this.#parse = await loadAcorn();
    Object.defineProperty(globalThis, COVERAGE_GLOBAL, {
      configurable: true,
      value: (/** @type {string} */ path) => {
        const file = this.#files.get(path);
        return { s: file?.statementCounts ?? [], f: file?.functionCounts ?? [], b: file?.branchCounts ?? [] };
      },
    });
  }

  /**
   * What the linker asks before it compiles a module.
   * @param {string} code @param {string} path
   * @param {import("./instrument.js").ToSourceLine} [toSourceLine]
   */
  instrument(code, path, toSourceLine) {
    if (this.#parse === null || path.includes("/node_modules/")) return null;
    try {
      const { insertions, coverage } = instrument(code, path, this.#parse, toSourceLine);
      this.#files.set(path, coverage);
      return { code: withInsertions(code, insertions), insertions };
    } catch (error) {
      if (error instanceof SyntaxError) return null; // the linker reports it with its place
      throw error;
    }
  }

  /** Counts by line, function and branch. */
  report() {
    delete (/** @type {any} */ (globalThis))[COVERAGE_GLOBAL];
    /** @type {Record<string, any>} */
    const report = {};
    for (const [path, file] of this.#files) {
      /** @type {Map<number, number>} */
      const lines = new Map();
      file.statements.forEach(({ line }, i) => {
        // Of several statements in a line, the one that ran least says whether the line is covered.
        const count = file.statementCounts[i];
        lines.set(line, Math.min(lines.get(line) ?? Infinity, count));
      });
      report[path] = {
        lines: [...lines].sort((a, b) => a[0] - b[0]),
        functions: file.functions.map(({ line, name }, i) => [name ?? "", line, file.functionCounts[i]]),
        branches: file.branches.map(({ line }, i) => [line, file.branchCounts[i]]),
      };
    }
    return report;
  }
}
