// Stands in for `@jest/expect-utils`: what matchers of the test runtime get as `this.equals` and `this.utils`.
let context;
globalThis.expect.extend({
  isolatejsShowContext() {
    context = this;
    return { pass: true };
  },
});
globalThis.expect(0).isolatejsShowContext();

export const { equals, utils } = context;
export const { iterableEquality, subsetEquality } = utils;
export const Tester = undefined; // a type, which Jest's files import among the values
