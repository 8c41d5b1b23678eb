// Functions for the page, as text, and the shapes of event payloads.
// @ts-check

const { toString } = Function.prototype;

/** The text of a function as an expression: methods become functions. @param {Function} fn */
export function toText(fn) {
  const text = Reflect.apply(toString, fn, []);
  if (/\{\s*\[native code\]\s*\}$/.test(text)) {
    throw new TypeError("a built-in function cannot run in the page");
  }
  try {
    new Function(`(${text})`);
    return text;
  } catch {
    const asFunction = text.startsWith("async ") ? `async function ${text.slice(6)}` : `function ${text}`;
    new Function(`(${asFunction})`);
    return asFunction;
  }
}

/** What a listener gets for an event. @param {string} event @param {any} payload */
export function describePart(event, payload) {
  if (event !== "pageerror" || payload === null || typeof payload !== "object") return payload;
  const error = new Error(payload.message);
  error.name = payload.name;
  if (payload.stack) error.stack = payload.stack;
  return error;
}
