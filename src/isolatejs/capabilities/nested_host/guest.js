// `createIsolateHost` and `createModuleResolver` for programs: the modules "@ricsam/isolate" and "isolatejs".
// @ts-check

import { ObjectFreeze, ObjectKeys } from "../../guest/primordials.js";
import { keepFunctions, prepareBindings } from "./handed.js";
import { createModuleResolver } from "./resolver.js";

/** @param {import("../../guest/kernel.js").Kernel} kernel */
export function install(kernel) {
  const api = ObjectFreeze({
    createIsolateHost: () => new IsolateHost(kernel.channel),
    createModuleResolver,
  });
  kernel.registerBuiltin("@ricsam/isolate", () => api);
  kernel.registerBuiltin("isolatejs", () => api);
}

const COMMON = [
  "bindings",
  "cwd",
  "key",
  "executionTimeout",
  "executionTimeoutMs",
  "memoryLimitMB",
  "nestedHost",
];
const SERVER = [...COMMON, "entry", "entryFilename", "code", "webSockets"];
/** Field of the policy, and its name in the message. @type {Record<string, string>} */
const POLICY = {
  fetch: "fetch",
  maxTotalResources: "maxTotalResources",
  maxRuntimes: "maxRuntimes",
  maxAppServers: "maxAppServers",
  maxMemoryLimitMB: "maxMemoryLimitMb",
  maxTotalMemoryMB: "maxTotalMemoryMb",
  maxExecutionTimeoutMs: "maxExecutionTimeoutMs",
  maxAppServerLifetimeMs: "maxAppServerLifetimeMs",
};

/** @param {any} given @param {string[]} known @param {string} where */
function checkKeys(given, known, where) {
  for (const key of ObjectKeys(given)) {
    if (!known.includes(key)) {
      throw new TypeError(`${where}: unknown option ${key}; known are ${known.join(", ")}`);
    }
  }
}

/** What the host takes; see NESTED_NAME_LIMIT_CHARACTERS in limits.py. */
const NAME_LIMIT = 4_096;

/** A number of the program, or null when it gives none. @param {any} given @param {string} name */
function positive(given, name) {
  if (given === undefined || given === null) return null;
  if (typeof given !== "number" || !(given > 0) || given === Infinity) {
    throw new TypeError(`${name}: a positive number, not ${describe(given)}`);
  }
  return given;
}

/** The same, where only whole numbers make sense. @param {any} given @param {string} name */
function whole(given, name, least = 1) {
  if (given === undefined || given === null) return null;
  if (typeof given !== "number" || !Number.isInteger(given) || given < least) {
    throw new TypeError(`${name}: a whole number from ${least} up, not ${describe(given)}`);
  }
  return given;
}

/** @param {any} given @param {string} name */
function text(given, name) {
  if (given === undefined || given === null) return null;
  if (typeof given !== "string") throw new TypeError(`${name}: a string, not ${describe(given)}`);
  if (name === "reason") return given.slice(0, NAME_LIMIT);
  if (name !== "code" && given.length > NAME_LIMIT) {
    throw new TypeError(`${name}: a string of at most ${NAME_LIMIT} characters`);
  }
  return given;
}

/** @param {any} given */
function describe(given) {
  return typeof given === "object" || typeof given === "function"
    ? (given === null ? "null" : `a value of type ${typeof given}`)
    : `${typeof given === "bigint" ? `${given}n` : String(given)}`.slice(0, 40);
}

/** The policy of a child's own nested hosts. @param {any} given */
function preparePolicy(given) {
  if (given === undefined || given === null || given === true) return true;
  if (given === false) return false;
  if (typeof given !== "object") throw new TypeError("nestedHost: an object or false");
  checkKeys(given, ObjectKeys(POLICY), "nestedHost");
  /** @type {Record<string, any>} */
  const policy = {};
  for (const name of ObjectKeys(given)) {
    const value = given[name];
    if (name === "fetch") {
      if (value !== undefined && value !== "inherit" && value !== "disabled") {
        throw new TypeError(`nestedHost.fetch: "inherit" or "disabled", not ${describe(value)}`);
      }
      policy.fetch = value ?? null;
    } else {
      policy[POLICY[name]] = name.endsWith("Ms")
        ? positive(value, `nestedHost.${name}`)
        : whole(value, `nestedHost.${name}`, name === "maxTotalMemoryMB" ? 1 : 0);
    }
  }
  return policy;
}

/**
 * The options of every kind of child.
 * @param {import("../../channel/channel.js").Channel} channel @param {any} given @param {string[]} known @param {string} kind
 * @param {Uint8Array[]} attachments
 */
function prepareOptions(channel, given, known, kind, attachments) {
  checkKeys(given, known, `options of a nested ${kind}`);
  const prepared = prepareBindings(given.bindings ?? {});
  keepFunctions(channel.references, prepared);
  const bindings = channel.encode(prepared, attachments);
  return {
    bindings,
    cwd: text(given.cwd, "cwd") ?? "/",
    key: text(given.key, "key"),
    memoryLimitMb: whole(given.memoryLimitMB, "memoryLimitMB"),
    executionTimeoutMs: positive(given.executionTimeoutMs ?? given.executionTimeout, "executionTimeout"),
    nestedHost: preparePolicy(given.nestedHost),
  };
}

let lastHost = 0;

class IsolateHost {
  #channel;
  #host = ++lastHost;
  #closed = false;

  /** @param {import("../../channel/channel.js").Channel} channel */
  constructor(channel) {
    this.#channel = channel;
  }

  /** @param {any} [options] */
  async createRuntime(options = {}) {
    return new ScriptRuntime(await this.#create("openRuntime", "runtime", options));
  }

  /** @param {any} options */
  async createAppServer(options) {
    const { webSockets } = options;
    checkKeys(webSockets ?? {}, ["onCommand"], "webSockets");
    /** @type {Uint8Array[]} */
    const attachments = [];
    const onCommand = webSockets?.onCommand === undefined ? null : this.#channel.encode([
      this.#channel.references.keep((/** @type {any[]} */ ...args) => webSockets.onCommand(...args)),
      webSockets.onCommand.length > 1,
    ], attachments);
    return new AppServer(
      await this.#create("openServer", "appServer", options, attachments, {
        entry: text(options.entry, "entry"),
        code: text(options.code, "code"),
        entryFilename: text(options.entryFilename, "entryFilename"),
        onCommand,
      }),
    );
  }

  /** @param {any} [options] */
  async createTestRuntime(options = {}) {
    return new TestRuntime(await this.#create("openTestRuntime", "testRuntime", options));
  }

  /** @param {string} key @param {any} [options] */
  async getNamespacedRuntime(key, options = {}) {
    return new NamespacedRuntime(
      await this.#create("openSession", "namespacedRuntime", options, [], { key: sessionKey(key) }),
    );
  }

  /** @param {string} key @param {{reason?: string}} [options] */
  async disposeNamespace(key, options) {
    const reply = await this.#channel.call("nested_host.disposeNamespace", {
      host: this.#host,
      key: sessionKey(key),
      reason: text(options?.reason, "reason"),
    });
    return reply.value;
  }

  async diagnostics() {
    const { value } = await this.#channel.call("nested_host.describeHost", { host: this.#host });
    return this.#closed ? { ...value, connected: false } : value;
  }

  async close() {
    this.#closed = true;
    await this.#channel.call("nested_host.closeHost", { host: this.#host });
  }

  /** @param {string} message @param {string} kind @param {any} given @param {Uint8Array[]} attachments @param {any} more */
  async #create(message, kind, given, attachments = [], more = {}) {
    if (this.#closed) throw new Error("the nested host is closed");
    const known = kind === "appServer" ? SERVER : COMMON;
    const options = prepareOptions(this.#channel, given, known, kind, attachments);
    const payload = { host: this.#host, options, ...more };
    const { value } = await this.#channel.call(`nested_host.${message}`, payload, { attachments });
    return new Child(this.#channel, value.id, value.runtimeId);
  }
}

/** @param {any} key */
function sessionKey(key) {
  if (typeof key !== "string" || key.length < 1 || key.length > KEY_LIMIT || key.includes("\0")) {
    throw new TypeError(`key: a string of 1 to ${KEY_LIMIT} characters without NUL`);
  }
  return key;
}

/** What the host takes; see NAMESPACE_KEY_LIMIT_CHARACTERS in limits.py. */
const KEY_LIMIT = 128;

/** One child, by its number. */
class Child {
  #channel;
  #id;

  /** @param {import("../../channel/channel.js").Channel} channel @param {number} id @param {string} runtimeId */
  constructor(channel, id, runtimeId) {
    this.#channel = channel;
    this.#id = id;
    this.runtimeId = runtimeId;
  }

  /**
   * Sent at once, so that an abort right after it finds it under way.
   * @param {string} message @param {any} fields @param {AbortSignal} [signal]
   */
  call(message, fields, signal) {
    return this.#channel.call(`nested_host.${message}`, { id: this.#id, ...fields }, { signal });
  }

  /**
   * A message with fields that are arbitrary values; answered with a value.
   * @param {string} message @param {any} fields @param {Record<string, any>} values @param {AbortSignal} [signal]
   */
  async send(message, fields, values, signal) {
    /** @type {Uint8Array[]} */
    const attachments = [];
    /** @type {any} */
    const payload = { id: this.#id, ...fields };
    for (const name of ObjectKeys(values)) {
      const before = attachments.length;
      payload[name] = before === 0 ? this.#channel.tryEncode(values[name], attachments) : undefined;
      if (payload[name] === undefined) {
        attachments.length = before;
        payload[name] = await this.#channel.encodeAsync(values[name], attachments);
      }
    }
    return await this.#channel.call(`nested_host.${message}`, payload, { attachments, signal });
  }

  /** Start a listener; gives what ends it. @param {string} message @param {any} fields @param {any} handler */
  listen(message, fields, handler) {
    if (typeof handler !== "function") throw new TypeError("the handler must be a function");
    this.#channel.references.keep(handler);
    const listening = this.send(message, fields, { handler });
    listening.catch(() => {}); // it has no other place to go: the child is gone
    return () =>
      void listening.then(
        (reply) => this.call("stopWatching", { listener: reply.value }),
        () => {},
      );
  }

  /** @param {{hard?: boolean, reason?: string}} [options] */
  async dispose(options = {}) {
    await this.call("disposeChild", { hard: options.hard === true, reason: text(options.reason, "reason") });
  }
}

/** What every kind of child has. */
class Handle {
  /** @protected */
  child;

  /** @param {Child} child */
  constructor(child) {
    this.child = child;
  }

  get id() {
    return this.child.runtimeId;
  }

  /** @param {{hard?: boolean, reason?: string}} [options] */
  dispose(options) {
    return this.child.dispose(options);
  }

  async diagnostics() {
    return (await this.child.call("describeChild", {})).value;
  }
}

class ScriptRuntime extends Handle {
  /** @param {string} code @param {any} [options] a filename, or options */
  async eval(code, options = {}) {
    const { filename, executionTimeout, executionTimeoutMs, signal } = typeof options === "string"
      ? { filename: options }
      : options;
    const reply = await this.child.call("evaluateCode", {
      code: `${code}`,
      filename: text(filename, "filename"),
      executionTimeoutMs: positive(executionTimeoutMs ?? executionTimeout, "executionTimeout"),
    }, signal);
    return reply.decode(reply.value);
  }

  get events() {
    const { child } = this;
    return {
      /** @param {string} name @param {(payload: any) => void} handler */
      on: (name, handler) => child.listen("watchEvent", { name: `${name}` }, handler),
      /** @param {string} name @param {any} [payload] */
      emit: async (name, payload) => {
        await child.send("emitEvent", { name: `${name}` }, { payload });
      },
    };
  }
}

/** @param {Child} child */
const testEvents = (child) => ({
  /** @param {(event: any) => void} handler */
  onEvent: (handler) => child.listen("watchTests", {}, handler),
});

/** @param {Child} child @param {string} code @param {any} options */
async function runTests(child, code, { filename, timeoutMs, signal } = /** @type {any} */ ({})) {
  const reply = await child.call("runTests", {
    code: `${code}`,
    filename: text(filename, "filename"),
    timeoutMs: positive(timeoutMs, "timeoutMs"),
  }, signal);
  return reply.decode(reply.value);
}

class TestRuntime extends Handle {
  /** @param {string} code @param {any} [options] */
  run(code, options) {
    return runTests(this.child, code, options);
  }

  get test() {
    return testEvents(this.child);
  }
}

class NamespacedRuntime extends ScriptRuntime {
  /** @param {string} code @param {any} [options] */
  runTests(code, options) {
    return runTests(this.child, code, options);
  }

  get test() {
    return testEvents(this.child);
  }
}

class AppServer extends Handle {
  /** @param {Request} request @param {{requestId?: string, metadata?: any, signal?: AbortSignal}} [options] */
  async handle(request, { requestId, metadata, signal } = {}) {
    const fields = { requestId: text(requestId, "requestId") };
    const values = { metadata: metadata ?? {}, request };
    const reply = await this.child.send("handleRequest", fields, values, signal);
    return reply.decode(reply.value);
  }

  /** @param {string} [reason] */
  async reload(reason) {
    await this.child.call("reloadServer", { reason: text(reason, "reason") });
  }

  get ws() {
    const { child } = this;
    return {
      open: async (/** @type {string} */ id) => {
        await child.call("openSocket", { connection: `${id}` });
      },
      message: async (/** @type {string} */ id, /** @type {any} */ data) => {
        await child.send("sendMessage", { connection: `${id}` }, { data });
      },
      close: async (/** @type {string} */ id, code = 1000, reason = "") => {
        await child.call("closeSocket", { connection: `${id}`, code, reason: `${reason}` });
      },
      error: async (/** @type {string} */ id, /** @type {any} */ error) => {
        await child.call("failSocket", { connection: `${id}`, message: `${error?.message ?? error}` });
      },
    };
  }
}
