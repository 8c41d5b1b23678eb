// Values that stay alive on the side that owns them; the guest's half of references.py.
// @ts-check

import { core, runNextTurn } from "../guest/engine.js";
import {
  AbortController,
  DOMException,
  MathMax,
  ObjectDefineProperty,
  push,
  ReflectApply,
  RegExpPrototypeExec,
  SafeMap,
  SafeWeakMap,
  SymbolAsyncIterator,
  SymbolIterator,
  web,
} from "../guest/primordials.js";

const { FinalizationRegistry, ReferenceError, RegExp, TypeError, WeakRef } = globalThis;

/** What the host takes; see limits.py. */
const REFERENCES_LIMIT = 100_000;
/** A reference to one of our values as the host writes it. In a string its quotes would be escaped. */
const COMING_HOME = '\\["L","[a-z]+",([0-9]+)\\]';

/** @typedef {import("./channel.js").Channel} Channel */

export class References {
  /** Ours, held by the host. @type {Map<number, Exported>} */ #exported = new SafeMap();
  /** @type {WeakMap<object, number>} */ #numbers = new SafeWeakMap();
  /** The host's, held by us. @type {Map<number, {proxy: WeakRef<any>, serial: number}>} */ #imported =
    new SafeMap();
  /** @type {WeakMap<object, {kind: string, reference: number}>} */ #proxies = new SafeWeakMap();
  /** @type {Map<number, AbortController>} */ #controllers = new SafeMap();
  /** @type {[number, number][]} */ #released = [];
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
      confirmAlive: () => null,
    });
  }

  /** Functions that outlive a host end. @type {WeakMap<object, boolean>} */ #lasting = new SafeWeakMap();

  /** The next host end goes on with this function. @template {Function} F @param {F} fn @returns {F} */
  keep(fn) {
    this.#lasting.set(fn, true);
    return fn;
  }

  /** The host goes away: what it held is its no more, and its own objects are gone. */
  park() {
    this.#exported.forEach((exported, number) => {
      if (this.#lasting.has(exported.target)) return;
      exported.unwatch?.();
      this.#exported.delete(number);
    });
    this.#imported.clear();
    this.#proxies = new SafeWeakMap();
    this.#controllers.clear();
  }

  // --- ours ----------------------------------------------------------------------------------------
  /** Its number, and how often it was sent by now. @param {string} kind @param {any} target */
  export(kind, target) {
    const known = this.#numbers.get(target);
    let exported = known === undefined ? undefined : this.#exported.get(known);
    if (exported !== undefined) {
      exported.context = core.getAsyncContext();
      return [/** @type {number} */ (known), ++exported.serial];
    }
    if (this.#exported.size >= REFERENCES_LIMIT) {
      throw new DOMException(
        `the host holds ${REFERENCES_LIMIT} functions, promises and iterators of this program already`,
        "QuotaExceededError",
      );
    }
    this.#next += 2;
    const number = this.#next;
    this.#numbers.set(target, number);
    exported = new Exported(kind, target);
    this.#exported.set(number, exported);
    if (kind === "signal") exported.unwatch = this.#watch(number, target);
    else if (kind === "promise") target.then(undefined, () => {}); // the host reports it when it asks
    return [number, 1];
  }

  /** What ends the listening: a signal may live far longer. @param {number} number @param {AbortSignal} signal */
  #watch(number, signal) {
    const onAbort = () => {
      if (!this.#exported.has(number)) return;
      /** @type {Uint8Array[]} */
      const attachments = [];
      const reason = this.#encodeReason(signal.reason, attachments);
      this.#channel.note("channel.signalAborted", { reference: number, reason }, { attachments });
    };
    if (!signal.aborted) signal.addEventListener("abort", onAbort, { once: true });
    return () => signal.removeEventListener("abort", onAbort);
  }

  /** The abort matters more than why: a reason that cannot cross becomes the usual one. @param {any} reason @param {Uint8Array[]} attachments */
  #encodeReason(reason, attachments) {
    try {
      return this.#channel.encode(reason, attachments);
    } catch {
      attachments.length = 0;
      return this.#channel.encode(
        new DOMException("This signal was aborted", "AbortError"),
        attachments,
      );
    }
  }

  /** @param {number} number */
  #find(number) {
    const found = this.#exported.get(number);
    if (found === undefined) throw new ReferenceError("the value was released");
    return found;
  }

  /** One of our values that comes back, the very object. @param {number} number */
  bringHome(number) {
    const found = this.#find(number);
    found.cameHome = true;
    return found.target;
  }

  /**
   * How to decode the values of a frame that may bring some of ours home: those are looked up when it arrives, since
   * they may be released before it is decoded.
   * @param {string} text of its header @param {any} importer
   */
  arriving(text, importer) {
    const home = new SafeMap();
    const pattern = new RegExp(COMING_HOME, "g");
    for (let found = RegExpPrototypeExec(pattern, text); found !== null;) {
      const exported = this.#exported.get(+found[1]);
      if (exported !== undefined) {
        exported.cameHome = true;
        home.set(+found[1], exported.target);
      }
      found = RegExpPrototypeExec(pattern, text);
    }
    if (home.size === 0) return importer;
    return {
      importReference: importer.importReference,
      acceptStream: importer.acceptStream,
      bringHome: (/** @type {number} */ number) => home.get(number) ?? this.bringHome(number),
    };
  }

  /**
   * A function runs in the async context of the program's call that makes the host call it, as if that were a
   * function of the program; when there is none any more, in that in which it was last sent.
   * @param {any} payload @param {any} frame
   */
  async #callFunction(payload, frame) {
    const { target, context: given } = this.#find(payload.reference);
    const args = frame.decode(payload.args);
    const context = this.#channel.contextOf(payload.during) ?? given;
    const value = await inContext(context, () => ReflectApply(target, undefined, args));
    return inContext(context, () => this.#channel.replyWith(value));
  }

  /** @param {any} payload */
  async #settlePromise(payload) {
    return this.#channel.replyWith(await this.#find(payload.reference).target);
  }

  /** @param {any} payload */
  async #nextItem(payload) {
    const found = this.#find(payload.reference);
    const { done, value } = await inContext(found.context, () => found.iteration().next());
    if (done) return { done: true }; // the host releases it when it has read this
    /** @type {Uint8Array[]} */
    const attachments = [];
    const encoded = await this.#channel.encodeAsync(value, attachments);
    return this.#channel.reply({ value: encoded }, attachments);
  }

  /** @param {any} payload */
  async #returnIterator(payload) {
    const found = this.#exported.get(payload.reference);
    this.#exported.delete(payload.reference);
    if (found !== undefined) await inContext(found.context, () => found.iteration().return());
    return null;
  }

  /** @param {any} payload */
  #referencesReleased({ references }) {
    for (let i = 0; i < references.length; i++) {
      const number = references[i][0];
      const found = this.#exported.get(number);
      if (found === undefined || references[i][1] < found.serial) continue;
      this.#exported.delete(number);
      found.unwatch?.();
      if (found.kind === "iterator" && !found.cameHome) end(found);
    }
  }

  // --- the host's ----------------------------------------------------------------------------------
  /** The number of a proxy that is on its way home. @param {object} target */
  ownProxy(target) {
    return this.#proxies.get(target);
  }

  /** @param {string} kind @param {number} reference @param {number} serial @param {any} detail */
  import(kind, reference, serial, detail) {
    const entry = this.#imported.get(reference);
    const known = entry?.proxy.deref();
    if (entry !== undefined && known !== undefined) {
      entry.serial = MathMax(entry.serial, serial);
      return known;
    }
    const proxy = this.#make(kind, reference, detail);
    this.#imported.set(reference, { proxy: new WeakRef(proxy), serial });
    this.#proxies.set(proxy, { kind, reference });
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
    /** It is no proxy any more. @param {boolean} known whether the host knows */
    const finish = (known) => {
      ended = true;
      this.#proxies.delete(iterator);
      const entry = this.#imported.get(reference);
      this.#imported.delete(reference);
      if (entry !== undefined && !known) this.#tellReleased([[reference, entry.serial]]);
    };
    const iterator = {
      async next() {
        if (ended) return { done: true, value: undefined };
        try {
          const reply = await channel.call("channel.nextItem", { reference });
          if (!reply.value.done) return { done: false, value: reply.decode(reply.value.value) };
        } catch (error) {
          finish(false);
          throw error;
        }
        finish(false);
        return { done: true, value: undefined };
      },
      /** @param {any} value */
      async return(value) {
        if (!ended) {
          finish(true);
          await channel.call("channel.returnIterator", { reference });
        }
        return { done: true, value };
      },
      /** Ends the host's iterator, as one that catches nothing would end. @param {any} error */
      async throw(error) {
        await iterator.return(undefined);
        throw error;
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
    const entry = this.#imported.get(reference);
    if (entry === undefined || entry.proxy.deref() !== undefined) return; // taken up again meanwhile
    this.#imported.delete(reference);
    push(this.#released, [reference, entry.serial]);
    if (this.#released.length === 1) {
      runNextTurn(() => {
        const references = this.#released;
        this.#released = [];
        this.#tellReleased(references);
      });
    }
  }

  /** @param {[number, number][]} references number and last serial */
  #tellReleased(references) {
    this.#channel.note("channel.referencesReleased", { references });
  }
}

/** One of our values that the host holds. */
class Exported {
  /** How often it was sent. */
  serial = 1;
  /** Whether the program has it again: then its end is the program's to decide. */
  cameHome = false;
  /** The async context in which it was last sent. */
  context = core.getAsyncContext();
  /** @type {(() => void) | undefined} */ unwatch;
  /** @type {Iteration | undefined} */ #iteration;

  /** @param {string} kind @param {any} target */
  constructor(kind, target) {
    this.kind = kind;
    this.target = target;
  }

  /** Its one iteration, begun when the host first asks: until then a stream is not locked. */
  iteration() {
    return this.#iteration ??= new Iteration(this.target);
  }
}

/** Run something of the program in an async context. @template T @param {unknown} context @param {() => T} fn @returns {T} */
export function inContext(context, fn) {
  if (context === undefined) return fn();
  const previous = core.getAsyncContext();
  core.setAsyncContext(context);
  try {
    return fn();
  } finally {
    core.setAsyncContext(previous);
  }
}

/** End an iterator that nobody reads any more; what its clean-up throws reaches nobody. @param {Exported} exported */
async function end(exported) {
  try {
    await exported.iteration().return();
  } catch {
    // nobody waits for it
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
