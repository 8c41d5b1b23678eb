// `createIsolateHost` and `createModuleResolver` for programs: the modules "@ricsam/isolate" and "isolatejs".
// @ts-check

import { ObjectFreeze, ObjectKeys } from "../../guest/primordials.js";
import { createModuleResolver, resolverParts } from "./resolver.js";

/** @param {import("../../guest/kernel.js").Kernel} kernel */
export function install(kernel) {
  const api = ObjectFreeze({
    createIsolateHost: () => new IsolateHost(kernel.channel),
    createModuleResolver,
  });
  kernel.registerBuiltin("@ricsam/isolate", () => api);
  kernel.registerBuiltin("isolatejs", () => api);
}

const BINDINGS = ["console", "fetch", "files", "modules", "tools", "browser"];
const COMMON = [
  "bindings",
  "cwd",
  "key",
  "executionTimeout",
  "executionTimeoutMs",
  "memoryLimitMB",
  "nestedHost",
];
/** @type {Record<string, string[]>} */
const OPTIONS = {
  runtime: COMMON,
  testRuntime: COMMON,
  namespacedRuntime: COMMON,
  appServer: [...COMMON, "entry", "entryFilename", "code", "webSockets"],
};

/** @param {any} given @param {string[]} known @param {string} where */
function checkKeys(given, known, where) {
  for (const key of ObjectKeys(given)) {
    if (!known.includes(key)) {
      throw new TypeError(`${where}: unknown option ${key}; known are ${known.join(", ")}`);
    }
  }
}

/** Options as the host takes them: plain data and functions. @param {string} kind @param {any} options */
function prepare(kind, options) {
  checkKeys(options, OPTIONS[kind], `options of a nested ${kind}`);
  const { bindings = {}, ...rest } = options;
  checkKeys(bindings, BINDINGS, "bindings");
  const { modules, browser, files, ...plain } = bindings;
  /** @type {any} */
  const prepared = { ...plain };
  if (modules !== undefined) prepared.modules = resolverParts(modules);
  if (files !== undefined) prepared.files = methodsOf(files);
  if (browser !== undefined) {
    if (browser !== /** @type {any} */ (globalThis).browser) {
      throw new TypeError("bindings.browser: only this runtime's own browser can be handed on");
    }
    prepared.browser = true;
  }
  return { ...rest, bindings: prepared };
}

const FILE_METHODS = ["readFile", "writeFile", "unlink", "readdir", "mkdir", "rmdir", "stat", "rename"];

/** @param {any} files */
function methodsOf(files) {
  /** @type {any} */
  const methods = {};
  for (const name of FILE_METHODS) {
    if (typeof files[name] === "function") {
      methods[name] = (/** @type {any[]} */ ...args) => files[name](...args);
    }
  }
  return methods;
}

class IsolateHost {
  #channel;
  /** @type {Set<Resource>} */ #open = new Set();
  #closed = false;

  /** @param {import("../../channel/channel.js").Channel} channel */
  constructor(channel) {
    this.#channel = channel;
  }

  /** @param {any} [options] */
  async createRuntime(options = {}) {
    return new ScriptRuntime(await this.#create("runtime", options));
  }

  /** @param {any} options */
  async createAppServer(options) {
    return new AppServer(await this.#create("appServer", options));
  }

  /** @param {any} [options] */
  async createTestRuntime(options = {}) {
    return new TestRuntime(await this.#create("testRuntime", options));
  }

  /** @param {string} key @param {any} [options] */
  async getNamespacedRuntime(key, options = {}) {
    return new NamespacedRuntime(await this.#create("namespacedRuntime", { ...options, key }));
  }

  /** @param {string} key @param {{reason?: string}} [options] */
  async disposeNamespace(key, options) {
    const reply = await this.#channel.call("nested_host.disposeNamespace", {
      key: `${key}`,
      reason: options?.reason ?? null,
    });
    return reply.value;
  }

  async diagnostics() {
    return (await this.#channel.call("nested_host.describeHost", {})).value;
  }

  async close() {
    this.#closed = true;
    await Promise.all([...this.#open].map((resource) => resource.dispose({ hard: true })));
  }

  /** @param {string} kind @param {any} options */
  async #create(kind, options) {
    if (this.#closed) throw new Error("the nested host is closed");
    /** @type {Uint8Array[]} */
    const attachments = [];
    const encoded = this.#channel.encode(prepare(kind, options), attachments);
    const { value } = await this.#channel.call("nested_host.openResource", { kind, options: encoded }, {
      attachments,
    });
    const resource = new Resource(
      this.#channel,
      value.id,
      value.runtimeId,
      () => this.#open.delete(resource),
    );
    this.#open.add(resource);
    return resource;
  }
}

/** One child. */
class Resource {
  #channel;
  #id;
  #forget;

  /** @param {any} channel @param {number} id @param {string} runtimeId @param {() => void} forget */
  constructor(channel, id, runtimeId, forget) {
    this.#channel = channel;
    this.#id = id;
    this.runtimeId = runtimeId;
    this.#forget = forget;
  }

  /** Sent at once, so that an abort right after it finds it under way. @param {string} operation @param {any[]} args @param {AbortSignal} [signal] */
  async use(operation, args, signal) {
    /** @type {Uint8Array[]} */
    const attachments = [];
    let encoded = this.#channel.tryEncode(args, attachments);
    if (encoded === undefined) encoded = await this.#channel.encodeAsync(args, attachments);
    const payload = { id: this.#id, operation, args: encoded };
    const reply = await this.#channel.call("nested_host.useResource", payload, { attachments, signal });
    return reply.decode(reply.value);
  }

  /** @param {{hard?: boolean, reason?: string}} [options] */
  async dispose(options = {}) {
    this.#forget();
    await this.use("dispose", [{ hard: options.hard === true, reason: options.reason ?? null }]);
  }
}

/** What every kind of child has. */
class Handle {
  /** @protected */
  resource;

  /** @param {Resource} resource */
  constructor(resource) {
    this.resource = resource;
  }

  get id() {
    return this.resource.runtimeId;
  }

  /** @param {{hard?: boolean, reason?: string}} [options] */
  dispose(options) {
    return this.resource.dispose(options);
  }

  diagnostics() {
    return this.resource.use("diagnostics", []);
  }
}

/** @param {any} options a filename, or options */
function evalOptions(options) {
  const { filename, executionTimeout, executionTimeoutMs, signal } = typeof options === "string"
    ? { filename: options }
    : options;
  return {
    options: { filename: filename ?? null, timeout: executionTimeoutMs ?? executionTimeout ?? null },
    signal,
  };
}

class ScriptRuntime extends Handle {
  /** @param {string} code @param {any} [options] */
  eval(code, options = {}) {
    const { options: rest, signal } = evalOptions(options);
    return this.resource.use("eval", [`${code}`, rest], signal);
  }

  get events() {
    const { resource } = this;
    return {
      /** @param {string} name @param {(payload: any) => void} handler */
      on(name, handler) {
        const off = resource.use("on", [`${name}`, handler]);
        return () => void off.then((stop) => stop());
      },
      /** @param {string} name @param {any} [payload] */
      emit: (name, payload) => resource.use("emit", [`${name}`, payload]),
    };
  }
}

/** @param {Resource} resource */
const testEvents = (resource) => ({
  /** @param {(event: any) => void} handler */
  onEvent(handler) {
    const off = resource.use("onEvent", [handler]);
    return () => void off.then((stop) => stop());
  },
});

/** @param {Resource} resource @param {string} code @param {any} options */
function runTests(resource, code, { filename, timeoutMs, signal } = /** @type {any} */ ({})) {
  return resource.use(
    "runTests",
    [`${code}`, { filename: filename ?? null, timeout: timeoutMs ?? null }],
    signal,
  );
}

class TestRuntime extends Handle {
  /** @param {string} code @param {any} [options] */
  run(code, options) {
    return runTests(this.resource, code, options);
  }

  get test() {
    return testEvents(this.resource);
  }
}

class NamespacedRuntime extends ScriptRuntime {
  /** @param {string} code @param {any} [options] */
  runTests(code, options) {
    return runTests(this.resource, code, options);
  }

  get test() {
    return testEvents(this.resource);
  }
}

class AppServer extends Handle {
  /** @param {Request} request @param {{requestId?: string, metadata?: any, signal?: AbortSignal}} [options] */
  handle(request, { requestId, metadata, signal } = {}) {
    const options = { requestId: requestId ?? null, metadata: metadata ?? {} };
    return this.resource.use("handle", [request, options], signal);
  }

  /** @param {string} [reason] */
  reload(reason) {
    return this.resource.use("reload", [reason ?? null]);
  }

  get ws() {
    const { resource } = this;
    return {
      open: (/** @type {string} */ id) => resource.use("wsOpen", [id]),
      message: (/** @type {string} */ id, /** @type {any} */ data) => resource.use("wsMessage", [id, data]),
      close: (/** @type {string} */ id, code = 1000, reason = "") =>
        resource.use("wsClose", [id, code, reason]),
      error: (/** @type {string} */ id, /** @type {any} */ error) =>
        resource.use("wsError", [id, `${error?.message ?? error}`]),
    };
  }
}
