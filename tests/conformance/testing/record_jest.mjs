// Records what Jest's own `expect` says to every case, into jest_expect.json. Run with Node, in a folder where
// `npm install expect@30 jest-mock@30` was run:   FORCE_COLOR=0 node record_jest.mjs FOLDER
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
import { SINGLES, allCases, allPairs, digest, outcome } from "./expect_cases.js";

const require = createRequire(`${process.argv[2]}/`);
const { expect } = require("expect");
const { fn } = require("jest-mock");
const version = JSON.parse(readFileSync(require.resolve("expect/package.json"), "utf8")).version;

const messages = {};
const tables = [];
for (const source of allCases()) {
  const text = await outcome(source, expect, fn);
  if (SINGLES.includes(source)) messages[source] = text;
  tables.push(digest(text));
}
const pairs = {};
for (const [received, matcher, expected] of allPairs()) {
  const plain = await outcome(`expect(${received}).${matcher}(${expected})`, expect, fn);
  const negated = await outcome(`expect(${received}).not.${matcher}(${expected})`, expect, fn);
  (pairs[`${matcher} ${received}`] ??= []).push(plain === "" ? `+${digest(negated)}` : `-${digest(plain)}`);
}
const packed = Object.fromEntries(Object.entries(pairs).map(([key, row]) => [key, row.join(" ")]));
writeFileSync(new URL("jest_expect.json", import.meta.url), JSON.stringify({ jest: version, messages, tables: tables.join(" "), pairs: packed }, null, 1) + "\n");
console.log(`recorded ${tables.length} cases and ${Object.keys(packed).length} rows of Jest ${version}`);
