// Stands in for `pretty-format`: ours, from the source of the test framework.
export { format } from "/framework/expect/format.js";
