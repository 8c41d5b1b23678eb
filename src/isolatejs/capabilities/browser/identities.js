// Who a browser object is: the host's number, and the steps from there.
// @ts-check

/** @typedef {{name: string, args: any[]}} Step */
/** @typedef {{ref: number, steps: Step[], kind: string, facts: any}} Identity */

/** @type {WeakMap<object, Identity>} */
export const identities = new WeakMap();

/** The identity of a browser object, undefined for anything else. @param {any} value */
export const identityOf = (value) =>
  typeof value === "object" && value !== null ? identities.get(value) : undefined;
