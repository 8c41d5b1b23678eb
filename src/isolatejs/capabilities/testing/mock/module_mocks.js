// @ts-check
// Module mocks: `vi.mock(...)` and `jest.mock(...)` over the linker, which replaces modules for those who
// import them afterwards. `hoist_mocks.js` sees to it that a test file's own imports come afterwards.

import { automock, createMock } from "./mock_function.js";

/** @typedef {import("../../../guest/linker/linker.js").Linker} Linker */

/** Text that may hold a call which has to act before the file's imports. */
export const MOCKS_MODULES =
  /\b(?:vi|vitest|jest|mock)\s*\.\s*(?:mock|unmock|hoisted|unstable_mockModule|module)\s*\(/;

export class ModuleMocks {
  #kernel;
  /** @type {Map<string, () => any>} exports of each mock by specifier */ #active = new Map();
  /** @type {Linker | null} */ #linker = null;
  /** @type {string} file whose imports the specifiers are relative to */ referrer = "/index.js";

  /** @param {import("../../../guest/kernel.js").Kernel} kernel */
  constructor(kernel) {
    this.#kernel = kernel;
  }

  /** @param {Linker} linker */
  use(linker) {
    this.#linker = linker;
  }

  async #ready() {
    return this.#linker ??= await this.#kernel.linker();
  }

  /**
   * @param {any} specifier a string, or the promise of `import("...")`
   * @param {any} [factory] gives the exports, may be async; without one every export is mocked automatically
   * @param {any} [options]
   */
  async mock(specifier, factory, options) {
    if (typeof specifier !== "string") throw new TypeError("mock() takes the module's specifier as a string");
    const linker = await this.#ready();
    const exports = await this.#exports(specifier, factory ?? options);
    const give = () => exports;
    await linker.mock(specifier, this.referrer, give);
    this.#active.set(specifier, give);
  }

  /** @param {string} specifier @param {any} factory */
  async #exports(specifier, factory) {
    if (typeof factory === "function") {
      const exports = await factory(() => this.importActual(specifier));
      if (exports === null || typeof exports !== "object" && typeof exports !== "function") {
        throw new TypeError(`The factory of mock("${specifier}") must return an object of exports`);
      }
      return exports;
    }
    const actual = await this.importActual(specifier);
    if (factory?.spy) {
      return Object.fromEntries(
        Object.entries(actual).map(([name, value]) => [
          name,
          typeof value === "function" ? createMock(value, { name, original: value }) : value,
        ]),
      );
    }
    return automock({ ...actual });
  }

  /** @param {string} specifier */
  async unmock(specifier) {
    const linker = await this.#ready();
    this.#active.delete(specifier);
    await linker.mock(specifier, this.referrer, null);
  }

  /** The module itself. @param {string} specifier */
  async importActual(specifier) {
    const linker = await this.#ready();
    const mock = this.#active.get(specifier);
    if (mock !== undefined) await linker.mock(specifier, this.referrer, null);
    try {
      return await linker.importModule(specifier, this.referrer);
    } finally {
      if (mock !== undefined) await linker.mock(specifier, this.referrer, mock);
    }
  }

  /** The module as mocked, or mocked automatically. @param {string} specifier */
  async importMock(specifier) {
    const mock = this.#active.get(specifier);
    return mock === undefined ? automock({ ...await this.importActual(specifier) }) : mock();
  }

  /** @param {string} specifier */
  requireActual(specifier) {
    if (this.#linker === null) throw new Error("requireActual: use importActual, modules are not loaded yet");
    return this.#linker.createRequire(this.referrer)(specifier);
  }

  /** @param {string} specifier */
  requireMock(specifier) {
    return this.#active.get(specifier)?.() ?? automock(this.requireActual(specifier));
  }

  /** Takes all mocks away: another file has none of them. */
  async clear() {
    for (const specifier of [...this.#active.keys()]) await this.unmock(specifier);
  }

  /** Modules are evaluated anew by the next import; mocks stay. */
  async reset() {
    const linker = await this.#ready();
    linker.reset();
    for (const [specifier, give] of this.#active) await linker.mock(specifier, this.referrer, give);
  }

  /** @param {() => any} callback sees modules of its own */
  async isolate(callback) {
    await this.reset();
    try {
      await callback();
    } finally {
      await this.reset();
    }
  }
}
