// Says where our `expect` differs from the record of Jest's. Prints one JSON line; `--details` explains.
import { createExpect } from "../../../src/isolatejs/capabilities/testing/expect/expect.js";
import { fn } from "../../../src/isolatejs/capabilities/testing/mock/mock_function.js";
import { allCases, allPairs, digest, outcome } from "./expect_cases.js";

const record = JSON.parse(Deno.readTextFileSync(new URL("jest_expect.json", import.meta.url)));
record.tables = record.tables.split(" ");
const expect = createExpect();
const details = Deno.args.includes("--details");
const limit = 40;
let shown = 0;
const differing = [];

const say = (/** @type {any[]} */ ...lines) => {
  if (details && shown++ < limit) console.error(...lines, "\n--------");
};

/** Jest crashes on these. @param {string} source */
const crashesJest = (source) => /throw (?:null|undefined); }\)(?:\.not)?\.toThrow\((?:new|\{)/.test(source);
/** Jest prints copies without their contents, or the engine's private parts: only pass and fail have to agree. @param {string} source */
const printsBetter = (source) => /new (?:URL|DataView|ArrayBuffer)\(|\.buffer|arguments/.test(source);

let compared = 0;
for (const [i, source] of allCases().entries()) {
  if (crashesJest(source)) continue;
  compared++;
  const ours = await outcome(source, expect, fn);
  const theirs = record.messages[source] ?? record.tables[i];
  if (ours === theirs || digest(ours) === theirs) continue;
  differing.push(source);
  say(`${source}\nJEST: ${theirs}\nOURS: ${ours}`);
}
const pairs = new Map();
for (const [received, matcher, expected] of allPairs()) {
  const key = `${matcher} ${received}`;
  const index = pairs.get(key) ?? 0;
  pairs.set(key, index + 1);
  compared++;
  const plain = await outcome(`expect(${received}).${matcher}(${expected})`, expect, fn);
  const negated = await outcome(`expect(${received}).not.${matcher}(${expected})`, expect, fn);
  const ours = plain === "" ? `+${digest(negated)}` : `-${digest(plain)}`;
  const theirs = record.pairs[key].split(" ")[index];
  if (matcher === "toMatchObject" && expected.includes("new URL(")) continue; // Jest takes a URL for an empty object
  if (ours === theirs || (printsBetter(`${received} ${expected}`) && ours[0] === theirs[0])) continue;
  differing.push(`expect(${received}).${matcher}(${expected})`);
  say(`expect(${received}).${matcher}(${expected})\nJEST: ${theirs}\nOURS: ${ours} ${plain}${plain ? "" : negated}`);
}
console.log(JSON.stringify({ jest: record.jest, compared, differing }));
