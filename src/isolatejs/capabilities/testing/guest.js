// @ts-check
// Guest half of the test framework: installs the globals, loads a test file, runs what it defined, and tells
// the host what happens.

import { addMatchers } from "./expect/expectation.js";
import { locateState } from "./expect/state.js";
import { clock, createFrameworkObject } from "./mock/framework_object.js";
import { MOCKS_MODULES, ModuleMocks } from "./mock/module_mocks.js";
import { frameworkModules } from "./modules.js";
import { RunSnapshots } from "./snapshots.js";
import { turn, withTimeout } from "./suite/attempt.js";
import { runningAttempt } from "./suite/current.js";
import { beginFile, endFile } from "./suite/define.js";
import { describeFailure } from "./suite/failure.js";
import { Runner } from "./suite/runner.js";
import { guardTimers } from "./suite/timer_errors.js";
import { selectTests } from "./suite/tree.js";

const realNow = performance.now.bind(performance);

/**
 * @typedef {object} RunTests the host's message
 * @property {string} code @property {string} filename @property {number} timeoutMs @property {number} hookTimeoutMs
 * @property {number} loadTimeoutMs @property {number} retry @property {number} bail @property {number} maxConcurrency
 * @property {string | null} [pattern] @property {number[] | null} [ids] @property {boolean} [listOnly]
 * @property {boolean} [locations] tell where every test is defined
 * @property {"new" | "all" | "none"} update @property {boolean} [coverage]
 */

/** @typedef {{snapshots: boolean, testsLimit: number, depthLimit: number, namesLimit: number}} Grant */

/** @param {import("../../guest/kernel.js").Kernel} kernel @param {Grant} grant */
export function install(kernel, grant) {
  new TestGuest(kernel, grant).install();
}

class TestGuest {
  #kernel;
  #channel;
  #mocks;
  #storage;
  #limits;
  /** @type {Runner | null} */ #runner = null;
  /** @type {any} */ #pendingConfig = {};
  #running = false;

  /** @param {import("../../guest/kernel.js").Kernel} kernel @param {Grant} grant */
  constructor(kernel, grant) {
    this.#limits = grant;
    this.#kernel = kernel;
    this.#channel = kernel.channel;
    this.#mocks = new ModuleMocks(kernel);
    this.#storage = grant.snapshots ? snapshotStorage(kernel.channel) : null;
  }

  install() {
    const kernel = this.#kernel;
    kernel.offerMatchers(addMatchers);
    const framework = createFrameworkObject(this.#mocks, (config) => {
      this.#pendingConfig = config === null ? {} : { ...this.#pendingConfig, ...defined(config) };
      this.#runner?.configure(this.#pendingConfig);
    });
    const modules = frameworkModules(framework);
    for (const [name, value] of Object.entries(modules.globals)) kernel.defineGlobal(name, value);
    for (const name of /** @type {const} */ (["vitest", "@jest/globals", "bun:test", "node:test"])) {
      kernel.registerBuiltin(name, () => modules[name]);
    }
    locateState(() => runningAttempt.get()?.state);
    kernel.claimEscape = (/** @type {any} */ error) => this.#claim(error);
    guardTimers(kernel.claimEscape);
    this.#channel.handle("testing", {
      runTests: (/** @type {RunTests} */ message) => this.#run(message),
      checkInlineSnapshots: async (/** @type {any} */ message) => {
        const [{ isOnlySnapshots }, linker] = await Promise.all([
          import("./inline_edits.js"),
          kernel.linker(),
        ]);
        return { confirmed: await isOnlySnapshots(message, linker.transpile) };
      },
    });
  }

  /** Errors that no promise chain carries belong to the test whose work they come from. @param {any} error */
  #claim(error) {
    if (!this.#running) return false;
    const attempt = runningAttempt.get();
    if (attempt?.fail(error)) return true;
    if (attempt?.ended) error = endedError(attempt.state.currentTestName ?? "", error);
    const alone = this.#runner?.attempts.size === 1 ? [...this.#runner.attempts][0] : undefined;
    if (attempt === undefined && alone !== undefined) alone.fail(error);
    else this.#loose.push(error);
    return true;
  }

  /** @type {any[]} errors of no test */ #loose = [];

  /** @param {RunTests} message */
  async #run(message) {
    const started = realNow();
    const { filename } = message;
    const path = filename.startsWith("/") ? filename : `/${filename}`;
    this.#running = true;
    this.#loose = [];
    this.#pendingConfig = {};
    this.#mocks.referrer = path;
    const root = beginFile();
    const reports = new Reports(this.#channel);
    const coverage = message.coverage ? await this.#measure() : null;
    const snapshots = await RunSnapshots.open(path, message.update, this.#storage);
    try {
      await this.#load(message, path, root);
      selectTests(root, {
        pattern: message.pattern ? new RegExp(message.pattern) : null,
        ids: message.ids ? new Set(message.ids) : null,
      });
      requirePlanWithin(root, this.#limits);
      const settings = { ...message, ...this.#pendingConfig };
      reports.runStart(root, settings);
      const runner = new Runner({ ...settings, testPath: path, snapshots }, reports);
      this.#runner = runner;
      if (!message.listOnly) {
        await runner.run(root);
        if (message.update === "all" && !message.pattern && !message.ids) snapshots.removeUnchecked();
        await snapshots.save();
      }
      this.#loose.push(...runner.errors);
    } catch (error) {
      this.#loose.push(error);
    } finally {
      this.#runner = null;
      endFile();
      clock.uninstall();
      await this.#mocks.clear();
    }
    await turn();
    this.#running = false;
    /** @type {Uint8Array[]} */
    const attachments = [];
    const encode = (/** @type {any} */ value) => this.#channel.encode(value, attachments);
    return this.#channel.reply({
      durationMs: realNow() - started,
      errors: this.#loose.map((error) => describeFailure(error, encode)),
      snapshots: { ...snapshots.counts, unchecked: snapshots.unchecked.length },
      inlineSnapshots: snapshots.inline,
      ...(coverage === null ? {} : { coverage: encode(coverage.report()) }),
    }, attachments);
  }

  async #measure() {
    const { CoverageCollector } = await import("./coverage/collector.js");
    const coverage = new CoverageCollector();
    await coverage.start();
    const linker = await this.#kernel.linker();
    linker.instrument((code, path, toSourceLine) => coverage.instrument(code, path, toSourceLine));
    return coverage;
  }

  /** @param {RunTests} message @param {string} path @param {import("./suite/tree.js").Suite} root */
  async #load({ code, loadTimeoutMs }, path, root) {
    const load = async () => {
      const linker = await this.#kernel.linker();
      this.#mocks.use(linker);
      const mocks = MOCKS_MODULES.test(code) ? await import("./mock/hoist_mocks.js") : null;
      const source = mocks === null ? code : await mocks.hoistMocks(code, path);
      await linker.evaluateModule(source, path, { withRequire: true });
      for (const body of root.deferred.splice(0)) body();
      while (root.pending.length > 0) await Promise.all(root.pending.splice(0));
      await turn();
    };
    await withTimeout(load, loadTimeoutMs, "loading the test file");
    if (this.#loose.length > 0) throw this.#loose.shift();
  }
}

/** An error of a test that has its result already. @param {string} name @param {any} cause */
function endedError(name, cause) {
  const error = new Error(`The test "${name}" left an error behind after it had ended`, { cause });
  error.stack = `${error.name}: ${error.message}`;
  return error;
}

/** @param {any} object */
function defined(object) {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

/** @param {import("../../channel/channel.js").Channel} channel */
function snapshotStorage(channel) {
  return {
    read: async () => (await channel.call("testing.readSnapshots", {})).value.text ?? null,
    write: async (/** @type {Array<[string, string]>} */ entries) => {
      await channel.call("testing.writeSnapshots", { entries });
    },
    matchFile: async (/** @type {string} */ path, /** @type {string} */ text) =>
      (await channel.call("testing.matchFile", { path, text })).value,
  };
}

/** The host takes no more than this. @param {import("./suite/tree.js").Suite} root @param {Grant} limits */
function requirePlanWithin(root, { testsLimit, depthLimit, namesLimit }) {
  let names = 0;
  let count = 0;
  /** @type {Map<any, number>} */
  const lengths = new Map([[root, 0]]);
  for (const suite of root.suites()) {
    if (suite === root) continue;
    if (suite.depth >= depthLimit) throw new Error(`more than ${depthLimit} suites are within each other`);
    const length = (lengths.get(suite.parent) ?? 0) + suite.title.length + 3;
    lengths.set(suite, length);
    names += length + suite.depth;
    if (++count > testsLimit) throw new Error(`the file defines more than ${testsLimit} suites`);
  }
  count = 0;
  for (const test of root.tests()) {
    names += (lengths.get(test.suite) ?? 0) + test.title.length;
    if (++count > testsLimit) throw new Error(`the file defines more than ${testsLimit} tests`);
  }
  if (names > namesLimit) throw new Error("the names of the file's tests and suites are too long");
}

/** Tells the host of every event, in order. */
class Reports {
  #channel;
  #hookTimeoutMs = 0;

  /** @param {import("../../channel/channel.js").Channel} channel */
  constructor(channel) {
    this.#channel = channel;
  }

  /** @param {import("./suite/tree.js").Suite} root @param {RunTests} settings with what the file changed of them */
  runStart(root, settings) {
    this.#hookTimeoutMs = settings.hookTimeoutMs;
    const located = settings.locations || settings.listOnly; // some 20 µs a test
    const suites = [...root.suites()].slice(1).map((suite) => ({
      id: suite.id,
      parent: suite.parent?.id ?? 0,
      name: suite.title,
      ...(located ? place(suite.options.site) : {}),
    }));
    const tests = [...root.tests()].map((test) => ({
      id: test.id,
      suite: test.suite.id,
      name: test.title,
      plan: test.plan,
      budgetMs: budgetOf(test, settings),
      ...(located ? place(test.options.site) : {}),
    }));
    this.#channel.note("testing.runStarted", { suites, tests });
  }

  /** @param {import("./suite/tree.js").Suite} suite */
  suiteStart(suite) {
    this.#channel.note("testing.suiteStarted", { suite: suite.id });
  }

  /** @param {import("./suite/tree.js").Suite} suite @param {{durationMs: number, errors: any[]}} result */
  suiteEnd(suite, { durationMs, errors }) {
    /** @type {Uint8Array[]} */
    const attachments = [];
    const encode = (/** @type {any} */ value) => this.#channel.encode(value, attachments);
    const failures = errors.map((error) => describeFailure(error, encode));
    this.#channel.note("testing.suiteEnded", { suite: suite.id, durationMs, errors: failures }, {
      attachments,
    });
  }

  /** The host has to know who blocks, so this must be on its way before the hook runs. @param {import("./suite/tree.js").Suite} suite @param {string} kind */
  hookStart(suite, kind) {
    this.#channel.note("testing.hookBegun", {
      suite: suite.id,
      kind,
      budgetMs: this.#hookTimeoutMs,
    });
    this.#channel.flush();
  }

  /** The same holds for tests. @param {import("./suite/tree.js").Test} test */
  testStart(test) {
    this.#channel.note("testing.testStarted", { test: test.id });
    this.#channel.flush();
  }

  /** @param {import("./suite/tree.js").Test} test @param {import("./suite/runner.js").TestResult} result */
  testEnd(test, { status, durationMs, errors, retries, reason }) {
    /** @type {any} */
    const report = { test: test.id, status, durationMs };
    if (retries > 0) report.retries = retries;
    if (reason !== undefined) report.reason = reason;
    /** @type {Uint8Array[]} */
    const attachments = [];
    if (errors.length > 0) {
      const encode = (/** @type {any} */ value) => this.#channel.encode(value, attachments);
      report.errors = errors.slice(0, 20).map((error) => describeFailure(error, encode));
      Object.assign(report, place(test.options.site));
    }
    this.#channel.note("testing.testEnded", report, { attachments });
  }
}

/**
 * How long a test may take in all its attempts; 0 for no limit.
 * @param {import("./suite/tree.js").Test} test @param {RunTests} settings
 */
function budgetOf(test, settings) {
  const timeoutMs = test.setting("timeoutMs") ?? settings.timeoutMs;
  if (!(timeoutMs > 0) || timeoutMs === Infinity) return 0;
  return timeoutMs * (1 + (test.setting("retry") ?? settings.retry) + (test.setting("repeats") ?? 0));
}

/** @param {import("./suite/stack.js").CallSite | undefined} site */
function place(site) {
  const location = site?.location;
  return location ? { line: location.line, column: location.column } : {};
}
