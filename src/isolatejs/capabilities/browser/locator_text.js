// How a locator is written: `getByRole('button', { name: 'Go' })`.
// @ts-check

import { identityOf } from "./identities.js";

/** @param {any} locator @returns {string} */
export function describeLocator(locator) {
  const { steps } = /** @type {any} */ (identityOf(locator));
  return steps.map((/** @type {any} */ step) => `${step.name}(${step.args.map(describe).join(", ")})`).join(
    ".",
  );
}

/** @param {any} value @returns {string} */
function describe(value) {
  if (typeof value === "string") return `'${value.replace(/[\\']/g, "\\$&")}'`;
  if (value instanceof RegExp || typeof value !== "object" || value === null) return `${value}`;
  if (identityOf(value) !== undefined) return describeLocator(value);
  if (Array.isArray(value)) return `[${value.map(describe).join(", ")}]`;
  return `{ ${Object.entries(value).map(([name, item]) => `${name}: ${describe(item)}`).join(", ")} }`;
}
