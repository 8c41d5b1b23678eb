// Files of the kernel that are loaded when they are first needed. A literal `import("./x.js")` would make the
// engine read the file, and all that it imports, at the start of every process.
// @ts-check

/**
 * @param {string} path  relative to the file that asks
 * @param {string} base  its `import.meta.url`
 * @returns {Promise<any>}
 */
export const importLater = (path, base) => import(new URL(path, base).href);

const { URL } = globalThis;
