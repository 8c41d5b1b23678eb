// What the clauses are written with: `clause(name, body)` and a few assertions that say what they found.

globalThis.clauses = new Map();
globalThis.clause = (name, body) => {
  if (clauses.has(name)) throw new Error(`two clauses named ${name}`);
  clauses.set(name, body);
};
const show = (value) =>
  JSON.stringify(value, (_, item) => {
    if (item === undefined) return "(undefined)";
    if (typeof item === "bigint") return `${item}n`;
    if (typeof item === "number" && (!Number.isFinite(item) || Object.is(item, -0))) {
      return Object.is(item, -0) ? "(-0)" : `(${item})`;
    }
    if (item instanceof Map || item instanceof Set) return [item.constructor.name, ...item];
    if (ArrayBuffer.isView(item)) return `${item.constructor.name} ${hex(item)}`;
    if (item instanceof ArrayBuffer) return `ArrayBuffer ${hex(item)}`;
    return item;
  });
globalThis.check = (condition, what = "not so") => {
  if (condition !== true) throw new Error(what);
};
globalThis.equal = (actual, expected) => {
  const [a, e] = [show(actual), show(expected)];
  if (a !== e) throw new Error(`${a} is not ${e}`);
};
function fits(error, name) {
  const right = typeof name === "function"
    ? error?.constructor === name
    : error instanceof DOMException && error.name === name;
  if (!right) throw new Error(`${error?.name}: ${error?.message}, not ${name.name ?? name}`);
}
/** `name` is a class of errors, or the name of a DOMException. */
globalThis.throws = (name, action) => {
  let caught;
  try {
    action();
  } catch (error) {
    caught = { error };
  }
  if (caught === undefined) throw new Error(`did not throw ${name.name ?? name}`);
  fits(caught.error, name);
};
globalThis.rejects = async (name, promise) => {
  let caught;
  try {
    await promise;
  } catch (error) {
    caught = { error };
  }
  if (caught === undefined) throw new Error(`did not reject with ${name.name ?? name}`);
  fits(caught.error, name);
};
globalThis.utf8 = (text) => new TextEncoder().encode(text);
globalThis.unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
globalThis.hex = (bytes) => {
  const view = ArrayBuffer.isView(bytes)
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes);
  return Array.from(view, (byte) => byte.toString(16).padStart(2, "0")).join("");
};
globalThis.gather = async (stream) => {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
};
/** The next turn of the event loop, after all microtasks. */
globalThis.turn = () => new Promise((resolve) => setTimeout(resolve, 0));
