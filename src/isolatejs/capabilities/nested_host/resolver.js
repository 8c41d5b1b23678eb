// The module resolver that a program can build for its children. Its functions run in the program's sandbox.
// @ts-check

/** @type {WeakMap<object, any[]>} */
const partsOf = new WeakMap();

class ModuleResolver {
  constructor() {
    partsOf.set(this, []);
  }

  /** @param {string} specifier @param {string | (() => any)} source @param {{filename?: string, resolveDir?: string, static?: boolean}} [options] */
  virtual(specifier, source, options = {}) {
    return add(this, { kind: "virtual", specifier, source, ...options });
  }

  /** @param {string} prefix @param {(path: string) => any} loader */
  sourceTree(prefix, loader) {
    return add(this, { kind: "sourceTree", prefix, loader });
  }

  /** @param {(specifier: string, importer: any) => any} loader */
  fallback(loader) {
    return add(this, { kind: "fallback", loader });
  }
}

/** @template {object} T @param {T} resolver @param {any} part @returns {T} */
function add(resolver, part) {
  /** @type {any[]} */ (partsOf.get(resolver)).push(part);
  return resolver;
}

export const createModuleResolver = () => new ModuleResolver();

/** What a resolver was told, in order. @param {any} resolver */
export function resolverParts(resolver) {
  const parts = partsOf.get(resolver);
  if (parts === undefined) throw new TypeError("bindings.modules: a resolver made by createModuleResolver()");
  return parts;
}
