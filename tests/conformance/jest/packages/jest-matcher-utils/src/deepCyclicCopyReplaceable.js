// Stands in for Jest's module of copies for diffs: ours, from the source of the test framework.
export { copyForDiff as default } from "/framework/expect/diff_copy.js";
