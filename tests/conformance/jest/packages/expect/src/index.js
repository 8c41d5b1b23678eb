// Stands in for Jest's package `expect`: the one of the test runtime.
export const { expect } = globalThis;
export default expect;
