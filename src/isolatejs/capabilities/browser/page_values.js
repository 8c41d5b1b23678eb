// Values on their way between the sandbox and a page, as text: with undefined, cycles, BigInt, flags of regular
// expressions, and everything else as Playwright for JavaScript has it. The host passes the text on and reads nothing
// of it. The same function runs in the sandbox and, by its source, in the page: it may use nothing from outside.
// @ts-check

export function pageValues() {
  const TYPED = [
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
  ];
  const DEPTH_LIMIT = 240;
  const tagOf = (/** @type {any} */ value) => Object.prototype.toString.call(value).slice(8, -1);

  /** @param {Uint8Array} bytes */
  function toBase64(bytes) {
    let text = "";
    for (let i = 0; i < bytes.length; i += 8192) {
      text += String.fromCharCode(...bytes.subarray(i, i + 8192));
    }
    return btoa(text);
  }

  /** @param {string} text */
  const fromBase64 = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));

  /** Text for a value. `handle` gives the number of what is a handle, else -1. @param {any} root @param {(value: any) => number} [handle] */
  function encode(root, handle = () => -1) {
    /** @type {any[]} */ const found = [];
    /** @type {number[]} */ const depths = [];
    const numbers = new Map();
    /** Plain JSON for itself, a list for anything else: `[3]` is the fourth object. @param {any} value @param {number} depth @returns {any} */
    const refer = (value, depth) => {
      if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
      if (typeof value === "number") {
        if (Number.isFinite(value) && !Object.is(value, -0)) return value;
        return ["n", Object.is(value, -0) ? "-0" : `${value}`];
      }
      if (typeof value === "bigint") return ["b", `${value}`];
      const at = handle(value);
      if (at >= 0) return ["h", at];
      if (typeof value !== "object") return ["u"];
      let number = numbers.get(value);
      if (number === undefined) {
        if (depth > DEPTH_LIMIT) throw new RangeError("object reference chain is too long.");
        number = found.push(value) - 1;
        depths.push(depth);
        numbers.set(value, number);
      }
      return [number];
    };
    const start = refer(root, 0);
    /** @type {any[]} */ const nodes = [];
    for (let i = 0; i < found.length; i++) {
      nodes.push(describe(found[i], (value) => refer(value, depths[i] + 1)));
    }
    return JSON.stringify([start, nodes]);
  }

  /** @param {any} value @param {(value: any) => any} refer @returns {any} */
  function describe(value, refer) {
    const global = /** @type {any} */ (globalThis);
    for (const name of ["Window", "Document", "Node"]) {
      if (typeof global[name] === "function" && value instanceof global[name]) return ["s", `ref: <${name}>`];
    }
    const tag = tagOf(value);
    if (tag === "Error" || value instanceof Error) {
      return ["e", `${value.name}`, `${value.message}`, `${value.stack}`];
    }
    if (tag === "Date") return ["d", Number(value)];
    if (tag === "URL") return ["l", `${value}`];
    if (tag === "RegExp") return ["r", value.source, value.flags];
    if (tag === "ArrayBuffer") return ["f", toBase64(new Uint8Array(value))];
    const typed = TYPED.findIndex((kind) => value instanceof kind || kind.name === tag);
    if (typed >= 0) {
      return ["t", typed, toBase64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))];
    }
    if (Array.isArray(value)) return ["a", Array.from(value, refer)];
    /** @type {any[]} */ const entries = [];
    for (const name of Object.keys(value)) {
      let item;
      try {
        item = value[name];
      } catch {
        continue;
      }
      entries.push(name, refer(name === "toJSON" && typeof item === "function" ? {} : item));
    }
    if (entries.length === 0) {
      try {
        if (typeof value.toJSON === "function") return ["j", refer(value.toJSON())];
      } catch { /* as if there were none */ }
    }
    return ["o", entries];
  }

  /** The value of a text. @param {string} text @param {any[]} [handles] @returns {any} */
  function decode(text, handles = []) {
    const [start, nodes] = JSON.parse(text);
    /** @type {any[]} */
    const made = nodes.map(make);
    /** @param {any} found @returns {any} */
    const refer = (found) => {
      if (!Array.isArray(found)) return found;
      const [kind, value] = found;
      if (kind === "u") return undefined;
      if (kind === "n") return Number(value);
      if (kind === "b") return BigInt(value);
      if (kind === "h") return handles[value];
      let number = kind;
      for (let i = 0; i < 100 && nodes[number][0] === "j"; i++) {
        const to = nodes[number][1];
        if (!Array.isArray(to) || typeof to[0] !== "number") return refer(to);
        number = to[0];
      }
      return made[number];
    };
    nodes.forEach((/** @type {any} */ [kind, parts], /** @type {number} */ at) => {
      if (kind === "a") { for (let i = 0; i < parts.length; i++) made[at][i] = refer(parts[i]); }
      if (kind !== "o") return;
      for (let i = 0; i < parts.length; i += 2) {
        Object.defineProperty(made[at], parts[i], {
          value: refer(parts[i + 1]),
          configurable: true,
          enumerable: true,
          writable: true,
        });
      }
    });
    return refer(start);
  }

  /** @param {any[]} node @returns {any} */
  function make([kind, first, second, third]) {
    switch (kind) {
      case "s":
        return first;
      case "e": {
        const error = new Error(second);
        error.name = first;
        error.stack = third;
        return error;
      }
      case "d":
        return new Date(first === null ? NaN : first);
      case "l":
        return new URL(first);
      case "r":
        return new RegExp(first, second);
      case "f":
        return fromBase64(first).buffer;
      case "t":
        return new /** @type {any} */ (TYPED[first])(fromBase64(second).buffer);
      case "a":
        return [];
      default:
        return {};
    }
  }

  return { encode, decode };
}
