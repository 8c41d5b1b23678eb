// @ts-check
// What the linker takes from the engine: `node:vm` modules, type stripping, promise state. Touching any of
// it boots the engine's Node layer (about 20 ms), so nothing here runs before `engine()` is first called.

import { bufferDescriptor, core, processDescriptor, withEngine } from "../engine.js";

/**
 * @typedef {object} Engine
 * @property {any} vm  `node:vm`
 * @property {(name: string) => any} builtin  a `node:` module of the engine, undefined when it has none
 * @property {(source: string, options: object) => string} stripTypes
 * @property {any} realProcess  the engine's own `process`: never handed to a program
 */

/** Base of the kernel's own files, the only ones that the engine's loader may load. */
const IMAGE_URL = new URL("../../", import.meta.url).href;

const { URL: NativeURL } = globalThis;
const { apply } = Reflect;

/** @type {(promise: Promise<unknown>) => [number, unknown]} */
const promiseDetails = core.getPromiseDetails;

/** @type {Engine | null} */
let loaded = null;
/** @type {{ url: string, source: string } | null} */
let probe = null;

/** @returns {Engine} */
export function engine() {
  if (loaded !== null) return loaded;
  const realProcess = readGlobal(processDescriptor);
  const builtin = (/** @type {string} */ name) => withEngine(() => realProcess.getBuiltinModule(name));
  const vm = builtin("node:vm");
  const module = builtin("node:module");
  module.registerHooks({ resolve: resolveForEngine, load: loadForEngine });
  const { stripTypeScriptTypes } = module;
  loaded = {
    vm,
    builtin,
    realProcess,
    stripTypes: (source, options) => apply(stripTypeScriptTypes, module, [source, options]),
  };
  hearWarnings(realProcess);
  return loaded;
}

/** @type {((warning: Error) => void) | null} what becomes of a warning of the engine's Node layer */
let hearWarning = null;

/**
 * Says who hears the warnings of the engine's Node layer, such as those of `util.deprecate`.
 * @param {(warning: Error) => void} listener
 */
export function onEngineWarning(listener) {
  hearWarning = listener;
}

/**
 * Leads the Node layer's warnings to the program. The layer's own listener asks `Deno` for options, and `Buffer()` asks
 * until it has warned once: so it warns here, unheard.
 * @param {any} realProcess
 */
function hearWarnings(realProcess) {
  for (const emitter of [realProcess, realProcess.default]) {
    emitter?.removeAllListeners("warning");
    emitter?.on("warning", (/** @type {Error} */ warning) => hearWarning?.(warning));
  }
  silently(() => engineBuffer()(0));
}

/**
 * A built-in of the engine that a program gets. Its properties that are made when they are first read are read here:
 * making one asks `Deno` for options.
 * @param {string} name
 */
export function completeBuiltin(name) {
  const exports = engine().builtin(name);
  for (const key of Object.getOwnPropertyNames(exports)) {
    if (Object.getOwnPropertyDescriptor(exports, key)?.get !== undefined) silently(() => exports[key]);
  }
  return exports;
}

/** @param {() => unknown} work */
function silently(work) {
  withEngine(() => {
    const { realProcess } = engine();
    const { emitWarning } = realProcess;
    const emitters = [realProcess, ...(realProcess.default === undefined ? [] : [realProcess.default])];
    for (const emitter of emitters) emitter.emitWarning = () => {};
    try {
      work();
    } finally {
      for (const emitter of emitters) emitter.emitWarning = emitWarning;
    }
  });
}

/** @type {((path: string) => any) | null} */
let requireKernelFile = null;

/**
 * A module of the kernel that is rarely needed, without waiting.
 * @param {string} path  below `guest/`
 */
export function loadKernelFile(path) {
  requireKernelFile ??= /** @type {(path: string) => any} */ (
    engine().builtin("node:module").createRequire(new URL("../x.js", import.meta.url))
  );
  return requireKernelFile(`./${path}`);
}

/** The engine's `Buffer`, without going through the global that the program sees. */
export function engineBuffer() {
  return readGlobal(bufferDescriptor);
}

/**
 * The state of a promise, without waiting.
 * @param {Promise<unknown>} promise
 * @returns {{ state: "pending" | "fulfilled" | "rejected", value: unknown }}
 */
export function inspectPromise(promise) {
  const { 0: state, 1: value } = promiseDetails(promise);
  return { state: state === 0 ? "pending" : state === 1 ? "fulfilled" : "rejected", value };
}

/**
 * The error of the engine's own loader for a source that V8 refuses: unlike the one of `node:vm` it says
 * where. Only for sources that are known not to compile; they are never evaluated.
 * @param {string} source
 * @param {string} [mediaType]  `data:` media type when the source is not JavaScript
 * @returns {Promise<Error | null>}
 */
export async function loaderError(source, mediaType) {
  engine();
  const current = mediaType === undefined
    ? { url: "file:///isolatejs-syntax-probe.js", source }
    : { url: `data:${mediaType},${encodeURIComponent(source)}`, source };
  probe = current;
  try {
    const importing = import(current.url);
    await importing;
  } catch (error) {
    return /** @type {Error} */ (error);
  } finally {
    if (probe === current) probe = null;
  }
  return null;
}

/**
 * @param {PropertyDescriptor | undefined} descriptor
 * @returns {any}
 */
function readGlobal(descriptor) {
  const get = descriptor?.get;
  return get ? withEngine(() => apply(get, globalThis, [])) : descriptor?.value;
}

/**
 * Refuses whatever reaches the engine's loader, except the kernel's own files. A program's `import()` goes to
 * the linker; only code without a script of its own (`Promise.resolve("return import('x')").then(Function)`)
 * comes here.
 * @param {string} specifier
 * @param {{ parentURL?: string }} context
 * @param {(specifier: string, context: object) => object} next
 */
function resolveForEngine(specifier, context, next) {
  if (probe !== null && specifier === probe.url) {
    return specifier.startsWith("data:") ? next(specifier, context) : { url: specifier, shortCircuit: true };
  }
  const parent = context.parentURL ?? "";
  if (parent.startsWith(IMAGE_URL)) {
    const url = NativeURL.parse(specifier, parent);
    if (url !== null && url.href.startsWith(IMAGE_URL)) return { url: url.href, shortCircuit: true };
  }
  const error = new TypeError(`Cannot import ${JSON.stringify(specifier)} here: only a module can import it`);
  Object.defineProperty(error, "code", { value: "ERR_MODULE_NOT_FOUND", configurable: true, writable: true });
  throw error;
}

/**
 * @param {string} url
 * @param {object} context
 * @param {(url: string, context: object) => object} next
 */
function loadForEngine(url, context, next) {
  if (probe !== null && url === probe.url && !url.startsWith("data:")) {
    return { format: "module", source: probe.source, shortCircuit: true };
  }
  return next(url, context);
}
