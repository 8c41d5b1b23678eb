// @ts-check
// `node:module`: what packages use of it.

import { engine } from "../engine.js";

/**
 * @typedef {object} ModuleFacts
 * @property {(path: string) => any} requireFor
 * @property {readonly string[]} names  built-ins that a program can import, without their prefix
 */

/**
 * @param {ModuleFacts} facts
 * @returns {any}
 */
export function createModule({ requireFor, names }) {
  const { stripTypes } = engine();
  /** @param {string | URL} filename */
  const createRequire = (filename) => {
    const text = `${filename}`;
    const path = text.startsWith("file:") ? decodeURI(new URL(text).pathname) : text;
    if (!path.startsWith("/")) {
      throw Object.assign(
        new TypeError(`The argument 'filename' must be a file URL or an absolute path. Received ${text}`),
        { code: "ERR_INVALID_ARG_VALUE" },
      );
    }
    return requireFor(path);
  };
  const isBuiltin = (/** @type {unknown} */ name) =>
    names.includes(typeof name === "string" && name.startsWith("node:") ? name.slice(5) : `${name}`);
  const module = {
    builtinModules: [...names],
    createRequire,
    isBuiltin,
    findPackageJSON: () => undefined,
    stripTypeScriptTypes: (/** @type {string} */ source, /** @type {object} */ options = {}) =>
      stripTypes(source, options),
    syncBuiltinESMExports() {},
    enableCompileCache: () => ({ status: 3 }),
    register: () => unavailable("register"),
    registerHooks: () => unavailable("registerHooks"),
    wrap: (/** @type {string} */ script) =>
      `(function (exports, require, module, __filename, __dirname) { ${script}\n});`,
    constants: Object.freeze({ compileCacheStatus: Object.freeze({ DISABLED: 3 }) }),
  };
  return Object.assign(module, { Module: module });
}

/** @param {string} name @returns {never} */
function unavailable(name) {
  throw Object.assign(new Error(`module.${name}() is not available in this sandbox`), {
    code: "ERR_ACCESS_DENIED",
  });
}
