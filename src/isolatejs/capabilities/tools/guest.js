// The embedder's tools as global functions.
// @ts-check

import { retrace } from "../../guest/errors.js";
import {
  ObjectDefineProperty,
  ObjectFreeze,
  ObjectKeys,
  SymbolAsyncIterator,
} from "../../guest/primordials.js";

/** @param {import("../../guest/kernel.js").Kernel} kernel @param {{tree: any}} grant */
export function install(kernel, { tree }) {
  for (const name of ObjectKeys(tree)) kernel.defineGlobal(name, member(kernel.channel, name, tree[name]));
}

/** @param {any} channel @param {string} path @param {any} kind @returns {any} */
function member(channel, path, kind) {
  if (kind === "stream") return streamTool(channel, path);
  if (kind === "either") return eitherTool(channel, path);
  if (typeof kind === "string") return callTool(channel, path);
  /** @type {any} */
  const group = {};
  for (const name of ObjectKeys(kind)) {
    const value = member(channel, `${path}.${name}`, kind[name]);
    ObjectDefineProperty(group, name, { value, enumerable: true }); // `__proto__` is a name as any other
  }
  return ObjectFreeze(group);
}

/** @param {any} channel @param {string} path @param {any[]} args */
async function request(channel, path, args) {
  /** @type {Uint8Array[]} */
  const attachments = [];
  let encoded = channel.tryEncode(args, attachments, "args");
  if (encoded === undefined) encoded = await channel.encodeAsync(args, attachments, "args");
  try {
    const reply = await channel.call("tools.callTool", { path, args: encoded }, { attachments });
    return reply.decode(reply.value);
  } catch (error) {
    throw retrace(error);
  }
}

/** @param {any} channel @param {string} path */
function callTool(channel, path) {
  const tool = (/** @type {any[]} */ ...args) => request(channel, path, args);
  return named(tool, path);
}

/** A tool that yields: usable at once in `for await`, without awaiting the call. @param {any} channel @param {string} path */
function streamTool(channel, path) {
  const tool = (/** @type {any[]} */ ...args) => {
    /** @type {Promise<any> | undefined} */
    let opening;
    /** @type {any} */
    let opened;
    const open = async () => opened = await request(channel, path, args);
    return {
      next: async () => await (opened ?? await (opening ??= open())).next(),
      return: async (/** @type {any} */ value) => {
        if (opening === undefined) return { done: true, value };
        return await (await opening).return(value);
      },
      [SymbolAsyncIterator]() {
        return this;
      },
    };
  };
  return named(tool, path);
}

/** A tool of which nobody knows whether it yields: its promise can be awaited or used in `for await`. @param {any} channel @param {string} path */
function eitherTool(channel, path) {
  const tool = (/** @type {any[]} */ ...args) => {
    const result = request(channel, path, args);
    const iterate = async function* () {
      yield* await result;
    };
    return ObjectDefineProperty(result, SymbolAsyncIterator, { value: iterate, configurable: true });
  };
  return named(tool, path);
}

/** @param {any} tool @param {string} path */
function named(tool, path) {
  const name = path.slice(path.lastIndexOf(".") + 1);
  return ObjectDefineProperty(tool, "name", { value: name, configurable: true });
}
