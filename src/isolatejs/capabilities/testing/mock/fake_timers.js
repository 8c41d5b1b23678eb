// @ts-check
// Fake clock: timers, Date, performance.now and microtasks that only move when the test says so.

import { runNextTurn } from "../../../guest/engine.js";
import { platformFunction } from "../../../guest/timers.js";

/** @typedef {{id: number, at: number, order: number, callback: Function, args: any[], every: number | null, kind: string}} Timer */

const RealDate = globalThis.Date;
/** One turn of the real event loop: promises of the program settle. */
const macrotask = () => new Promise((resolve) => runNextTurn(() => runNextTurn(() => resolve(undefined))));

const FRAME_MS = 16;
const LOOP_LIMIT = 100_000;
const FAKEABLE =
  "Date setTimeout clearTimeout setInterval clearInterval setImmediate clearImmediate queueMicrotask nextTick performance requestAnimationFrame cancelAnimationFrame requestIdleCallback cancelIdleCallback"
    .split(" ");

/** @param {any} time @returns {number} */
function milliseconds(time) {
  if (time === undefined) return RealDate.now();
  const value = typeof time === "number" ? time : new RealDate(time).getTime();
  if (!Number.isFinite(value)) {
    throw new TypeError(`Fake time must be a number or a valid date, not ${String(time)}`);
  }
  return value;
}

export class FakeClock {
  #active = false;
  #now = 0;
  #startedAt = 0;
  #order = 0;
  #nextId = 1_000_000; // apart from the ids of real timers
  /** @type {Map<number, Timer>} */ #timers = new Map();
  /** @type {Array<() => void>} */ #microtasks = [];
  /** @type {Array<() => void>} */ #undo = [];
  #loopLimit = LOOP_LIMIT;
  /** @type {any} */ #pump;

  get active() {
    return this.#active;
  }

  /**
   * @param {{now?: number | Date, toFake?: string[], doNotFake?: string[], timerLimit?: number, loopLimit?: number,
   *   advanceTimers?: boolean | number, shouldAdvanceTime?: boolean, advanceTimeDelta?: number}} [options]
   */
  install(options = {}) {
    this.uninstall();
    this.#active = true;
    this.#now = milliseconds(options.now);
    this.#startedAt = this.#now;
    this.#timers.clear();
    this.#microtasks = [];
    this.#loopLimit = options.timerLimit ?? options.loopLimit ?? LOOP_LIMIT;
    const standard = FAKEABLE.filter((name) => name !== "nextTick" && name !== "queueMicrotask");
    const names = new Set(options.toFake ?? standard);
    for (const name of options.doNotFake ?? []) names.delete(name);
    for (const name of names) {
      if (!FAKEABLE.includes(name)) throw new TypeError(`fake timers: cannot fake "${name}"`);
    }
    this.#replaceGlobals(names);
    const advance = options.advanceTimers ?? options.shouldAdvanceTime ?? false;
    if (advance) {
      const step = typeof advance === "number" ? advance : options.advanceTimeDelta ?? 20;
      this.#pump = platformFunction("setInterval")(() => this.advance(step), step);
    }
  }

  uninstall() {
    if (!this.#active) return;
    this.#active = false;
    platformFunction("clearInterval")(this.#pump);
    for (const undo of this.#undo.reverse()) undo();
    this.#undo = [];
    this.#timers.clear();
    this.#microtasks = [];
  }

  /** @param {any} holder @param {string} name @param {any} value */
  #replace(holder, name, value) {
    const before = Object.getOwnPropertyDescriptor(holder, name);
    Object.defineProperty(holder, name, {
      value,
      configurable: true,
      writable: true,
      enumerable: before?.enumerable ?? false,
    });
    this.#undo.push(() => {
      if (before) Object.defineProperty(holder, name, before);
      else delete holder[name];
    });
  }

  /** @param {Set<string>} names */
  #replaceGlobals(names) {
    const cancel = (/** @type {any} */ id) => {
      this.#timers.delete(Number(id));
    };
    const frame = (/** @type {Function} */ callback) => {
      const delay = FRAME_MS - ((this.#now - this.#startedAt) % FRAME_MS);
      return this.#add("frame", () => callback(this.#now - this.#startedAt), delay, [], null);
    };
    const idle = (/** @type {Function} */ callback, /** @type {any} */ options) => {
      const deadline = { didTimeout: false, timeRemaining: () => 50 };
      return this.#add("idle", () => callback(deadline), Math.min(options?.timeout ?? 50, 50), [], null);
    };
    /** @type {Record<string, any>} */
    const fakes = {
      setTimeout: (/** @type {any} */ callback, /** @type {any} */ delay, /** @type {any[]} */ ...args) =>
        this.#add("timeout", callback, delay, args, null),
      setInterval: (/** @type {any} */ callback, /** @type {any} */ delay, /** @type {any[]} */ ...args) =>
        this.#add("interval", callback, delay, args, Math.max(1, Number(delay) || 0)),
      setImmediate: (/** @type {any} */ callback, /** @type {any[]} */ ...args) =>
        this.#add("immediate", callback, 0, args, null),
      clearTimeout: cancel,
      clearInterval: cancel,
      clearImmediate: cancel,
      requestAnimationFrame: frame,
      cancelAnimationFrame: cancel,
      requestIdleCallback: idle,
      cancelIdleCallback: cancel,
      queueMicrotask: (/** @type {() => void} */ callback) => {
        if (typeof callback !== "function") throw new TypeError("queueMicrotask takes a function");
        this.#microtasks.push(callback);
      },
      Date: this.#fakeDate(),
    };
    for (const name of names) {
      if (name === "performance") this.#replace(performance, "now", () => this.#now - this.#startedAt);
      else if (name === "nextTick") this.#replaceNextTick();
      else if (name in globalThis || name === "Date") this.#replace(globalThis, name, fakes[name]);
    }
  }

  #replaceNextTick() {
    const { process } = /** @type {any} */ (globalThis);
    if (!process?.nextTick) return;
    this.#replace(process, "nextTick", (/** @type {Function} */ callback, /** @type {any[]} */ ...args) => {
      this.#microtasks.push(() => callback(...args));
    });
  }

  #fakeDate() {
    const now = () => Math.floor(this.#now);
    /** @this {any} @param {...any} args @returns {any} */
    function FakeDate(...args) {
      if (new.target === undefined) return new RealDate(now()).toString();
      return Reflect.construct(
        RealDate,
        args.length === 0 ? [now()] : args,
        new.target === FakeDate ? RealDate : new.target,
      );
    }
    Object.defineProperties(FakeDate, {
      prototype: { value: RealDate.prototype, writable: false },
      length: { value: 7 },
      name: { value: "Date" },
    });
    FakeDate.now = now;
    FakeDate.parse = RealDate.parse;
    FakeDate.UTC = RealDate.UTC;
    Object.defineProperty(FakeDate, Symbol.hasInstance, {
      value: (/** @type {any} */ value) => value instanceof RealDate,
    });
    // `new Date().constructor` must be the global Date of the moment.
    const before = Object.getOwnPropertyDescriptor(RealDate.prototype, "constructor");
    RealDate.prototype.constructor = /** @type {any} */ (FakeDate);
    this.#undo.push(() =>
      Object.defineProperty(RealDate.prototype, "constructor", /** @type {any} */ (before))
    );
    return FakeDate;
  }

  /** @param {string} kind @param {any} callback @param {any} delay @param {any[]} args @param {number | null} every */
  #add(kind, callback, delay, args, every) {
    if (typeof callback !== "function") {
      throw new TypeError(`${kind} takes a function, not ${typeof callback}`);
    }
    let wait = Number(delay) || 0;
    if (wait < 0 || wait > 2 ** 31 - 1) wait = wait < 0 ? 0 : 1;
    if (kind === "interval" && wait < 1) wait = 1;
    const id = this.#nextId++;
    this.#timers.set(id, { id, at: this.#now + wait, order: this.#order++, callback, args, every, kind });
    return id;
  }

  #requireActive() {
    if (!this.#active) {
      throw new Error(
        "A function to advance timers was called but the timers APIs are not replaced with fake timers. Call `useFakeTimers()` first.",
      );
    }
  }

  /** The next timer due at or before a time. @param {number} until @returns {Timer | null} */
  #next(until) {
    let best = null;
    for (const timer of this.#timers.values()) {
      if (timer.at > until) continue;
      if (best === null || timer.at < best.at || (timer.at === best.at && comesBefore(timer, best))) {
        best = timer;
      }
    }
    return best;
  }

  /** @param {Timer} timer */
  #fire(timer) {
    this.#now = Math.max(this.#now, timer.at);
    if (timer.every === null) this.#timers.delete(timer.id);
    else {
      timer.at = this.#now + timer.every;
      timer.order = this.#order++;
    }
    timer.callback(...timer.args);
    this.runMicrotasks();
  }

  runMicrotasks() {
    this.#requireActive();
    for (let i = 0; this.#microtasks.length > 0; i++) {
      if (i > this.#loopLimit) throw endless(this.#loopLimit, "microtasks");
      this.#microtasks.shift()?.();
    }
  }

  /** @param {number} ms */
  advance(ms) {
    this.#requireActive();
    if (typeof ms !== "number" || Number.isNaN(ms)) {
      throw new TypeError("advanceTimersByTime takes milliseconds");
    }
    if (ms < 0) throw new TypeError("Negative ticks are not supported");
    const until = this.#now + ms;
    this.runMicrotasks();
    for (let timer = this.#next(until); timer !== null; timer = this.#next(until)) this.#fire(timer);
    this.#now = until;
  }

  /** @param {number} ms */
  async advanceAsync(ms) {
    this.#requireActive();
    if (typeof ms !== "number" || !(ms >= 0)) {
      throw new TypeError("advanceTimersByTimeAsync takes milliseconds");
    }
    const until = this.#now + ms;
    await macrotask();
    for (;;) {
      if (!this.#active) return;
      this.runMicrotasks();
      const timer = this.#next(until);
      if (timer === null) break;
      this.#fire(timer);
      await macrotask();
    }
    this.#now = Math.max(this.#now, until);
    await macrotask();
  }

  runAll() {
    this.#requireActive();
    this.runMicrotasks();
    for (let i = 0;; i++) {
      const timer = this.#next(Infinity);
      if (timer === null) return;
      if (i > this.#loopLimit) throw endless(this.#loopLimit, "timers");
      this.#fire(timer);
    }
  }

  async runAllAsync() {
    this.#requireActive();
    await macrotask();
    for (let i = 0; this.#active; i++) {
      this.runMicrotasks();
      const timer = this.#next(Infinity);
      if (timer === null) return;
      if (i > this.#loopLimit) throw endless(this.#loopLimit, "timers");
      this.#fire(timer);
      await macrotask();
    }
  }

  /** Time of the last timer that is waiting now. */
  #lastPending() {
    let last = this.#now;
    for (const timer of this.#timers.values()) last = Math.max(last, timer.at);
    return last;
  }

  runPending() {
    this.#requireActive();
    this.advance(this.#lastPending() - this.#now);
  }

  async runPendingAsync() {
    this.#requireActive();
    await this.advanceAsync(this.#lastPending() - this.#now);
  }

  /** @param {number} steps */
  advanceToNext(steps = 1) {
    this.#requireActive();
    this.runMicrotasks();
    for (let i = 0; i < steps; i++) {
      const timer = this.#next(Infinity);
      if (timer === null) return;
      this.#fire(timer);
    }
  }

  /** @param {number} steps */
  async advanceToNextAsync(steps = 1) {
    this.#requireActive();
    for (let i = 0; i < steps; i++) {
      await macrotask();
      this.advanceToNext(1);
    }
    await macrotask();
  }

  advanceToNextFrame() {
    this.advance(FRAME_MS - ((this.#now - this.#startedAt) % FRAME_MS));
  }

  /** @param {any} time */
  setSystemTime(time) {
    const next = milliseconds(time);
    const shift = next - this.#now;
    this.#startedAt += shift;
    for (const timer of this.#timers.values()) timer.at += shift; // a moved clock does not fire timers
    this.#now = next;
  }

  clear() {
    this.#timers.clear();
    this.#microtasks = [];
  }

  get count() {
    return this.#timers.size + this.#microtasks.length;
  }

  get now() {
    return this.#active ? Math.floor(this.#now) : RealDate.now();
  }

  get realNow() {
    return RealDate.now();
  }
}

/** @param {Timer} a @param {Timer} b due at the same time */
function comesBefore(a, b) {
  if ((a.kind === "immediate") !== (b.kind === "immediate")) return a.kind === "immediate";
  return a.order < b.order;
}

/** @param {number} limit @param {string} what */
function endless(limit, what) {
  return new Error(`Aborting after running ${limit} ${what}, assuming an infinite loop!`);
}
