// Playwright's web-first matchers, beside the ordinary ones: they answer for pages, locators and API responses.
// @ts-check

import { identityOf } from "./objects.js";

const KINDS = new Set(["Page", "Locator", "APIResponse"]);

/**
 * @param {any} addMatchers the test framework's: matchers, and the values that they are for
 * @param {import("./objects.js").BrowserObjects} objects @param {string[]} names
 */
export function addMatchers(addMatchers, objects, names) {
  /** @type {Record<string, Function>} */
  const matchers = {};
  for (const name of names) {
    matchers[name] = /** @this {any} @param {any} received @param {any[]} args */ async function (
      received,
      ...args
    ) {
      const negated = this.isNot === true;
      const { passed, message } = await objects.match(received, name, negated, args);
      // Playwright decides the negated form itself, with its own retry.
      return { pass: negated ? !passed : passed, message: () => message };
    };
  }
  addMatchers(matchers, {
    internal: true,
    when: (/** @type {any} */ value) => KINDS.has(identityOf(value)?.kind ?? ""),
  });
}
