// @ts-check
// Guest half of the console: the `console` global (WHATWG Console standard) and node:console. Each call that
// a reader would see becomes one note. Without a grant the methods are there and do nothing.

import { internals } from "../../guest/engine.js";
import { createFormatter } from "./format.js";
import { asPlainData } from "./plain_data.js";

const { apply } = Reflect;
const { create, defineProperty } = Object;
const { captureStackTrace } = Error;
const { slice, startsWith } = String.prototype;
const { now: timestamp } = Date;
const monotonic = performance.now.bind(performance);
const toFixed = Function.prototype.call.bind(Number.prototype.toFixed);

/**
 * @typedef {import("./format.js").EngineConsole} EngineConsole
 * @typedef {object} Grant
 * @property {boolean} enabled
 * @property {boolean} [values] whether the embedder wants the arguments besides the text
 * @property {boolean} [colors]
 * @property {number} [entryLimitBytes]
 */

/** What the present grant says. One object for the life of the process: a program may hold our methods. */
const settings = { enabled: false, values: false, colors: false, entryLimit: 0 };

/** @param {import("../../guest/kernel.js").Kernel} kernel @param {Grant} grant */
export function install(kernel, grant) {
  rebind(kernel, grant);
  const console = asNamespace(createMethods(kernel));
  kernel.defineGlobal("console", console);
  kernel.registerBuiltin("node:console", () => console);
}

/** Another embedder, or none, listens from now on. @param {unknown} _kernel @param {Grant} grant */
export function rebind(_kernel, grant) {
  settings.enabled = grant.enabled;
  settings.values = grant.values === true;
  settings.colors = grant.colors === true;
  settings.entryLimit = grant.entryLimitBytes ?? 0;
}

/**
 * All methods, in the order of the standard. Those that are not given do nothing, and none does anything while
 * nobody listens.
 * @param {Record<string, any>} methods
 */
function asNamespace(methods) {
  const console = create({});
  for (const name of METHODS) {
    const implementation = methods[name];
    const method = (/** @type {any[]} */ ...args) => {
      if (settings.enabled && implementation !== undefined) apply(implementation, undefined, args);
    };
    defineProperty(method, "name", { value: name, configurable: true });
    defineProperty(console, name, { ...DATA, value: method });
  }
  console.createTask = createTask;
  console.Console = nodeConsole(internals);
  return defineProperty(console, Symbol.toStringTag, { value: "console", configurable: true });
}

const DATA = { __proto__: null, writable: true, enumerable: true, configurable: true };
const WINDOW_MS = 5;
const WINDOW_ENTRIES = 64;
const METHODS = [
  ...["log", "debug", "info", "warn", "error", "dir", "dirxml", "table", "trace", "assert"],
  ...["count", "countReset", "group", "groupCollapsed", "groupEnd", "time", "timeLog", "timeEnd"],
  ...["clear", "timeStamp", "profile", "profileEnd"],
];

/** V8's console.createTask, without a debugger to show the task to. @param {string} name */
function createTask(name) {
  if (typeof name !== "string" || name === "") {
    throw new TypeError("First argument must be a non-empty string.");
  }
  return { run: (/** @type {() => unknown} */ fn) => fn() };
}

/** @param {import("../../guest/kernel.js").Kernel} kernel */
function createMethods(kernel) {
  const { channel } = kernel;
  const { format, inspect, table, bounded } = createFormatter(internals, settings);
  /** Null prototypes: labels are the program's. @type {Record<string, number>} */
  const counts = create(null);
  /** @type {Record<string, number>} */
  const timers = create(null);
  let groupDepth = 0;
  let windowStart = 0;
  let windowEntries = 0;

  /** @param {string} type @param {string} level @param {string} stdout @param {any[]} args @param {any} [fields] */
  function emit(type, level, stdout, args, fields) {
    const entry = { type, level, stdout, groupDepth, timestamp: timestamp(), ...fields };
    /** @type {Uint8Array[]} */
    const attachments = [];
    if (settings.values && args.length > 0) {
      entry.values = channel.encode(asPlainData(args, inspect, settings.entryLimit), attachments);
    }
    channel.note("console.entryLogged", entry, { attachments });
    // Written at once, so that what was logged before a loop without end, or a crash, is not lost. A program
    // that logs very much leaves collecting to the channel for the rest of the window.
    if (entry.timestamp - windowStart >= WINDOW_MS) {
      windowStart = entry.timestamp;
      windowEntries = 0;
    }
    if (windowEntries++ < WINDOW_ENTRIES) channel.flush();
  }

  /** @param {string} level */
  const output = (level) => (/** @type {any[]} */ ...args) => emit("output", level, format(args), args);

  /** @param {string} text */
  const warn = (text) => emit("output", "warn", text, []);

  /** @param {boolean} collapsed */
  const openGroup = (collapsed) => (/** @type {any[]} */ ...args) => {
    const label = args.length > 0 ? format(args) : "";
    emit("group", "log", label, args, { label, collapsed });
    groupDepth++;
  };

  /** @param {unknown} label */
  const asLabel = (label) => bounded(`${label === undefined ? "default" : label}`);

  return {
    log: output("log"),
    debug: output("debug"),
    info: output("info"),
    warn: output("warn"),
    error: output("error"),
    dirxml: output("log"),

    dir: (/** @type {unknown} */ item, /** @type {unknown} */ options) =>
      emit("dir", "log", inspect(item, options), [item]),

    table: (/** @type {unknown} */ data, /** @type {unknown} */ columns) =>
      emit("table", "log", table(data, columns), columns === undefined ? [data] : [data, columns]),

    trace: (/** @type {any[]} */ ...args) => {
      const message = args.length > 0 ? format(args) : "";
      const header = message === "" ? "Trace" : `Trace: ${message}`;
      const holder = { name: "Trace", message, stack: "" };
      captureStackTrace(holder);
      const stack = framesOf(holder.stack, header);
      emit("trace", "log", bounded(stack === "" ? header : `${header}\n${stack}`), args, {
        stack: bounded(stack),
      });
    },

    assert: (/** @type {unknown} */ condition = false, /** @type {any[]} */ ...args) => {
      if (condition) return;
      let shown = withFirst("Assertion failed:", args, 0);
      if (args.length === 0) shown = ["Assertion failed"];
      else if (typeof args[0] === "string") shown = withFirst(`Assertion failed: ${args[0]}`, args, 1);
      emit("assert", "error", format(shown), args);
    },

    count: (/** @type {unknown} */ given) => {
      const label = asLabel(given);
      const count = counts[label] = (counts[label] ?? 0) + 1;
      emit("count", "info", `${label}: ${count}`, [], { label, count });
    },

    countReset: (/** @type {unknown} */ given) => {
      const label = asLabel(given);
      if (counts[label] === undefined) return warn(`Count for '${label}' does not exist`);
      delete counts[label];
      emit("countReset", "log", "", [], { label });
    },

    group: openGroup(false),
    groupCollapsed: openGroup(true),
    groupEnd: () => {
      if (groupDepth === 0) return;
      groupDepth--;
      emit("groupEnd", "log", "", []);
    },

    time: (/** @type {unknown} */ given) => {
      const label = asLabel(given);
      if (timers[label] !== undefined) return warn(`Timer '${label}' already exists`);
      timers[label] = monotonic();
    },

    timeLog: (/** @type {unknown} */ given, /** @type {any[]} */ ...args) => {
      const label = asLabel(given);
      if (timers[label] === undefined) return warn(`Timer '${label}' does not exist`);
      const durationMs = monotonic() - timers[label];
      const elapsed = `${label}: ${duration(durationMs)}`;
      const stdout = format(withFirst("%s", withFirst(elapsed, args, 0), 0));
      emit("timeLog", "log", stdout, args, { label, durationMs });
    },

    timeEnd: (/** @type {unknown} */ given) => {
      const label = asLabel(given);
      if (timers[label] === undefined) return warn(`Timer '${label}' does not exist`);
      const durationMs = monotonic() - timers[label];
      delete timers[label];
      emit("time", "info", `${label}: ${duration(durationMs)}`, [], { label, durationMs });
    },

    clear: () => {
      groupDepth = 0;
      emit("clear", "log", "", []);
    },
  };
}

/** A new array: `first`, then `args` from `start` on. @param {any} first @param {any[]} args @param {number} start */
function withFirst(first, args, start) {
  const all = [first];
  for (let i = start; i < args.length; i++) defineProperty(all, all.length, { ...DATA, value: args[i] });
  return all;
}

/** @param {number} ms */
function duration(ms) {
  return `${toFixed(ms, 3)}ms`;
}

/** The frames of a stack without its first lines. @param {unknown} stack @param {string} header */
function framesOf(stack, header) {
  if (typeof stack !== "string" || !apply(startsWith, stack, [`${header}\n`])) return "";
  return apply(slice, stack, [header.length + 1]);
}

/** The Console class of node:console, which writes to streams of the program. @param {EngineConsole} engine */
function nodeConsole(engine) {
  return class Console {
    /** @param {any} options @param {any} [stderr] */
    constructor(options, stderr) {
      const streams = typeof options?.write === "function" ? { stdout: options, stderr } : options;
      const { stdout } = streams;
      if (typeof stdout?.write !== "function") {
        throw new TypeError('The "stdout" argument must be a writable stream');
      }
      const errors = streams.stderr ?? stdout;
      return /** @type {any} */ (new engine.Console((text, level) =>
        (level > 1 ? errors : stdout).write(text)
      ));
    }
  };
}
