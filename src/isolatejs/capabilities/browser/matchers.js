// Playwright's web-first matchers, beside the ordinary ones: they answer for pages, locators and API responses.
// @ts-check

import { identityOf } from "./identities.js";

const KINDS = new Set(["Page", "Locator", "APIResponse"]);

const EXPECT_TIMEOUT_MS = 5_000;

/** A predicate of the program runs here. @param {any} page @param {(url: URL) => boolean} predicate @param {boolean} negated @param {number} [timeout] */
async function checkUrl(page, predicate, negated, timeout = EXPECT_TIMEOUT_MS) {
  const deadline = Date.now() + timeout;
  let pass = predicate(new URL(page.url()));
  while (pass === negated && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    pass = predicate(new URL(page.url()));
  }
  return {
    pass,
    message: () =>
      `expect(page)${
        negated ? ".not" : ""
      }.toHaveURL(predicate) failed\n\nReceived: "${page.url()}"\nTimeout: ${timeout}ms`,
  };
}

const { Date, setTimeout, URL } = globalThis;

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
      if (name === "toHaveURL" && typeof args[0] === "function") {
        return await checkUrl(received, args[0], negated, args[1]?.timeout);
      }
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
