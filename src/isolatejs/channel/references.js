// Values that stay alive on the side that owns them; the guest's half of references.py.
// @ts-check

import { runNextTurn } from "../guest/engine.js";
import {
  AbortController,
  ObjectDefineProperty,
  PromiseResolve,
  push,
  ReflectApply,
  SafeMap,
  SafeWeakMap,
  SymbolAsyncIterator,
  SymbolIterator,
  web,
} from "../guest/primordials.js";

const { FinalizationRegistry, TypeError, WeakRef } = globalThis;

/** @typedef {import("./channel.js").Channel} Channel */

export class References {
  /** Ours, held by the host. @type {Map<number, {kind: string, target: any}>} */ #exported = new SafeMap();
  /** @type {WeakMap<object, number>} */ #numbers = new SafeWeakMap();
  /** The host's, held by us. @type {Map<number, WeakRef<any>>} */ #imported = new SafeMap();
  /** @type {WeakMap<object, {kind: string, reference: number}>} */ #proxies = new SafeWeakMap();
  /** @type {Map<number, AbortController>} */ #controllers = new SafeMap();
  /** @type {number[]} */ #released = [];
  #registry = new FinalizationRegistry((/** @type {number} */ reference) => this.#release(reference));
  #next = -1;
  #channel;

  /** @param {Channel} channel */
  constructor(channel) {
    this.#channel = channel;
    channel.handle("channel", {
      callFunction: (/** @type {any} */ payload, /** @type {any} */ frame) =>
        this.#callFunction(payload, frame),
      settlePromise: (/** @type {any} */ payload) => this.#settlePromise(payload),
      nextItem: (/** @type {any} */ payload) => this.#nextItem(payload),
      returnIterator: (/** @type {any} */ payload) => this.#returnIterator(payload),
      referencesReleased: (/** @type {any} */ payload) => this.#referencesReleased(payload),
      signalAborted: (/** @type {any} */ payload, /** @type {any} */ frame) =>
        this.#signalAborted(payload, frame),
    });
  }

  /** The host goes away: what it held is its no more, and its own objects are gone. */
  park() {
    this.#exported.clear();
    this.#imported.clear();
    this.#controllers.clear();
  }

  // --- ours ----------------------------------------------------------------------------------------
  /** @param {string} kind @param {any} target */
  export(kind, target) {
    const known = this.#numbers.get(target);
    if (known !== undefined && this.#exported.has(known)) return known;
    this.#next += 2;
    const number = this.#next;
    this.#numbers.set(target, number);
    this.#exported.set(number, { kind, target: kind === "iterator" ? new Iteration(target) : target });
    if (kind === "signal") this.#watch(number, target);
    else if (kind === "promise") target.then(undefined, () => {}); // the host reports it when it asks
    return number;
  }

  /** @param {number} number @param {AbortSignal} signal */
  #watch(number, signal) {
    if (signal.aborted) return;
    signal.addEventListener("abort", () => {
      if (!this.#exported.has(number)) return;
      /** @type {Uint8Array[]} */
      const attachments = [];
      const reason = this.#channel.encode(signal.reason, attachments);
      this.#channel.note("channel.signalAborted", { reference: number, reason }, { attachments });
    }, { once: true });
  }

  /** @param {number} number */
  #target(number) {
    const found = this.#exported.get(number);
    if (found === undefined) throw new ReferenceError("the value was released");
    return found.target;
  }

  /** @param {any} payload @param {any} frame */
  async #callFunction(payload, frame) {
    const target = this.#target(payload.reference);
    return this.#channel.replyWith(await ReflectApply(target, undefined, frame.decode(payload.args)));
  }

  /** @param {any} payload */
  async #settlePromise(payload) {
    return this.#channel.replyWith(await this.#target(payload.reference));
  }

  /** @param {any} payload */
  async #nextItem(payload) {
    const { done, value } = await this.#target(payload.reference).next();
    if (done) {
      this.#exported.delete(payload.reference);
      return { done: true };
    }
    /** @type {Uint8Array[]} */
    const attachments = [];
    const encoded = await this.#channel.encodeAsync(value, attachments);
    return this.#channel.reply({ value: encoded }, attachments);
  }

  /** @param {any} payload */
  async #returnIterator(payload) {
    const found = this.#exported.get(payload.reference);
    this.#exported.delete(payload.reference);
    await found?.target.return();
    return null;
  }

  /** @param {any} payload */
  #referencesReleased(payload) {
    for (let i = 0; i < payload.references.length; i++) {
      const number = payload.references[i];
      const found = this.#exported.get(number);
      this.#exported.delete(number);
      if (found?.kind === "iterator") PromiseResolve(found.target.return()).catch(() => {});
    }
  }

  // --- the host's ----------------------------------------------------------------------------------
  /** The number of a proxy that is on its way home. @param {object} target */
  ownProxy(target) {
    return this.#proxies.get(target);
  }

  /** @param {string} kind @param {number} reference @param {any} detail */
  import(kind, reference, detail) {
    const known = this.#imported.get(reference)?.deref();
    if (known !== undefined) return known;
    const proxy = this.#make(kind, reference, detail);
    this.#imported.set(reference, new WeakRef(proxy));
    this.#registry.register(proxy, reference);
    return proxy;
  }

  /** @param {string} kind @param {number} reference @param {any} detail @returns {any} */
  #make(kind, reference, detail) {
    const channel = this.#channel;
    switch (kind) {
      case "function": {
        const proxy = async (/** @type {any[]} */ ...args) => {
          /** @type {Uint8Array[]} */
          const attachments = [];
          const encoded = await channel.encodeAsync(args, attachments);
          const reply = await channel.call("channel.callFunction", { reference, args: encoded }, {
            attachments,
          });
          return reply.decode(reply.value);
        };
        ObjectDefineProperty(proxy, "name", { value: "hostFunction", configurable: true });
        return proxy;
      }
      case "promise":
        return channel.call("channel.settlePromise", { reference }).then((reply) =>
          reply.decode(reply.value)
        );
      case "iterator":
        return this.#iterator(reference);
      case "signal": {
        const controller = new AbortController();
        this.#controllers.set(reference, controller);
        if (detail !== undefined) controller.abort(detail);
        return controller.signal;
      }
      default:
        throw new TypeError(`unknown kind of reference ${kind}`);
    }
  }

  /** @param {number} reference */
  #iterator(reference) {
    const channel = this.#channel;
    let ended = false;
    const iterator = {
      async next() {
        if (ended) return { done: true, value: undefined };
        try {
          const reply = await channel.call("channel.nextItem", { reference });
          if (!reply.value.done) return { done: false, value: reply.decode(reply.value.value) };
        } catch (error) {
          ended = true;
          throw error;
        }
        ended = true;
        return { done: true, value: undefined };
      },
      /** @param {any} value */
      async return(value) {
        if (!ended) {
          ended = true;
          await channel.call("channel.returnIterator", { reference });
        }
        return { done: true, value };
      },
      [SymbolAsyncIterator]() {
        return this;
      },
    };
    return iterator;
  }

  /** @param {any} payload @param {any} frame */
  #signalAborted(payload, frame) {
    const controller = this.#controllers.get(payload.reference);
    this.#controllers.delete(payload.reference);
    controller?.abort(frame.decode(payload.reason));
  }

  /** @param {number} reference */
  #release(reference) {
    if (this.#imported.get(reference)?.deref() !== undefined) return; // taken up again meanwhile
    this.#imported.delete(reference);
    push(this.#released, reference);
    if (this.#released.length === 1) {
      runNextTurn(() => {
        const references = this.#released;
        this.#released = [];
        this.#channel.note("channel.referencesReleased", { references });
      });
    }
  }
}

/** Anything that can be iterated, as next() and return(). */
class Iteration {
  #iterator;

  /** @param {any} target */
  constructor(target) {
    if (target instanceof web.ReadableStream) this.#iterator = target.values();
    else if (typeof target[SymbolAsyncIterator] === "function") {
      this.#iterator = target[SymbolAsyncIterator]();
    } else this.#iterator = target[SymbolIterator]();
  }

  next() {
    return this.#iterator.next();
  }

  return() {
    return this.#iterator.return?.();
  }
}
