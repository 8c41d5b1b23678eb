// @ts-check
// Prints elements as markup: React elements, trees of react-test-renderer, and DOM nodes of whichever DOM
// package a program brings. The layout is that of Jest's pretty-format.

const LEGACY_ELEMENT = Symbol.for("react.element");
const ELEMENT = Symbol.for("react.transitional.element");
const TEST_TREE = Symbol.for("react.test.json");
const [ELEMENT_NODE, TEXT_NODE, COMMENT_NODE, FRAGMENT_NODE] = [1, 3, 8, 11];
const DOM_ELEMENT = /^(?:(?:HTML|SVG)\w*)?Element$/;
const DOM_COLLECTION = /^(?:HTML\w*Collection|NodeList|DOMStringMap|NamedNodeMap)$/;

/**
 * @typedef {import("./format.js").Config} Config
 * @typedef {(value: any, config: Config, indentation: string, depth: number, seen: any[]) => string} Print
 * @typedef {{type: string, props: Array<[string, any]>, children: any[]}} Markup
 */

/**
 * A value as markup, or null when it is something else.
 * @param {any} value @param {Config} config @param {string} indentation @param {number} depth @param {any[]} seen
 * @param {Print} print @returns {string | null}
 */
export function printMarkup(value, config, indentation, depth, seen, print) {
  if (typeof value !== "object" || value === null) return null;
  const kind = value.$$typeof;
  if (kind === ELEMENT || kind === LEGACY_ELEMENT) {
    return printElement(reactMarkup(value), config, indentation, depth, seen, print);
  }
  if (kind === TEST_TREE) return printElement(testTreeMarkup(value), config, indentation, depth, seen, print);
  if (typeof value.nodeType === "number") {
    return printNode(value, config, indentation, depth, seen, print);
  }
  const name = value.constructor?.name;
  if (typeof name === "string" && DOM_COLLECTION.test(name)) {
    return printCollection(value, name, config, indentation, depth, seen, print);
  }
  return null;
}

/** @param {any} element @returns {Markup} */
function reactMarkup(element) {
  const { props } = element;
  const names = Object.keys(props).filter((key) => key !== "children" && props[key] !== undefined).sort();
  return {
    type: reactType(element),
    props: names.map((key) => [key, props[key]]),
    children: flatten(props.children),
  };
}

/** @param {any} children @param {any[]} [flat] @returns {any[]} */
function flatten(children, flat = []) {
  if (Array.isArray(children)) { for (const child of children) flatten(child, flat); }
  else if (children !== null && children !== undefined && children !== false && children !== "") {
    flat.push(children);
  }
  return flat;
}

/** @param {any} element @returns {string} */
function reactType({ type }) {
  if (typeof type === "string") return type;
  if (typeof type === "function") return type.displayName || type.name || "Unknown";
  if (type === Symbol.for("react.fragment")) return "React.Fragment";
  if (type === Symbol.for("react.suspense")) return "React.Suspense";
  switch (type?.$$typeof) {
    case Symbol.for("react.provider"):
      return "Context.Provider";
    case Symbol.for("react.context"): // React 19's provider is the context; before, that was the consumer
      return type._context === undefined && "Provider" in type && type.Provider === type
        ? "Context.Provider"
        : "Context.Consumer";
    case Symbol.for("react.consumer"):
      return "Context.Consumer";
    case Symbol.for("react.forward_ref"): {
      const name = type.render.displayName || type.render.name || "";
      return type.displayName || (name === "" ? "ForwardRef" : `ForwardRef(${name})`);
    }
    case Symbol.for("react.memo"): {
      const name = type.displayName || type.type.displayName || type.type.name || "";
      return name === "" ? "Memo" : `Memo(${name})`;
    }
  }
  return "UNDEFINED";
}

/** @param {any} tree @returns {Markup} */
function testTreeMarkup({ type, props, children }) {
  const names = props ? Object.keys(props).filter((key) => props[key] !== undefined).sort() : [];
  return { type, props: names.map((key) => [key, props[key]]), children: children ?? [] };
}

/** @param {any} node @param {Config} config @param {string} indentation @param {number} depth @param {any[]} seen @param {Print} print */
function printNode(node, config, indentation, depth, seen, print) {
  const name = node.constructor?.name ?? "";
  switch (node.nodeType) {
    case TEXT_NODE:
      return name === "Text" ? escape(node.data) : null;
    case COMMENT_NODE:
      return name === "Comment" ? `<!--${escape(node.data)}-->` : null;
    case FRAGMENT_NODE: {
      if (name !== "DocumentFragment") return null;
      const markup = { type: "DocumentFragment", props: [], children: [...node.childNodes] };
      return printElement(markup, config, indentation, depth, seen, print);
    }
    case ELEMENT_NODE: {
      if (!DOM_ELEMENT.test(name) && !isCustomElement(node)) return null;
      /** @type {Array<[string, any]>} */
      const props = Array.from(node.attributes, (attribute) => [attribute.name, attribute.value]);
      props.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
      const children = [...(node.childNodes || node.children)];
      return printElement(
        { type: node.tagName.toLowerCase(), props, children },
        config,
        indentation,
        depth,
        seen,
        print,
      );
    }
  }
  return null;
}

/** @param {any} node */
function isCustomElement(node) {
  if (typeof node.tagName === "string" && node.tagName.includes("-")) return true;
  return typeof node.hasAttribute === "function" && node.hasAttribute("is");
}

/** @param {any} collection @param {string} name @param {Config} config @param {string} indentation @param {number} depth @param {any[]} seen @param {Print} print */
function printCollection(collection, name, config, indentation, depth, seen, print) {
  if (depth + 1 > config.maxDepth) return `[${name}]`;
  const prefix = config.min ? "" : `${name} `;
  let plain;
  if (name === "NamedNodeMap") {
    plain = Object.fromEntries(Array.from(collection, ({ name, value }) => [name, value]));
  } else plain = name === "DOMStringMap" ? { ...collection } : [...collection];
  // The plain form prints as "Object {...}" or "Array [...]": what it is called is said here.
  const text = print(plain, { ...config, printBasicPrototype: false }, indentation, depth, seen);
  return prefix + text;
}

/** @param {Markup} markup @param {Config} config @param {string} indentation @param {number} depth @param {any[]} seen @param {Print} print */
function printElement({ type, props, children }, config, indentation, depth, seen, print) {
  if (++depth > config.maxDepth) return `<${type} … />`;
  const inner = indentation + config.indent;
  const attributes = props.map(([key, value]) => {
    const further = inner + config.indent;
    let text = print(value, config, further, depth, seen);
    if (typeof value !== "string") {
      if (text.includes("\n")) text = config.spacingOuter + further + text + config.spacingOuter + inner;
      text = `{${text}}`;
    }
    return `${config.spacingInner}${inner}${key}=${text}`;
  }).join("");
  const content = children.map((child) =>
    config.spacingOuter + inner +
    (typeof child === "string" ? escape(child) : print(child, config, inner, depth, seen))
  ).join("");
  const start = `<${type}${attributes && attributes + config.spacingOuter + indentation}`;
  if (content === "") return `${start}${attributes && !config.min ? "" : " "}/>`;
  return `${start}>${content}${config.spacingOuter}${indentation}</${type}>`;
}

/** @param {string} text */
function escape(text) {
  return text.replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
