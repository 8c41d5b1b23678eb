// `node:path` as programs see it: POSIX, and relative paths start at the program's own `cwd`.
// @ts-check

import { getBuiltin } from "./engine.js";
import {
  ObjectAssign,
  StringPrototypeEndsWith,
  StringPrototypeSlice,
  StringPrototypeStartsWith,
} from "./primordials.js";

/**
 * The module, and the global `path`; the engine's is loaded when either is first wanted.
 * @param {import("./kernel.js").Kernel} kernel
 */
export function installPath(kernel) {
  /** @type {any} */
  let path;
  const load = () => path ??= createPath(kernel);
  kernel.registerBuiltin("node:path", load);
  kernel.registerBuiltin("node:path/posix", load);
  kernel.defineLazyGlobal("path", load);
}

/** Whose `cwd` may change: a session is taken up again with another one. @param {{cwd: string}} kernel */
function createPath(kernel) {
  const engine = getBuiltin("node:path");
  const { isAbsolute, normalize, relative } = engine.posix;

  /** The absolute path that these segments lead to, from the right to the first absolute one. @param {string[]} segments */
  function resolve(...segments) {
    let path = "";
    for (let i = segments.length - 1; i >= 0 && !StringPrototypeStartsWith(path, "/"); i--) {
      isAbsolute(segments[i]); // throws what Node throws for what is no string
      if (segments[i] !== "") path = path === "" ? segments[i] : `${segments[i]}/${path}`;
    }
    if (!StringPrototypeStartsWith(path, "/")) {
      path = path === "" ? kernel.cwd : `${kernel.cwd}/${path}`;
    }
    const normal = normalize(path);
    return normal !== "/" && StringPrototypeEndsWith(normal, "/")
      ? StringPrototypeSlice(normal, 0, -1)
      : normal;
  }

  const posix = ObjectAssign({}, engine.posix, {
    resolve,
    relative: (/** @type {string} */ from, /** @type {string} */ to) => relative(resolve(from), resolve(to)),
    toNamespacedPath: (/** @type {any} */ path) => path,
    win32: engine.win32,
  });
  posix.posix = posix;
  return posix;
}
