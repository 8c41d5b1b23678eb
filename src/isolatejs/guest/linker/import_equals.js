// @ts-check
// TypeScript's own forms of CommonJS, which the engine's type eraser refuses: `import x = require("y")` and
// `export = value`. In CommonJS they are `require` and `module.exports`; in a module the first is a default import,
// which for CommonJS is the same value. Lines stay, and columns but those behind `export =`.

const IMPORT =
  /^([ \t]*)import(\s+(?!type\s+[\w$])([\w$]+)\s*)(=\s*require\s*\()(\s*(?:"[^"\n]*"|'[^'\n]*')\s*)\)/gm;
const EXPORT = /^([ \t]*)export\s*=(?!=)/gm;

/**
 * The source with both forms written as JavaScript, null when it has neither. `names` are what it requires so.
 * @param {string} source  TypeScript
 * @param {boolean} isCommonJS
 */
export function withoutImportEquals(source, isCommonJS) {
  /** @type {string[]} */
  const names = [];
  let code = source.replace(IMPORT, (_statement, indent, middle, name, assigned, specifier) => {
    names.push(name);
    return isCommonJS
      ? `${indent}const ${middle}${assigned}${specifier})`
      : `${indent}import${middle}${"from".padEnd(assigned.length)}${specifier} `;
  });
  if (isCommonJS) code = code.replace(EXPORT, "$1module.exports =");
  return code === source ? null : { code, names };
}

/**
 * CommonJS without what it only requires for types: as in the TypeScript compiler, that is not loaded.
 * @param {string} code  without types
 * @param {string[]} names
 */
export function withoutUnusedRequires(code, names) {
  let result = code;
  for (const name of names) {
    const escaped = name.replaceAll("$", "\\$");
    const mentions = result.matchAll(new RegExp(`(?<![\\w$])${escaped}(?![\\w$])`, "g"));
    mentions.next();
    if (mentions.next().done !== true) continue;
    const required = new RegExp(`^([ \\t]*)const\\s+${escaped}\\s*=\\s*require\\s*\\([^)\\n]*\\)`, "m");
    result = result.replace(required, (statement, indent) => `${indent};`.padEnd(statement.length));
  }
  return result;
}
