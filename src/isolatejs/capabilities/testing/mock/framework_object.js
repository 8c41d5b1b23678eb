// @ts-check
// The objects `vi`, `jest` and `mock`: mocks, spies, fake timers and module mocks under both families' names.

import { FakeClock } from "./fake_timers.js";
import {
  automock,
  clearAllMocks,
  createMock,
  fn,
  isMockFunction,
  mocked,
  resetAllMocks,
  restoreAllMocks,
} from "./mock_function.js";
import { replaceProperty, spyOn } from "./spy.js";
import { retryUntil } from "../expect/expectation.js";

export const clock = new FakeClock();

/** @type {Map<string, PropertyDescriptor | undefined>} globals before stubGlobal */
const stubbedGlobals = new Map();
/** @type {Map<string, string | undefined>} variables before stubEnv */
const stubbedEnv = new Map();

function unstubAllGlobals() {
  for (const [name, before] of stubbedGlobals) {
    if (before) Object.defineProperty(globalThis, name, before);
    else delete (/** @type {any} */ (globalThis))[name];
  }
  stubbedGlobals.clear();
}

/** @returns {Record<string, string | undefined> | undefined} */
const environment = () => /** @type {any} */ (globalThis).process?.env;

function unstubAllEnvs() {
  const env = environment();
  for (const [name, before] of stubbedEnv) {
    if (!env) break;
    if (before === undefined) delete env[name];
    else env[name] = before;
  }
  stubbedEnv.clear();
}

/**
 * @param {any} modules module mocks (see module_mocks.js), @param {(options: any) => void} setConfig changes timeouts
 * and retries of the running file
 */
export function createFrameworkObject(modules, setConfig) {
  /** @type {any} */
  const api = {
    fn,
    mocked,
    isMockFunction,
    spyOn,
    replaceProperty,
    clearAllMocks: () => chain(clearAllMocks),
    resetAllMocks: () => chain(resetAllMocks),
    restoreAllMocks: () => chain(restoreAllMocks),
    createMockFromModule: (/** @type {string} */ name) => automock(modules.requireActual(name)),
    mockObject: (/** @type {any} */ value) => automock(value),

    useFakeTimers: (/** @type {any} */ options) => {
      const given = typeof options === "number" || options instanceof Date ? { now: options } : options;
      return chain(() => clock.install(typeof given === "object" ? given : {}));
    },
    useRealTimers: () => chain(() => clock.uninstall()),
    isFakeTimers: () => clock.active,
    advanceTimersByTime: (/** @type {number} */ ms) => chain(() => clock.advance(ms)),
    advanceTimersByTimeAsync: (/** @type {number} */ ms) => chainAsync(clock.advanceAsync(ms)),
    advanceTimersToNextTimer: (/** @type {number} */ steps) => chain(() => clock.advanceToNext(steps)),
    advanceTimersToNextTimerAsync: (/** @type {number} */ steps) =>
      chainAsync(clock.advanceToNextAsync(steps)),
    advanceTimersToNextFrame: () => chain(() => clock.advanceToNextFrame()),
    runAllTimers: () => chain(() => clock.runAll()),
    runAllTimersAsync: () => chainAsync(clock.runAllAsync()),
    runOnlyPendingTimers: () => chain(() => clock.runPending()),
    runOnlyPendingTimersAsync: () => chainAsync(clock.runPendingAsync()),
    runAllTicks: () => chain(() => clock.runMicrotasks()),
    runAllImmediates: () => chain(() => clock.advance(0)),
    clearAllTimers: () => chain(() => clock.clear()),
    getTimerCount: () => clock.count,
    now: () => clock.now,
    getMockedSystemTime: () => clock.active ? new Date(clock.now) : null,
    getRealSystemTime: () => clock.realNow,
    setSystemTime: (/** @type {any} */ time) =>
      chain(() => {
        if (!clock.active) clock.install({ now: time, toFake: ["Date"] });
        else clock.setSystemTime(time);
      }),

    stubGlobal: (/** @type {string} */ name, /** @type {any} */ value) =>
      chain(() => {
        if (!stubbedGlobals.has(name)) {
          stubbedGlobals.set(name, Object.getOwnPropertyDescriptor(globalThis, name));
        }
        Object.defineProperty(globalThis, name, {
          value,
          configurable: true,
          writable: true,
          enumerable: true,
        });
      }),
    unstubAllGlobals: () => chain(unstubAllGlobals),
    stubEnv: (/** @type {string} */ name, /** @type {any} */ value) =>
      chain(() => {
        const env = environment();
        if (!env) throw new Error("stubEnv: this runtime has no process.env");
        if (!stubbedEnv.has(name)) stubbedEnv.set(name, env[name]);
        if (value === undefined) delete env[name];
        else env[name] = String(value);
      }),
    unstubAllEnvs: () => chain(unstubAllEnvs),

    waitFor: (/** @type {() => any} */ callback, /** @type {any} */ options = {}) => {
      const { timeout = 1_000, interval = 50 } = typeof options === "number" ? { timeout: options } : options;
      return retryUntil(callback, timeout, [interval]);
    },
    waitUntil: (/** @type {() => any} */ callback, /** @type {any} */ options = {}) => {
      const { timeout = 1_000, interval = 50 } = typeof options === "number" ? { timeout: options } : options;
      const attempt = async () => {
        const value = await callback();
        if (!value) throw new Error(`Timed out in waitUntil! (${timeout} ms)`);
        return value;
      };
      return retryUntil(attempt, timeout, [interval]);
    },
    /** Runs a function before everything else of the file; by now that has been arranged. */
    hoisted: (/** @type {() => any} */ factory) => factory(),

    mock: (/** @type {string} */ specifier, /** @type {any} */ factory, /** @type {any} */ options) =>
      chain(() => modules.mock(specifier, factory, options)),
    doMock: (/** @type {string} */ specifier, /** @type {any} */ factory, /** @type {any} */ options) =>
      chain(() => modules.mock(specifier, factory, options)),
    setMock: (/** @type {string} */ specifier, /** @type {any} */ value) =>
      chain(() => modules.mock(specifier, () => value)),
    unmock: (/** @type {string} */ specifier) => chain(() => modules.unmock(specifier)),
    doUnmock: (/** @type {string} */ specifier) => chain(() => modules.unmock(specifier)),
    dontMock: (/** @type {string} */ specifier) => chain(() => modules.unmock(specifier)),
    importActual: (/** @type {string} */ specifier) => modules.importActual(specifier),
    importMock: (/** @type {string} */ specifier) => modules.importMock(specifier),
    requireActual: (/** @type {string} */ specifier) => modules.requireActual(specifier),
    requireMock: (/** @type {string} */ specifier) => modules.requireMock(specifier),
    resetModules: () => chain(() => modules.reset()),
    isolateModules: (/** @type {() => void} */ callback) => chain(() => modules.isolate(callback)),
    isolateModulesAsync: (/** @type {() => Promise<void>} */ callback) => modules.isolate(callback),
    dynamicImportSettled: () => new Promise((resolve) => setTimeout(resolve, 0)),

    setTimeout: (/** @type {number} */ timeoutMs) => chain(() => setConfig({ timeoutMs })),
    setConfig: (/** @type {any} */ config) =>
      chain(() =>
        setConfig({ timeoutMs: config.testTimeout, hookTimeoutMs: config.hookTimeout, retry: config.retry })
      ),
    resetConfig: () => chain(() => setConfig(null)),
    retryTimes: (/** @type {number} */ retry) => chain(() => setConfig({ retry })),
  };
  const chain = (/** @type {() => any} */ act) => {
    const result = act();
    return typeof result?.then === "function" ? result.then(() => api) : api;
  };
  const chainAsync = (/** @type {Promise<any>} */ done) => done.then(() => api);
  api.unstable_mockModule = api.mock;
  api.Mock = createMock;
  return api;
}
