// @ts-check
// Modules that are no ECMAScript source: JSON, text, bytes, WebAssembly, built-ins.

import { engine } from "./engine.js";
import { describeSyntaxError } from "./syntax_errors.js";

/** @typedef {import("./module_record.js").ModuleRecord} ModuleRecord */

/**
 * A synthetic module; `fill` sets its exports when it is evaluated.
 * @param {ModuleRecord} record
 * @param {readonly string[]} names
 * @param {(set: (name: string, value: unknown) => void) => void} fill
 */
export function synthetic(record, names, fill) {
  const { vm } = engine();
  // The engine keeps the callback for ever: it must not hold on to anything once it has run.
  /** @type {typeof fill | null} */
  let work = fill;
  /** @type {any} */
  let module = null;
  const evaluate = () => {
    const filled = module, doWork = /** @type {typeof fill} */ (work);
    module = work = null;
    doWork((name, value) => filled.setExport(name, value));
  };
  return module = new vm.SyntheticModule(names, evaluate, { identifier: record.scriptName });
}

/** @param {ModuleRecord} record */
export function defaultModule(record) {
  return synthetic(record, ["default"], (set) => set("default", record.value?.exports));
}

/**
 * @param {ModuleRecord} record
 * @param {any} value
 */
export function valueModule(record, value) {
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
  const names = isObject
    ? Object.keys(value).filter((name) => name !== "default" && name.isWellFormed())
    : [];
  return synthetic(record, [...names, "default"], (set) => {
    for (const name of names) set(name, value[name]);
    set("default", isObject && Object.hasOwn(value, "default") ? value.default : value);
  });
}

/**
 * `import module from "./x.wasm"` gives the WebAssembly.Module, as in workers; one without imports also gives
 * the exports of an instance by name.
 * @param {ModuleRecord} record
 */
export function wasmModule(record) {
  const compiled = record.value?.exports;
  const isSelfContained = WebAssembly.Module.imports(compiled).length === 0;
  const names = isSelfContained
    ? WebAssembly.Module.exports(compiled).map(({ name }) => name).filter((name) => name !== "default")
    : [];
  return synthetic(record, [...names, "default"], (set) => {
    const exports = names.length === 0 ? {} : new WebAssembly.Instance(compiled).exports;
    for (const name of names) set(name, /** @type {any} */ (exports)[name]);
    set("default", compiled);
  });
}

/** @param {ModuleRecord} record */
export function parseJson(record) {
  try {
    return JSON.parse(record.text);
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    throw describeSyntaxError({ message: `${record.path}: ${message}` }, {
      file: record.path,
      source: record.text,
    });
  }
}
