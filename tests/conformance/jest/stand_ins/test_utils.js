// Stands in for `@jest/test-utils`. Messages have no colours here, and the recorded ones are read without theirs.
const { describe } = globalThis;

/** Prints a text as it is. */
export const alignedAnsiStyleSerializer = {
  serialize: (text) => text,
  test: (value) => typeof value === "string",
};

/** Every version that Jest's files ask for is an old one. */
export const onNodeVersions = (range, body) => describe(`on node ${range}`, body);
