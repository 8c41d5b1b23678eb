// @ts-check
// What `import ... from "vitest"`, "@jest/globals", "bun:test" and "node:test" give: the same functions.

import { createExpect } from "./expect/expect.js";
import { currentContextFunction } from "./suite/attempt.js";
import { describe, hooks, test } from "./suite/define.js";

const focused = {
  fit: test.only,
  xit: test.skip,
  xtest: test.skip,
  fdescribe: describe.only,
  xdescribe: describe.skip,
};

/**
 * @param {any} framework the object behind `vi`, `jest` and `mock`
 */
export function frameworkModules(framework) {
  const expect = createExpect();
  const shared = {
    describe,
    test,
    it: test,
    suite: describe,
    expect,
    ...hooks,
    onTestFinished: currentContextFunction("onTestFinished"),
    onTestFailed: currentContextFunction("onTestFailed"),
    expectTypeOf: typeOnly,
    assertType: () => {},
  };
  const bunMock = Object.assign((/** @type {any} */ fn) => framework.fn(fn), {
    module: framework.mock,
    restore: framework.restoreAllMocks,
    clearAllMocks: framework.clearAllMocks,
  });
  return {
    globals: { ...shared, ...focused, vi: framework, vitest: framework, jest: framework, mock: framework },
    vitest: { ...shared, vi: framework, vitest: framework },
    "@jest/globals": { ...shared, ...focused, jest: framework },
    "bun:test": {
      ...shared,
      ...focused,
      mock: bunMock,
      spyOn: framework.spyOn,
      jest: framework,
      vi: framework,
      setSystemTime: framework.setSystemTime,
    },
    "node:test": nodeTest(framework),
  };
}

/** Types are not checked while tests run: every chain of calls is accepted. @type {any} */
const typeOnly = () => {
  /** @type {any} */
  const chain = new Proxy(() => chain, {
    get: (_target, key) => key === "then" ? undefined : chain,
    apply: () => chain,
  });
  return chain;
};

/** @param {any} framework */
function nodeTest(framework) {
  const timers = {
    enable: (/** @type {any} */ options = {}) =>
      framework.useFakeTimers({
        now: options.now ?? 0,
        ...(options.apis ? { toFake: fakedApis(options.apis) } : {}),
      }),
    reset: () => framework.useRealTimers(),
    tick: (/** @type {number} */ ms = 1) => framework.advanceTimersByTime(ms),
    runAll: () => framework.runAllTimers(),
    setTime: (/** @type {number} */ ms) => framework.setSystemTime(ms),
  };
  const nodeMock = (/** @type {any} */ fn) => {
    const calls = () =>
      fn.mock.calls.map((/** @type {any[]} */ args, /** @type {number} */ i) => ({
        arguments: args,
        this: fn.mock.contexts[i],
        result: fn.mock.results[i].type === "return" ? fn.mock.results[i].value : undefined,
        error: fn.mock.results[i].type === "throw" ? fn.mock.results[i].value : undefined,
      }));
    const record = {
      callCount: () => fn.mock.calls.length,
      resetCalls: () => fn.mockClear(),
      restore: () => fn.mockRestore(),
      mockImplementation: fn.mockImplementation,
      mockImplementationOnce: fn.mockImplementationOnce,
    };
    // Node's record has its calls as objects; expect()'s matchers go on reading the other one.
    const view = new Proxy(fn, {
      get: (target, key) => {
        if (key !== "mock") return Reflect.get(target, key);
        return new Proxy(record, { get: (own, name) => name === "calls" ? calls() : Reflect.get(own, name) });
      },
    });
    return view;
  };
  const mock = {
    fn: (/** @type {any} */ original, /** @type {any} */ implementation) =>
      nodeMock(framework.fn(typeof implementation === "function" ? implementation : original)),
    method: (/** @type {any} */ object, /** @type {string} */ name, /** @type {any} */ implementation) => {
      const spy = framework.spyOn(object, name);
      if (typeof implementation === "function") spy.mockImplementation(implementation);
      return object[name] = nodeMock(spy);
    },
    getter: (/** @type {any} */ object, /** @type {string} */ name) =>
      nodeMock(framework.spyOn(object, name, "get")),
    setter: (/** @type {any} */ object, /** @type {string} */ name) =>
      nodeMock(framework.spyOn(object, name, "set")),
    module: (/** @type {string} */ specifier, /** @type {any} */ options = {}) =>
      framework.mock(specifier, () => ({ ...options.namedExports, default: options.defaultExport })),
    reset: framework.restoreAllMocks,
    restoreAll: framework.restoreAllMocks,
    timers,
  };
  const api = Object.assign((/** @type {any[]} */ ...args) => test(...args), {
    only: test.only,
    skip: test.skip,
    todo: test.todo,
    test,
    it: test,
    describe,
    suite: describe,
    before: hooks.beforeAll,
    after: hooks.afterAll,
    beforeEach: hooks.beforeEach,
    afterEach: hooks.afterEach,
    mock,
  });
  return Object.assign(api, { default: api });
}

/** @param {string[]} apis Node's names */
function fakedApis(apis) {
  return apis.flatMap((name) => {
    if (name === "setTimeout") return ["setTimeout", "clearTimeout"];
    if (name === "setInterval") return ["setInterval", "clearInterval"];
    if (name === "setImmediate") return ["setImmediate", "clearImmediate"];
    return name === "Date" ? ["Date"] : [];
  });
}
