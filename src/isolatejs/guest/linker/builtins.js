// @ts-check
// The `node:` modules: the one table of what a program gets, and the modules that the kernel registers.

import { SafeMap } from "../primordials.js";
import { completeBuiltin, engine, loadKernelFile, onEngineWarning } from "./engine.js";
import { createModule } from "./node/module.js";
import { createOs } from "./node/os.js";
import { createProcess, showWarning } from "./node/process.js";
import { createTty } from "./node/tty.js";

/** @typedef {() => any} Factory */

/**
 * Where each of Node's modules comes from. docs/modules.md shows the same table, a test keeps them equal.
 *
 * - `engine`: the engine's own; it computes only, and reaches nothing
 * - `kernel`: ours, small and honest (`process`, `os`, `module`), or over a granted capability (`http`)
 * - `granted`: there when a capability is granted (`fs` with files); until then every function of it throws
 * - `absent`: importing it throws; it would start processes, open sockets or look into the engine
 * @type {Readonly<Record<string, "engine" | "kernel" | "granted" | "absent">>}
 */
export const NODE_MODULES = Object.freeze(Object.assign(Object.create(null), {
  "assert": "engine",
  "assert/strict": "engine",
  "async_hooks": "kernel",
  "buffer": "engine",
  "child_process": "absent",
  "cluster": "absent",
  "console": "kernel",
  "constants": "kernel",
  "crypto": "engine",
  "dgram": "absent",
  "diagnostics_channel": "engine",
  "dns": "absent",
  "dns/promises": "absent",
  "domain": "absent",
  "events": "engine",
  "fs": "granted",
  "fs/promises": "granted",
  "http": "kernel",
  "http2": "absent",
  "https": "kernel",
  "inspector": "absent",
  "inspector/promises": "absent",
  "module": "kernel",
  "net": "absent",
  "os": "kernel",
  "path": "kernel",
  "path/posix": "kernel",
  "path/win32": "engine",
  "perf_hooks": "engine",
  "process": "kernel",
  "punycode": "engine",
  "querystring": "engine",
  "readline": "engine",
  "readline/promises": "engine",
  "repl": "absent",
  "sea": "absent",
  "sqlite": "absent",
  "stream": "engine",
  "stream/consumers": "engine",
  "stream/promises": "engine",
  "stream/web": "engine",
  "string_decoder": "engine",
  "sys": "engine",
  "test": "absent",
  "test/reporters": "absent",
  "timers": "engine",
  "timers/promises": "engine",
  "tls": "absent",
  "trace_events": "absent",
  "tty": "kernel",
  "url": "engine",
  "util": "engine",
  "util/types": "engine",
  "v8": "absent",
  "vm": "absent",
  "wasi": "absent",
  "worker_threads": "absent",
  "zlib": "engine",
}));

/** Modules that only exist with their prefix. */
const PREFIX_ONLY = ["sea", "sqlite", "test", "test/reporters"];

/** Names that a program can import, without their prefix. */
const AVAILABLE = Object.keys(NODE_MODULES).filter((name) => NODE_MODULES[name] !== "absent");

/**
 * @typedef {object} Surroundings  what the kernel's own modules need to know
 * @property {() => Record<string, string>} environment
 * @property {() => string} cwd
 * @property {(path: string) => any} requireFor
 */

export class Builtins {
  /** @type {SafeMap} full name to factory */
  #factories = new SafeMap();
  /** @type {Record<string, () => any>} the linker's own, by full name */
  #own;
  /** @type {SafeMap} full name to exports */
  #loaded = new SafeMap();

  /** @param {Surroundings} surroundings */
  constructor({ environment, cwd, requireFor }) {
    /** @type {Record<string, () => any>} */
    const own = {
      "node:process": () =>
        createProcess({
          environment: environment(),
          cwd,
          getBuiltinModule: (name) =>
            this.isAvailable(`${name}`) ? this.load(this.nameOf(`${name}`) ?? "") : undefined,
        }),
      "node:os": createOs,
      "node:module": () => createModule({ requireFor, names: AVAILABLE }),
      "node:tty": createTty,
      "node:constants": () => engine().builtin("node:constants"),
      "node:http": () => loadKernelFile("linker/node/http.js").createHttp("http:"),
      "node:https": () => loadKernelFile("linker/node/http.js").createHttp("https:"),
    };
    this.#own = own;
    onEngineWarning((warning) => showWarning(this.load("node:process"), warning));
    for (const name of Object.keys(own)) this.register(name, own[name]);
  }

  /**
   * Provides a module. Later registrations replace earlier ones.
   * @param {string} name  with its prefix: `node:fs`
   * @param {Factory} factory  gives the exports object, once for each runtime
   */
  register(name, factory) {
    this.#factories.set(name, factory);
    this.#loaded.delete(name);
  }

  /**
   * Takes a module away again; one that the linker itself has stands in its place.
   * @param {string} name
   */
  forget(name) {
    this.#loaded.delete(name);
    if (Object.hasOwn(this.#own, name)) this.#factories.set(name, this.#own[name]);
    else this.#factories.delete(name);
  }

  /**
   * The full name of a built-in, null when the specifier means none.
   * @param {string} specifier
   * @returns {string | null}
   */
  nameOf(specifier) {
    if (this.#factories.has(specifier)) return specifier;
    if (specifier.startsWith("node:")) return specifier;
    if (specifier in NODE_MODULES && !PREFIX_ONLY.includes(specifier)) return `node:${specifier}`;
    return null;
  }

  /**
   * A built-in's exports.
   * @param {string} name
   */
  load(name) {
    let exports = this.#loaded.get(name);
    if (exports === undefined) {
      exports = this.#make(name);
      this.#loaded.set(name, exports);
    }
    return exports;
  }

  /**
   * The same when it has been loaded, else undefined.
   * @param {string} name
   */
  loaded(name) {
    return this.#loaded.get(name);
  }

  /** @param {string} name */
  #make(name) {
    const factory = this.#factories.get(name);
    if (factory !== undefined) return factory();
    const kind = name.startsWith("node:") ? NODE_MODULES[name.slice("node:".length)] : undefined;
    if (kind === "engine") return completeBuiltin(name);
    if (kind === undefined) throw unknownBuiltin(`No such built-in module: ${name}`, name);
    if (kind === "granted") return lockedModule(name, engine().builtin(name));
    throw unknownBuiltin(`The module '${name}' is not available in this sandbox`, name);
  }

  /**
   * Whether a specifier means a built-in that can be loaded.
   * @param {string} specifier
   */
  isAvailable(specifier) {
    const name = this.nameOf(specifier);
    if (name === null) return false;
    const kind = NODE_MODULES[name.slice("node:".length)];
    return this.#factories.has(name) || (kind !== undefined && kind !== "absent");
  }
}

/**
 * @param {string} message
 * @param {string} name
 */
function unknownBuiltin(message, name) {
  const error = new Error(message);
  error.name = "ModuleResolutionError";
  Object.defineProperty(error, "code", {
    value: "ERR_UNKNOWN_BUILTIN_MODULE",
    configurable: true,
    writable: true,
  });
  Object.defineProperty(error, "specifier", { value: name, configurable: true, writable: true });
  return error;
}

/**
 * A module with the shape of the engine's whose functions all say what is missing. It has to load: many
 * packages import `node:fs` and use it on some of their paths only.
 * @param {string} name
 * @param {any} shape
 */
function lockedModule(name, shape) {
  /** @type {Record<string, any>} */
  const locked = {};
  for (const key of Object.keys(shape)) {
    if (key === "default") continue;
    if (key === "constants") locked[key] = shape[key];
    else if (key === "promises") locked[key] = lockedModule(`${name}/promises`, shape[key]);
    else if (typeof shape[key] === "function") locked[key] = lockedFunction(name, key);
  }
  if ("existsSync" in locked) locked.existsSync = () => false;
  return locked;
}

/**
 * @param {string} module
 * @param {string} name
 */
function lockedFunction(module, name) {
  const call = function () {
    const error = new Error(
      `${module}: ${name}() needs the files capability, which this runtime was not granted`,
    );
    throw Object.assign(error, { code: "ERR_ACCESS_DENIED", syscall: name });
  };
  Object.defineProperty(call, "name", { value: name });
  return call;
}
