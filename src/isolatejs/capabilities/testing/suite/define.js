// @ts-check
// `describe`, `test` and the hooks: what a test file calls while it is being loaded.

import { rowsOf } from "./each.js";
import { definingSuite, runningAttempt } from "./current.js";
import { CallSite } from "./stack.js";
import { Suite, Test } from "./tree.js";

/** @typedef {import("./tree.js").NodeOptions} NodeOptions */
/** @typedef {import("./tree.js").HookKind} HookKind */

/** @type {Suite | null} the file that is being loaded */
let root = null;
/** @type {Suite | null} where tests go that no describe is around */
let outermost = null;

/** Begins a file: what is defined from now on belongs to it. @returns {Suite} */
export function beginFile() {
  root = new Suite("", null);
  outermost = root;
  return root;
}

/** Ends the definitions of a file. */
export function endFile() {
  outermost = null;
}

/** @param {string} what @returns {Suite} */
function currentSuite(what) {
  const suite = definingSuite.get() ?? outermost;
  if (runningAttempt.get() !== undefined) {
    throw new Error(
      `${what} cannot be called inside a test; tests, suites and hooks are defined while the file loads`,
    );
  }
  if (suite === null || suite === undefined || outermost === null) {
    throw new Error(`${what} was called after the file had been loaded`);
  }
  return suite;
}

/** @param {any} title */
function titleText(title) {
  if (typeof title === "string") return title;
  if (typeof title === "function") return title.name || "<anonymous>";
  if (typeof title === "number" || typeof title === "bigint") return String(title);
  throw new TypeError(
    `Invalid first argument, ${String(title)}. It must be a named class, named function, number, or string.`,
  );
}

/** @param {any} options @returns {NodeOptions} */
function readOptions(options) {
  if (options === undefined || options === null) return {};
  if (typeof options === "number") return { timeoutMs: options };
  if (typeof options !== "object") {
    throw new TypeError("The options of a test are a timeout in milliseconds or an object");
  }
  /** @type {NodeOptions} */
  const read = {};
  if (options.timeout !== undefined) read.timeoutMs = options.timeout;
  if (options.retry !== undefined) {
    read.retry = typeof options.retry === "object" ? options.retry.count : options.retry;
  }
  if (options.repeats !== undefined) read.repeats = options.repeats;
  if (options.concurrent !== undefined || options.concurrency !== undefined) {
    read.concurrent = Boolean(options.concurrent ?? options.concurrency);
  }
  if (options.sequential) read.concurrent = false;
  if (options.fails) read.fails = true;
  if (options.only) read.mode = "only";
  if (options.skip || options.ignore) read.mode = "skip";
  if (options.todo) read.mode = "todo";
  return read;
}

/**
 * (title, fn, options), (title, options, fn), (title, timeout, fn), (fn) and (options, fn).
 * @param {any[]} args @returns {{title: any, fn: Function | undefined, options: NodeOptions}}
 */
function readArguments(args) {
  let [title, second, third] = args;
  if (typeof title === "object" && title !== null) {
    [title, second, third] = [title.name ?? (second?.name || "<anonymous>"), title, second];
  } else if (typeof title === "function" && second === undefined && args.length === 1) {
    return { title: title.name || "<anonymous>", fn: title, options: {} };
  }
  const fn = typeof second === "function" ? second : typeof third === "function" ? third : undefined;
  const options = typeof second === "function" ? third : second;
  return { title, fn, options: readOptions(options) };
}

/** @param {NodeOptions} flags @param {any[]} call @param {any[]} [eachArgs] */
function addTest(flags, call, eachArgs) {
  const { title, fn, options } = readArguments(call);
  const text = titleText(title);
  if (fn !== undefined && typeof fn !== "function") throw new TypeError(`test "${text}" needs a function`);
  if (
    fn === undefined && flags.mode !== "todo" && flags.mode !== "skip" && options.mode !== "todo" &&
    options.mode !== "skip" && call.length > 1
  ) {
    throw new TypeError(`Invalid second argument of test "${text}". It must be a callback function.`);
  }
  const suite = currentSuite("test()");
  /** @type {NodeOptions} */
  const merged = { ...flags, ...options, site: new CallSite(addTest) };
  if (eachArgs !== undefined) merged.args = eachArgs;
  suite.children.push(new Test(text, suite, fn, merged));
}

/** @param {NodeOptions} flags @param {any[]} call @param {any[]} [eachArgs] */
function addSuite(flags, call, eachArgs) {
  const { title, fn, options } = readArguments(call);
  const parent = currentSuite("describe()");
  const suite = new Suite(titleText(title), parent, { ...flags, ...options, site: new CallSite(addSuite) });
  parent.children.push(suite);
  if (fn === undefined) {
    if (suite.mode === "run") suite.mode = "todo";
    return;
  }
  const file = root ?? parent;
  const body = () => definingSuite.run(suite, () => fn(...(eachArgs ?? [])));
  try {
    keepPending(file, suite, body());
  } catch (/** @type {any} */ error) {
    if (!isTooEarly(error)) {
      suite.definitionError = error;
      return;
    }
    // Vitest runs bodies when the file has been evaluated, so files made for it may use what they declare below.
    suite.clear();
    file.deferred.push(() => {
      try {
        keepPending(file, suite, body());
      } catch (/** @type {any} */ again) {
        suite.definitionError = again;
      }
    });
  }
}

/** Waits for an async body. @param {Suite} file @param {Suite} suite @param {any} result */
function keepPending(file, suite, result) {
  if (typeof result?.then !== "function") return;
  file.pending.push(result.then(undefined, (/** @type {any} */ error) => suite.definitionError = error));
}

/** @param {any} error */
function isTooEarly(error) {
  return error instanceof ReferenceError && error.message.endsWith("before initialization");
}

/**
 * A function with modifiers (`.only`, `.each`, ...) that return such functions again.
 * @param {(flags: NodeOptions, call: any[], eachArgs?: any[]) => void} add
 * @param {NodeOptions} flags @param {boolean} isTest @returns {any}
 */
function chainable(add, flags, isTest) {
  const api = (/** @type {any[]} */ ...call) => add(flags, call);
  const next = (/** @type {NodeOptions} */ changes) => chainable(add, { ...flags, ...changes }, isTest);
  /** @type {Record<string, () => any>} */
  const modifiers = {
    only: () => next({ mode: "only" }),
    skip: () => next({ mode: "skip" }),
    todo: () => next({ mode: "todo" }),
    concurrent: () => next({ concurrent: true }),
    sequential: () => next({ concurrent: false }),
    serial: () => next({ concurrent: false }),
    shuffle: () => api,
  };
  if (isTest) {
    modifiers.fails = () => next({ fails: true });
    modifiers.failing = modifiers.fails;
  }
  for (const [name, make] of Object.entries(modifiers)) {
    Object.defineProperty(api, name, { get: make, enumerable: true, configurable: true });
  }
  const each =
    (/** @type {any[]} */ ...table) => (/** @type {any} */ title, /** @type {any[]} */ ...rest) => {
      for (const row of rowsOf(table, titleText(title))) add(flags, [row.title, ...rest], row.args);
    };
  /** Like each, but a row is one argument and the context comes after it. */
  const forRows =
    (/** @type {Iterable<any>} */ table) => (/** @type {any} */ title, /** @type {any[]} */ ...rest) => {
      for (const [i, item] of [...table].entries()) {
        const [row] = rowsOf(
          [[item]],
          titleText(title).replaceAll("%#", String(i)).replaceAll("$#", String(i)),
        );
        add(flags, [row.title, ...rest], [item]);
      }
    };
  Object.assign(api, {
    each,
    for: forRows,
    skipIf: (/** @type {any} */ condition) => condition ? next({ mode: "skip" }) : api,
    runIf: (/** @type {any} */ condition) => condition ? api : next({ mode: "skip" }),
    if: (/** @type {any} */ condition) => condition ? api : next({ mode: "skip" }),
    todoIf: (/** @type {any} */ condition) => condition ? next({ mode: "todo" }) : api,
  });
  if (isTest) {
    Object.assign(api, {
      extend: (/** @type {Record<string, any>} */ fixtures) =>
        next({ fixtures: { ...flags.fixtures, ...fixtures } }),
      beforeAll: hook("beforeAll"),
      afterAll: hook("afterAll"),
      beforeEach: hook("beforeEach"),
      afterEach: hook("afterEach"),
      step: async (/** @type {string} */ _title, /** @type {() => any} */ body) => await body(),
    });
  }
  return api;
}

/** @param {HookKind} kind */
function hook(kind) {
  /** @param {any} first @param {any} [second] */
  const add = (first, second) => {
    const [fn, options] = typeof first === "function" ? [first, second] : [second, first];
    if (typeof fn !== "function") {
      throw new TypeError("Invalid first argument. It must be a callback function.");
    }
    const timeoutMs = typeof options === "number" ? options : options?.timeout;
    currentSuite(`${kind}()`).hooks[kind].push({ fn, timeoutMs, site: new CallSite(add) });
  };
  return add;
}

export const test = chainable(addTest, {}, true);
export const describe = chainable(addSuite, {}, false);
test.describe = describe;
export const hooks = {
  beforeAll: hook("beforeAll"),
  afterAll: hook("afterAll"),
  beforeEach: hook("beforeEach"),
  afterEach: hook("afterEach"),
};
