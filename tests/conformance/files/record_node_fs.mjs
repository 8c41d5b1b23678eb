// Keeps what Node answers to node_fs_cases.js: node record_node_fs.mjs > node_fs.json (recorded with Node 20).
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const base = fs.mkdtempSync(path.join(os.tmpdir(), "node-fs-"));
const linkIn = (directory) => fs.symlinkSync("file", `${directory}/link`);
const program = fs.readFileSync(new URL("./node_fs_cases.js", import.meta.url), "utf8");
const AsyncFunction = (async () => {}).constructor;
const run = new AsyncFunction(
  "fs",
  "path",
  "Buffer",
  "base",
  "linkIn",
  `${program}; return await runCases();`,
);
console.log(JSON.stringify(await run(fs, path, Buffer, base, linkIn), null, 1));
fs.rmSync(base, { recursive: true });
process.exit(0);
