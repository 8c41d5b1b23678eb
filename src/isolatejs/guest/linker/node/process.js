// @ts-check
// `node:process`, and the global: small and honest. It knows what the program was granted and nothing of the
// process that it really runs in.

import { engine as realEngine } from "../../engine.js";
import { engine } from "../engine.js";

const { queueMicrotask } = globalThis;

/**
 * @typedef {object} ProcessFacts
 * @property {Record<string, string>} environment
 * @property {() => string} cwd
 * @property {(name: string) => any} getBuiltinModule
 */

/**
 * @param {ProcessFacts} facts
 * @returns {any}
 */
export function createProcess({ environment, cwd, getBuiltinModule }) {
  const { realProcess, builtin } = engine();
  const EventEmitter = builtin("node:events");
  const started = performance.now();
  const process = new EventEmitter();
  const { nextTick, hrtime, version, versions, arch } = realProcess;
  const memoryUsage = () => realEngine.memoryUsage();

  Object.assign(process, {
    title: "isolatejs",
    version,
    versions: Object.freeze({ node: versions.node, v8: versions.v8, modules: versions.modules }),
    arch,
    platform: "linux",
    release: Object.freeze({ name: "node" }),
    env: environmentOf(environment),
    argv: ["isolatejs", "/index.js"],
    argv0: "isolatejs",
    execArgv: [],
    execPath: "/isolatejs",
    exitCode: undefined,
    pid: 1,
    ppid: 0,
    config: Object.freeze({ target_defaults: {}, variables: {} }),
    features: Object.freeze({ inspector: false, typescript: "transform", require_module: true }),
    cwd: () => cwd(),
    chdir: () => unavailable("chdir"),
    nextTick: (/** @type {any} */ callback, /** @type {any[]} */ ...args) => nextTick(callback, ...args),
    hrtime: Object.assign((/** @type {any} */ previous) => hrtime(previous), {
      bigint: () => hrtime.bigint(),
    }),
    uptime: () => (performance.now() - started) / 1000,
    memoryUsage: Object.assign(() => ({ ...memoryUsage(), arrayBuffers: 0 }), {
      rss: () => memoryUsage().rss,
    }),
    cpuUsage: () => ({ user: 0, system: 0 }),
    resourceUsage: () => unavailable("resourceUsage"),
    umask: () => 0o22,
    emitWarning: (/** @type {any} */ warning, /** @type {any} */ options, /** @type {any} */ code) =>
      warn(process, warning, typeof options === "string" ? { type: options, code } : options ?? {}),
    getBuiltinModule,
    exit: (/** @type {any} */ code) => {
      throw Object.assign(new Error(`process.exit(${code ?? ""}) is not possible in this sandbox`), {
        code: "ERR_ACCESS_DENIED",
      });
    },
    abort: () => unavailable("abort"),
    kill: () => unavailable("kill"),
    dlopen: () => unavailable("dlopen"),
    binding: () => unavailable("binding"),
    stdout: outputStream("log", 1),
    stderr: outputStream("error", 2),
  });
  let stdin;
  Object.defineProperty(process, "stdin", {
    enumerable: true,
    configurable: true,
    get: () => stdin ??= Object.assign(builtin("node:stream").Readable.from([]), { fd: 0, isTTY: false }),
  });
  Object.defineProperty(process, Symbol.toStringTag, { value: "process", configurable: true });
  return process;
}

/**
 * An environment whose values are text, as in Node.
 * @param {Record<string, string>} variables
 */
function environmentOf(variables) {
  const isText = (/** @type {string | symbol} */ name) => typeof name === "string";
  return new Proxy({ ...variables }, {
    set: (target, name, value) => isText(name) && Reflect.set(target, name, `${value}`),
    defineProperty: (target, name, descriptor) =>
      isText(name) &&
      Reflect.defineProperty(target, name, {
        value: `${descriptor.value}`,
        writable: true,
        enumerable: true,
        configurable: true,
      }),
  });
}

/**
 * What is written is shown as console output, a line at a time.
 * @param {"log" | "error"} method
 * @param {number} fd
 */
function outputStream(method, fd) {
  let line = "";
  let isScheduled = false;
  const flush = () => {
    isScheduled = false;
    if (line !== "") globalThis.console[method](line);
    line = "";
  };
  const decoder = new TextDecoder();
  const write = (/** @type {any} */ chunk, /** @type {any} */ encoding, /** @type {any} */ callback) => {
    const lines = (line + (typeof chunk === "string" ? chunk : decoder.decode(chunk))).split("\n");
    line = lines.pop() ?? "";
    for (const whole of lines) globalThis.console[method](whole);
    if (line !== "" && !isScheduled) {
      isScheduled = true;
      setTimeout(flush, 0);
    }
    const done = typeof encoding === "function" ? encoding : callback;
    if (typeof done === "function") queueMicrotask(done);
    return true;
  };
  return {
    fd,
    isTTY: false,
    writable: true,
    columns: 80,
    write,
    end: (/** @type {any} */ chunk) => {
      if (chunk !== undefined) write(chunk, undefined, undefined);
      flush();
    },
    on: returnThis,
    once: returnThis,
    off: returnThis,
    removeListener: returnThis,
    emit: () => false,
    cork() {},
    uncork() {},
    getColorDepth: () => 1,
    hasColors: () => false,
    getWindowSize: () => [80, 24],
  };
}

/** @this {any} */
function returnThis() {
  return this;
}

/**
 * @param {any} process
 * @param {any} warning
 * @param {{ type?: string, code?: string, detail?: string }} options
 */
function warn(process, warning, { type = "Warning", code, detail }) {
  const error = warning instanceof Error ? warning : Object.assign(new Error(`${warning}`), { name: type });
  if (code !== undefined) Object.assign(error, { code });
  if (detail !== undefined) Object.assign(error, { detail });
  process.nextTick(showWarning, process, error);
}

/**
 * Emits a warning; without a listener it is console output.
 * @param {any} process
 * @param {any} warning
 */
export function showWarning(process, warning) {
  if (warning.name === "DeprecationWarning" && process.noDeprecation) return;
  if (warning.code === "DEP0005") return; // set off by the kernel itself, see engine.js
  if (process.emit("warning", warning)) return;
  const label = warning.code === undefined ? "" : `[${warning.code}] `;
  globalThis.console.warn(`${label}${warning.name}: ${warning.message}`);
}

/** @param {string} name @returns {never} */
function unavailable(name) {
  throw Object.assign(new Error(`process.${name}() is not available in this sandbox`), {
    code: "ERR_ACCESS_DENIED",
  });
}
