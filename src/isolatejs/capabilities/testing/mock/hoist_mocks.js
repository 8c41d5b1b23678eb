// @ts-check
// Lets `vi.mock()` of a test file act before the file's imports, although imports come first in a module:
// the imports become `await import()` after the mocks. Lines stay where they are.

import { loadAcorn } from "../../../guest/linker/parser.js";
import { dropTypes, shapeOf } from "../../../guest/linker/type_imports.js";
import { strip } from "../../../guest/linker/typescript.js";

const FRAMEWORKS = new Set(["vitest", "@jest/globals", "bun:test", "node:test"]);
const OBJECTS = new Set(["vi", "vitest", "jest", "mock"]);
const HOISTED = new Set(["mock", "unmock", "hoisted", "unstable_mockModule", "module"]);

/** @param {any} node @returns {any} the call `vi.mock(...)` in it, awaited or assigned, or null */
function mockCall(node) {
  if (node.type === "ExpressionStatement") return mockCall(node.expression);
  if (node.type === "AwaitExpression") return mockCall(node.argument);
  if (node.type === "VariableDeclaration") {
    return node.declarations.length === 1 && node.declarations[0].init
      ? mockCall(node.declarations[0].init)
      : null;
  }
  if (node.type !== "CallExpression" || node.callee.type !== "MemberExpression") return null;
  const { object, property } = node.callee;
  if (object.type !== "Identifier" || !OBJECTS.has(object.name) || property.type !== "Identifier") {
    return null;
  }
  return HOISTED.has(property.name) ? node : null;
}

/** `const {...} = await import("x");` for an import declaration. @param {any} node */
function dynamicImport(node) {
  const specifier = JSON.stringify(node.source.value);
  const attributes = (node.attributes ?? []).map((/** @type {any} */ item) =>
    `${JSON.stringify(item.key.name ?? item.key.value)}: ${JSON.stringify(item.value.value)}`
  );
  const load = attributes.length > 0
    ? `await import(${specifier}, { with: { ${attributes.join(", ")} } })`
    : `await import(${specifier})`;
  if (node.specifiers.length === 0) return `${load};`;
  let namespace = "";
  const names = [];
  for (const item of node.specifiers) {
    if (item.type === "ImportNamespaceSpecifier") namespace = item.local.name;
    else if (item.type === "ImportDefaultSpecifier") names.push(`default: ${item.local.name}`);
    else names.push(`${JSON.stringify(item.imported.name ?? item.imported.value)}: ${item.local.name}`);
  }
  if (namespace === "") return `const { ${names.join(", ")} } = ${load};`;
  const rest = names.length > 0 ? ` const { ${names.join(", ")} } = ${namespace};` : "";
  return `const ${namespace} = ${load};${rest}`;
}

/**
 * The code with its mocks first; the same code when it mocks no module.
 * @param {string} code JavaScript or TypeScript @param {string} filename
 */
export async function hoistMocks(code, filename) {
  const parse = await loadAcorn();
  const isTypeScript = /\.[cm]?tsx?$/.test(filename);
  let source = isTypeScript ? strip(code) ?? code : code;
  let program;
  try {
    program = parse(source);
    if (isTypeScript) {
      source = dropTypes(source, shapeOf(program), () => true);
      program = parse(source);
    }
  } catch (error) {
    if (error instanceof SyntaxError) return code; // the linker reports it with its place
    throw error;
  }
  const mocks = program.body.filter((/** @type {any} */ node) => mockCall(node) !== null);
  if (mocks.length === 0) return code;

  // Mocks count as first until a statement that is neither a mock nor an import.
  let end = 0;
  for (const node of program.body) {
    if (node.type !== "ImportDeclaration" && mockCall(node) === null) break;
    end = node.end;
  }
  const imports = program.body.filter((/** @type {any} */ node) =>
    node.type === "ImportDeclaration" && !FRAMEWORKS.has(node.source.value)
  );
  /** @type {Array<{start: number, end: number, text: string}>} */
  const edits = [];
  for (const node of imports) {
    edits.push({
      start: node.start,
      end: node.end,
      text: source.slice(node.start, node.end).replaceAll(/[^\n]/g, " "),
    });
  }
  for (const node of mocks) {
    const call = mockCall(node);
    if (call.callee.property.name !== "hoisted") {
      const awaited = source.slice(Math.max(0, call.start - 10), call.start).trimEnd().endsWith("await");
      if (!awaited) edits.push({ start: call.start, end: call.start, text: "await " });
    }
  }
  const loads = imports.map(dynamicImport).join(" ");
  if (loads !== "") edits.push({ start: end, end, text: `; ${loads}` });
  edits.sort((a, b) => b.start - a.start || b.end - a.end);
  let result = source;
  for (const edit of edits) result = result.slice(0, edit.start) + edit.text + result.slice(edit.end);
  return result;
}
