// Stands in for Jest's module of asymmetric matchers, which has functions where users have `expect.any` and so on.
const { expect } = globalThis;
export const { any, anything, arrayContaining, closeTo, objectContaining, stringContaining, stringMatching } = expect;
export const arrayNotContaining = expect.not.arrayContaining;
export const notCloseTo = expect.not.closeTo;
export const objectNotContaining = expect.not.objectContaining;
export const stringNotContaining = expect.not.stringContaining;
export const stringNotMatching = expect.not.stringMatching;
