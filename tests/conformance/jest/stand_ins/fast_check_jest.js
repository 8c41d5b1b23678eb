// Stands in for `@fast-check/jest`, which needs Jest's own runner: `it.prop` over the same fast-check.
import fc from "fast-check";

export { fc };
export const it = {
  prop: (arbitraries, settings) => (name, check) =>
    globalThis.it(name, () => fc.assert(fc.asyncProperty(...arbitraries, async (...values) => {
      await check(...values);
    }), settings)),
};
