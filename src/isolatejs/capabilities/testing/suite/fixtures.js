// @ts-check
// Fixtures of `test.extend`: values that a test asks for by destructuring its context, each made by a
// function `({deps}, use) => use(value)` and cleaned up after the test.

/** Names that a function destructures from one of its parameters. @param {Function} fn @param {number} index @returns {string[]} */
function destructuredNames(fn, index) {
  const text = Function.prototype.toString.call(fn).replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
  const open = text.indexOf("(");
  if (open === -1) return [];
  let depth = 0;
  let parameter = 0;
  let pattern = "";
  for (let i = open + 1; i < text.length; i++) {
    const char = text[i];
    if (depth === 0 && (char === ")" || (char === "," && parameter === index))) break;
    if (depth === 0 && char === ",") {
      parameter++;
      continue;
    }
    if ("{[(".includes(char)) depth++;
    else if ("}])".includes(char)) depth--;
    if (parameter === index) pattern += char;
  }
  pattern = pattern.trim();
  if (!pattern.startsWith("{")) return [];
  return pattern.slice(1, pattern.lastIndexOf("}")).split(",")
    .map((part) => part.split(/[:=]/)[0].trim()).filter((name) => name !== "" && !name.startsWith("..."));
}

/**
 * Makes the fixtures that a test needs, runs it, and lets them clean up.
 * @param {Record<string, any>} fixtures @param {any} fn @param {number} parameter index of the context
 * @param {any} context receives the values @param {() => any} body
 */
export async function useFixtures(fixtures, fn, parameter, context, body) {
  /** @type {Array<() => Promise<void>>} */
  const cleanups = [];
  /** @type {Set<string>} */
  const made = new Set();

  const make = async (/** @type {string} */ name, /** @type {string[]} */ path) => {
    if (made.has(name) || !Object.hasOwn(fixtures, name)) return;
    if (path.includes(name)) {
      throw new Error(`Fixtures depend on each other: ${[...path, name].join(" -> ")}`);
    }
    const [value, options] =
      Array.isArray(fixtures[name]) && fixtures[name].length === 2 && typeof fixtures[name][1] === "object"
        ? fixtures[name]
        : [fixtures[name], {}];
    void options;
    if (typeof value === "function") {
      for (const dependency of destructuredNames(value, 0)) await make(dependency, [...path, name]);
      context[name] = await start(value, context, cleanups);
    } else {
      context[name] = value;
    }
    made.add(name);
  };

  const automatic = Object.keys(fixtures).filter((name) =>
    Array.isArray(fixtures[name]) && fixtures[name][1]?.auto
  );
  try {
    for (const name of [...automatic, ...destructuredNames(fn, parameter)]) await make(name, []);
    return await body();
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup();
  }
}

/** @param {Function} fixture @param {any} context @param {Array<() => Promise<void>>} cleanups */
function start(fixture, context, cleanups) {
  return new Promise((resolve, reject) => {
    /** @type {(value?: any) => void} */
    let release = () => {};
    const released = new Promise((done) => release = done);
    const use = (/** @type {any} */ value) => {
      resolve(value);
      return released;
    };
    const running = Promise.resolve(fixture(context, use));
    running.then((value) => resolve(value), reject);
    cleanups.push(async () => {
      release();
      await running;
    });
  });
}
