// What a program gives its children, as it crosses: its functions, each with whether it wants the call context as
// its last argument, and plain data. Every function is wrapped, so that what runs is always code of this sandbox,
// also where the program hands on what its own host gave it.
// @ts-check

import { encodeText, ObjectKeys, SafeMap } from "../../guest/primordials.js";
import { resolverParts } from "./resolver.js";

const BINDINGS = ["console", "fetch", "files", "modules", "tools", "browser"];

/** @param {any} given */
export function prepareBindings(given) {
  /** @type {any} */
  const prepared = {};
  for (const name of ObjectKeys(given)) {
    if (!BINDINGS.includes(name)) {
      throw new TypeError(`bindings: unknown option ${name}; known are ${BINDINGS.join(", ")}`);
    }
    const value = given[name];
    if (value === undefined || value === null) continue;
    prepared[name] = PREPARE[name](value);
  }
  return prepared;
}

/**
 * A session that is put aside keeps its children, and what it has given them.
 * @param {import("../../channel/references.js").References} references @param {any} prepared
 */
export function keepFunctions(references, prepared, seen = new SafeMap()) {
  if (typeof prepared === "function") references.keep(prepared);
  if (typeof prepared !== "object" || prepared === null || seen.has(prepared)) return;
  seen.set(prepared, true);
  for (const name of ObjectKeys(prepared)) keepFunctions(references, prepared[name], seen);
}

/** @type {Record<string, (given: any) => any>} */
const PREPARE = {
  console(given) {
    const handler = typeof given === "function" ? given : given.onEntry;
    if (typeof handler !== "function") {
      throw new TypeError("bindings.console: a function, or an object with onEntry");
    }
    return [(/** @type {any[]} */ ...args) => void handler.apply(given, args), handler.length > 1];
  },
  fetch(given) {
    checkFunction(given, "bindings.fetch");
    return (/** @type {any[]} */ ...args) => given(...args);
  },
  files: (given) => prepareFiles(given),
  modules: (given) => resolverParts(given),
  tools: (given) => prepareTools(given, "bindings.tools"),
  browser(given) {
    if (given === /** @type {any} */ (globalThis).browser) return true;
    throw new TypeError("bindings.browser: only this runtime's own browser can be handed on");
  },
};

/** @param {any} given @param {string} where */
function checkFunction(given, where) {
  if (typeof given !== "function") throw new TypeError(`${where} must be a function, not ${typeof given}`);
}

/** Tools and groups of them. @param {any} given @param {string} where @param {Map<any, any>} seen @returns {any} */
function prepareTools(given, where, seen = new SafeMap()) {
  if (typeof given !== "object") throw new TypeError(`${where} must be an object of functions`);
  const known = seen.get(given);
  if (known !== undefined) return known;
  /** @type {any} */
  const prepared = {};
  seen.set(given, prepared);
  for (const name of ObjectKeys(given)) {
    const tool = given[name];
    if (tool === undefined) continue;
    prepared[name] = typeof tool === "function"
      ? prepareTool(tool, given)
      : prepareTools(tool, `${where}.${name}`, seen);
  }
  return prepared;
}

/**
 * A tool that declares one more parameter than it is called with, and calls that `context` or takes it apart, gets
 * the call context there.
 * @param {any} tool @param {any} group
 */
function prepareTool(tool, group) {
  const place = contextParameter(tool);
  if (place < 0) return [(/** @type {any[]} */ ...args) => tool.apply(group, args), false];
  return [(/** @type {any[]} */ ...args) => {
    const context = args.pop();
    if (args.length <= place) args[place] = context;
    return tool.apply(group, args);
  }, true];
}

const CONTEXT = /[(,]\s*(?:_?(?:context|ctx)|\{[^{}()=]*\})\s*,?\s*\)$/;
const LONE_CONTEXT = /^(?:async\s+)?_?(?:context|ctx)\s*=>/;
const HEAD_LIMIT = 2_000;

/** Which parameter of a function is the call context, -1 for none. @param {any} tool */
function contextParameter(tool) {
  if (tool.length === 0) return -1;
  const source = Function.prototype.toString.call(tool).slice(0, HEAD_LIMIT);
  const head = source.slice(0, source.indexOf(")") + 1);
  return LONE_CONTEXT.test(source) || CONTEXT.test(head) ? tool.length - 1 : -1;
}

/** File methods, and how many arguments each has before the call context. @type {Record<string, number>} */
const FILE_METHODS = {
  readFile: 1,
  writeFile: 2,
  unlink: 1,
  readdir: 1,
  mkdir: 2,
  rmdir: 1,
  stat: 1,
  rename: 2,
};

/** An object with some of the file methods. @param {any} files */
function prepareFiles(files) {
  if (typeof files !== "object" && typeof files !== "function") {
    throw new TypeError("bindings.files must be an object with file methods");
  }
  /** @type {any} */
  const methods = {};
  for (const name of ObjectKeys(FILE_METHODS)) {
    if (typeof files[name] === "function") methods[name] = prepareFileMethod(files, name);
  }
  if (ObjectKeys(methods).length === 0) {
    throw new TypeError(`bindings.files has none of the methods ${ObjectKeys(FILE_METHODS).join(", ")}`);
  }
  const changes = CHANGING.some((name) => methods[name] !== undefined);
  for (const name of ["readFile", "readdir", "stat", ...(changes ? CHANGING : [])]) {
    methods[name] ??= [standIn(name, files), false];
  }
  return methods;
}

/** @param {any} files @param {string} name */
function prepareFileMethod(files, name) {
  const count = FILE_METHODS[name];
  const wantsContext = files[name].length > count;
  const call = (/** @type {any[]} */ ...args) => {
    if (name === "mkdir") args.splice(1, 0, { recursive: false });
    return files[name](...args);
  };
  if (name === "stat") {
    return [async (/** @type {any[]} */ ...args) => statOf(await call(...args)), wantsContext];
  }
  if (name === "readdir") {
    return [
      async (/** @type {any[]} */ ...args) => [...await call(...args)].map((entry) => entry?.name ?? entry),
      wantsContext,
    ];
  }
  return [call, wantsContext];
}

const CHANGING = ["writeFile", "unlink", "mkdir", "rmdir", "rename"];

/** What a method does that a program leaves out. @param {string} name @param {any} files @returns {(path: string) => any} */
function standIn(name, files) {
  if (name === "stat" && (files.readFile ?? files.readdir) !== undefined) {
    return (path) => statByReading(files, path);
  }
  return (path) => {
    throw absent(name, path);
  };
}

/** A stat by what reading a file or a directory says. @param {any} files @param {string} path */
async function statByReading(files, path) {
  if (files.readFile !== undefined) {
    try {
      const content = await files.readFile(path);
      return {
        kind: "file",
        size: typeof content === "string" ? encodeText(content).length : content.byteLength,
      };
    } catch (error) {
      if (path !== "/" && files.readdir === undefined) throw error;
      if (files.readdir === undefined) return { kind: "directory", size: 0 };
    }
  }
  await files.readdir(path);
  return { kind: "directory", size: 0 };
}

/** @param {string} method @param {string} path */
function absent(method, path) {
  const error = new Error(`ENOSYS: the files of this runtime have no ${method}, '${path}'`);
  return Object.assign(error, { code: "ENOSYS", path });
}

/** A stat of Node's, of the document's (`{ isFile, isDirectory, size }`) or of our own, as the host takes it. @param {any} stat */
function statOf(stat) {
  if (typeof stat !== "object" || stat === null) return stat;
  const is = (/** @type {string} */ name) => typeof stat[name] === "function" ? stat[name]() : stat[name];
  let { kind } = stat;
  if (kind === undefined) {
    kind = is("isDirectory") ? "directory" : is("isSymbolicLink") ? "symlink" : "file";
  }
  const modified = stat.mtimeMs ?? (stat.mtime instanceof Date ? stat.mtime.getTime() : undefined);
  return {
    kind,
    size: Number(stat.size ?? 0),
    mtime: typeof modified === "number" ? modified / 1000 : 0,
  };
}
