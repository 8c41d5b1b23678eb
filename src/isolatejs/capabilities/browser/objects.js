// Playwright's objects in the sandbox. An object is a number that the host gave; a locator is a number and the
// steps that lead from there, so making one asks nobody.
// @ts-check

import { emitted, Emitter, subscribe } from "./events.js";
import { describePart, toText } from "./functions.js";
import { identities } from "./identities.js";
import { pageValues } from "./page_values.js";
import { Routing } from "./routing.js";
import { waiters } from "./waiting.js";
import { descriptions } from "../../wire/encoding.js";

/** @typedef {import("./identities.js").Step} Step */
/** @typedef {import("./identities.js").Identity} Identity */

/** Arguments that are code for the page, before its argument: see page_values.js. */
const CODE = {
  evaluate: 0,
  evaluateHandle: 0,
  evaluateAll: 0,
  waitForFunction: 0,
  $eval: 1,
  $$eval: 1,
};
/** Their results that are values, as text. */
const GIVES_TEXT = new Set(["evaluate", "evaluateAll", "$eval", "$$eval", "jsonValue"]);
const values = pageValues();

/** Classes whose objects have events. */
const EMITTERS = new Set(["BrowserContext", "Page", "WebSocket", "Worker", "CDPSession"]);

export class BrowserObjects {
  /** Objects by number, and how often the host gave each. @type {Map<number, {held: WeakRef<any>, given: number}>} */
  #known = new Map();
  /** @type {Record<string, any>} */ #classes = Object.create(null);
  #registry = new FinalizationRegistry((/** @type {number} */ ref) => this.#release(ref));
  /** @type {[number, number][]} */ #released = [];
  /** Objects with listeners, which the program need not hold itself. @type {Map<any, Set<string>>} */
  #listening = new Map();

  /** @param {any} channel @param {Record<string, Record<string, string>>} surface @param {string[]} events */
  constructor(channel, surface, events) {
    this.channel = channel;
    this.events = new Set(events);
    this.routing = new Routing(this);
    for (const kind of Object.keys(surface)) this.#classes[kind] = this.#makeClass(kind, surface[kind]);
  }

  // --- classes -------------------------------------------------------------------------------------
  /** @param {string} kind @param {Record<string, string>} members */
  #makeClass(kind, members) {
    const objects = this;
    const Base = EMITTERS.has(kind) ? Emitter : Object;
    const Class = { [kind]: class extends Base {} }[kind];
    for (const name of Object.keys(members)) {
      const [how, made] = members[name].split(":");
      Object.defineProperty(Class.prototype, name, this.#member(how, name, made));
    }
    for (const [name, wait] of Object.entries(waiters(kind))) {
      Object.defineProperty(Class.prototype, name, {
        value: /** @this {any} @param {any[]} args */ function (...args) {
          return wait(this, objects, ...args);
        },
        configurable: true,
        writable: true,
      });
    }
    const end = members.dispose !== undefined ? "dispose" : "close";
    if (members[end] === "call") {
      Object.defineProperty(Class.prototype, Symbol.asyncDispose, {
        value: /** @this {any} */ function () {
          return this[end]();
        },
        configurable: true,
        writable: true,
      });
    }
    if (kind === "Page") {
      Object.defineProperty(Class.prototype, "target", {
        value: /** @this {any} */ function () {
          return { createCDPSession: () => this.context().newCDPSession(this) };
        },
        configurable: true,
        writable: true,
      });
    }
    descriptions.set(Class.prototype, (/** @type {any} */ object) => {
      const { kind: name, facts } = /** @type {Identity} */ (identities.get(object));
      return { kind: name, ...facts };
    });
    if (Base === Emitter) {
      const known = kind === "CDPSession" ? undefined : this.events;
      /** @type {any} */ (Class.prototype)[subscribe] =
        /** @this {any} @param {string} event @param {boolean} listening */ function (
          event,
          listening,
        ) {
          if (listening && known !== undefined && !known.has(event)) {
            throw new TypeError(`unknown event ${event}`);
          }
          return objects.#subscribe(this, event, listening);
        };
    }
    return Class;
  }

  /** @param {string} how @param {string} name @param {string} made @returns {PropertyDescriptor} */
  #member(how, name, made) {
    const objects = this;
    switch (how) {
      case "step":
        return method(function (/** @type {any[]} */ ...args) {
          return objects.#derive(this, made, { name, args });
        });
      case "part":
        return {
          get() {
            return objects.#derive(this, made, { name, args: [] });
          },
          configurable: true,
        };
      case "fact":
        return method(function () {
          const { facts } = /** @type {Identity} */ (identities.get(/** @type {any} */ (this)));
          return name in facts ? facts[name] : objects.ask(this, name, []);
        });
      case "ask":
        return method(function (/** @type {any[]} */ ...args) {
          return objects.ask(this, name, args);
        });
      default:
        return method(function (/** @type {any[]} */ ...args) {
          return objects.call(this, name, args);
        });
    }
  }

  /** @param {any} owner @param {string} kind @param {Step} step */
  #derive(owner, kind, step) {
    const { ref, steps } = /** @type {Identity} */ (identities.get(owner));
    const made = new this.#classes[kind]();
    identities.set(made, { ref, steps: [...steps, step], kind, facts: {} });
    made[keepAlive] = owner; // the host's number is released with its last holder
    return made;
  }

  /** What relative URLs of a page, frame or context start from. @param {any} target @param {any} matcher a pattern: only text may be relative @returns {string | undefined} */
  baseOf(target, matcher) {
    if (typeof matcher !== "string" || /^(\*|[a-z][a-z0-9+.-]*:)/i.test(matcher)) return undefined;
    const { kind } = /** @type {Identity} */ (identities.get(target));
    if (kind === "BrowserContext") return this.#bases.get(target);
    return this.baseOf(kind === "Frame" ? target.page() : target.context(), matcher);
  }

  /** Base URLs of contexts. @type {WeakMap<any, string>} */
  #bases = new WeakMap();

  /** @param {any} target @param {string} name @param {any} fn */
  exposeFunction(target, name, fn) {
    if (typeof fn !== "function") throw new TypeError("exposeFunction: the handler is not a function");
    const called = async (/** @type {string} */ text) => values.encode(await fn(...values.decode(text)));
    return this.call(target, "exposeFunction", [name, called]);
  }

  // --- calls ---------------------------------------------------------------------------------------
  /** @param {any} target @param {string} name @param {any[]} args */
  async call(target, name, args) {
    const { payload, attachments } = this.#request(target, name, args);
    const result = this.#given(await this.channel.call("browser.callMethod", payload, { attachments }));
    if (GIVES_TEXT.has(name)) return values.decode(result.text);
    return name === "getProperties" ? new Map(Object.entries(result)) : result;
  }

  /** @param {any} target @param {string} name @param {any[]} args */
  ask(target, name, args) {
    const { payload, attachments } = this.#request(target, name, args);
    return this.#given(this.channel.callSync("browser.callMethod", payload, { attachments }));
  }

  /** @param {string} name @param {any[]} args */
  async root(name, args) {
    /** @type {Uint8Array[]} */
    const attachments = [];
    const payload = { target: { ref: 0, steps: [] }, method: name, ...this.#encode(args, attachments) };
    return this.#given(await this.channel.call("browser.callMethod", payload, { attachments }));
  }

  /** @param {string} name */
  rootSync(name) {
    const payload = { target: { ref: 0, steps: [] }, method: name };
    return this.#given(this.channel.callSync("browser.callMethod", payload, {}));
  }

  /** @param {any} target @param {string} matcher @param {boolean} negated @param {any[]} args */
  async match(target, matcher, negated, args) {
    /** @type {Uint8Array[]} */
    const attachments = [];
    const payload = {
      target: this.handle(target, attachments),
      matcher,
      negated,
      ...this.#encode(args, attachments),
    };
    return (await this.channel.call("browser.checkMatcher", payload, { attachments })).value;
  }

  /** @param {any} target @param {string} name @param {any[]} args */
  #request(target, name, args) {
    /** @type {Uint8Array[]} */
    const attachments = [];
    const at = /** @type {any} */ (CODE)[name];
    if (at !== undefined) args = withCode(args, at);
    else if (name === "addInitScript" && typeof args[0] === "function") args = [initScript(args)];
    const payload = {
      target: this.handle(target, attachments),
      method: name,
      ...this.#encode(args, attachments),
    };
    return { payload, attachments };
  }

  // --- handles and values --------------------------------------------------------------------------
  /** The wire form of an object. @param {any} target @param {Uint8Array[]} attachments */
  handle(target, attachments) {
    const identity = identities.get(target);
    if (identity === undefined) throw new TypeError("not an object of this browser");
    return {
      ref: identity.ref,
      steps: identity.steps.map(({ name, args }) => ({ name, ...this.#encode(args, attachments) })),
    };
  }

  /** Arguments with objects taken out. @param {any[]} args @param {Uint8Array[]} attachments */
  #encode(args, attachments) {
    if (args.length === 0) return {};
    /** @type {any[]} */
    const placed = [];
    const plain = this.#takeOut(args, [], placed, attachments, new Set());
    const encoded = this.channel.encode(plain, attachments);
    return placed.length === 0 ? { args: encoded } : { args: encoded, placed };
  }

  /** @param {any} value @param {(string | number)[]} path @param {any[]} placed @param {Uint8Array[]} attachments @param {Set<any>} above @returns {any} */
  #takeOut(value, path, placed, attachments, above) {
    if (typeof value === "function") {
      placed.push({ path, callback: this.#numberOf(value) });
      return null;
    }
    if (typeof value !== "object" || value === null) return value;
    if (identities.has(value)) {
      placed.push({ path, handle: this.handle(value, attachments) });
      return null;
    }
    const plain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
    if (!plain || above.has(value)) return value;
    above.add(value);
    /** @type {any} */
    const copy = Array.isArray(value) ? [] : {};
    for (const key of Object.keys(value)) {
      const at = Array.isArray(value) ? Number(key) : key;
      copy[key] = this.#takeOut(value[key], [...path, at], placed, attachments, above);
    }
    above.delete(value);
    return copy;
  }

  // --- functions that the host's Playwright calls --------------------------------------------------
  /** @type {Function[]} */ #callbacks = [];
  /** @type {WeakMap<Function, number>} */ #callbackNumbers = new WeakMap();

  /** @param {Function} fn */
  #numberOf(fn) {
    let number = this.#callbackNumbers.get(fn);
    if (number === undefined) {
      number = this.#callbacks.push(fn) - 1;
      this.#callbackNumbers.set(fn, number);
    }
    return number;
  }

  /** @param {any} message @param {any} frame */
  async runCallback(message, frame) {
    const args = this.#putIn(frame.decode(message.args), message.objects ?? [], frame);
    try {
      return this.channel.replyWith(await this.#callbacks[message.callback](...args));
    } catch (error) {
      if (message.listener !== true) throw error;
      reportError(error);
      return this.channel.replyWith(undefined);
    }
  }

  /** @param {any} frame the host's answer */
  #given(frame) {
    return this.#putIn(frame.decode(frame.value.value), frame.value.objects ?? [], frame);
  }

  /** @param {any} value @param {any[]} objects @param {any} frame */
  #putIn(value, objects, frame) {
    value = withBuffers(value);
    for (const { path, ref, kind, facts } of objects) {
      const object = this.#object(
        ref,
        kind,
        facts === undefined || facts === null ? {} : withBuffers(frame.decode(facts)),
      );
      if (path.length === 0) return object;
      let container = value;
      for (let i = 0; i < path.length - 1; i++) container = container[path[i]];
      container[path[path.length - 1]] = object;
    }
    return value;
  }

  /** @param {number} ref @param {string} kind @param {any} facts */
  #object(ref, kind, facts) {
    const entry = this.#known.get(ref);
    if (entry !== undefined) entry.given += 1;
    const known = entry?.held.deref();
    if (known !== undefined) {
      if (kind !== "BrowserContext") {
        Object.assign(/** @type {Identity} */ (identities.get(known)).facts, facts);
      }
      return known;
    }
    const made = new this.#classes[kind]();
    if (kind === "BrowserContext") {
      this.#bases.set(made, facts.baseURL);
      facts = {};
    }
    identities.set(made, { ref, steps: [], kind, facts });
    this.#known.set(ref, { held: new WeakRef(made), given: entry?.given ?? 1 });
    this.#registry.register(made, ref);
    return made;
  }

  /** @param {number} ref */
  #release(ref) {
    const entry = this.#known.get(ref);
    if (entry === undefined || entry.held.deref() !== undefined) return;
    this.#known.delete(ref);
    this.#released.push([ref, entry.given]);
    if (this.#released.length === 1) {
      queueMicrotask(() => {
        const released = this.#released;
        this.#released = [];
        this.channel.note("browser.objectsReleased", { released });
      });
    }
  }

  // --- events --------------------------------------------------------------------------------------
  /** @param {any} target @param {string} event @param {boolean} listening */
  #subscribe(target, event, listening) {
    const events = this.#listening.get(target) ?? new Set();
    if (listening) this.#listening.set(target, events.add(event));
    else if (events.delete(event) && events.size === 0) this.#listening.delete(target);
    return this.channel.call("browser.subscribeEvent", { target: this.handle(target, []), event, listening });
  }

  /** @param {any} message @param {any} frame */
  eventFired(message, frame) {
    const payload = this.#putIn(frame.decode(message.value), message.objects ?? [], frame);
    const target = this.#known.get(message.ref)?.held.deref();
    if (target === undefined) return;
    if (message.event === "close") this.#listening.delete(target);
    target[emitted](message.event, describePart(message.event, payload));
  }
}

const { reportError } = globalThis;
const keepAlive = Symbol("owner");

/** @param {(this: any, ...args: any[]) => any} value @returns {PropertyDescriptor} */
const method = (value) => ({ value, configurable: true, writable: true });

/** Bytes are Buffers, as in Playwright: alone, as arguments, as facts and payloads. @param {any} value @returns {any} */
function withBuffers(value) {
  const { Buffer } = /** @type {any} */ (globalThis);
  if (Buffer === undefined || typeof value !== "object" || value === null) return value;
  const asBuffer = (/** @type {any} */ item) =>
    item instanceof Uint8Array ? Buffer.from(item.buffer, item.byteOffset, item.byteLength) : item;
  if (value instanceof Uint8Array) return asBuffer(value);
  for (const name of Object.keys(value)) {
    if (value[name] instanceof Uint8Array) value[name] = asBuffer(value[name]);
  }
  return value;
}

/** Code and its argument in one. @param {any[]} args @param {number} at */
function withCode(args, at) {
  const code = args[at];
  /** @type {any[]} */
  const handles = [];
  const text = values.encode(args[at + 1], (value) => {
    if (typeof value === "function") {
      throw new TypeError(`Attempting to serialize unexpected value: ${value}`);
    }
    return identities.has(value) ? handles.push(value) - 1 : -1;
  });
  const isFunction = typeof code === "function";
  return [
    ...args.slice(0, at),
    { code: isFunction ? toText(code) : `${code}`, isFunction, text, handles },
    ...args.slice(at + 2),
  ];
}

/** @param {any[]} args */
const initScript = ([code, arg]) => `(${toText(code)})(${JSON.stringify(arg) ?? ""})`;
