// The module resolver that a program can build for its children. Its functions run in the program's sandbox.
// @ts-check

/** @type {WeakMap<object, any[]>} */
const partsOf = new WeakMap();

class ModuleResolver {
  constructor() {
    partsOf.set(this, []);
  }

  /** @param {string} specifier @param {any} source @param {{filename?: string, resolveDir?: string, static?: boolean}} [options] */
  virtual(specifier, source, options = {}) {
    if (typeof source === "object" && source !== null && typeof source.then !== "function") {
      const { code, ...more } = source;
      return add(this, { kind: "virtual", specifier, source: code, ...more, ...options });
    }
    const given = typeof source === "object" ? () => source : source;
    return add(this, { kind: "virtual", specifier, source: given, ...options });
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

/** What a resolver was told, in order; an object with `resolve` is a lone fallback. @param {any} resolver */
export function resolverParts(resolver) {
  const parts = typeof resolver === "object" ? partsOf.get(resolver) : undefined;
  if (parts !== undefined) return parts.map(wrapped);
  if (typeof resolver?.resolve === "function") {
    return [wrapped({
      kind: "fallback",
      loader: (/** @type {string} */ specifier, /** @type {any} */ importer) =>
        resolver.resolve(specifier, importer),
    })];
  }
  throw new TypeError(
    "bindings.modules: a resolver made by createModuleResolver(), or an object with resolve(specifier, importer)",
  );
}

/** Functions as functions of this sandbox, also those that its host gave it. @param {any} part */
function wrapped(part) {
  const { kind, specifier, prefix, source, loader, filename, resolveDir, static: isStatic } = part;
  return {
    kind,
    specifier,
    prefix,
    source: own(source),
    loader: own(loader),
    filename,
    resolveDir,
    static: isStatic === true,
  };
}

/** @param {any} given */
function own(given) {
  return typeof given === "function" ? (/** @type {any[]} */ ...args) => given(...args) : given;
}
