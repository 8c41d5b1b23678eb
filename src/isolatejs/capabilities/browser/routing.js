// Routes of programs. The host shows every request of a page or context that has some, and asks here which take it.
// @ts-check

import { isSamePattern, urlMatcher } from "./patterns.js";

/** @typedef {{target: any, matcher: any, handler: Function, accepts: (url: string) => any}} Entry */

const { reportError } = globalThis;

export class Routing {
  /** By the number that the host calls them by. @type {Map<number, Entry>} */ #routes = new Map();
  #next = 0;
  #objects;

  /** @param {import("./objects.js").BrowserObjects} objects */
  constructor(objects) {
    this.#objects = objects;
  }

  /** @param {any} target @param {any} matcher @param {any} handler @param {any} options `times` */
  async route(target, matcher, handler, options) {
    if (typeof handler !== "function") throw new TypeError("route: the handler is not a function");
    return await this.#add("route", target, matcher, handler, options?.times);
  }

  /** @param {any} target @param {any} matcher @param {any} handler */
  async routeWebSocket(target, matcher, handler) {
    if (typeof handler !== "function") throw new TypeError("routeWebSocket: the handler is not a function");
    await this.#add("routeWebSocket", target, matcher, handler);
  }

  /** @param {string} method @param {any} target @param {any} matcher @param {Function} handler @param {number} [times] */
  async #add(method, target, matcher, handler, times) {
    const accepts = urlMatcher(matcher, this.#objects.baseOf(target, matcher), method === "routeWebSocket");
    this.#next += 1;
    const number = this.#next;
    this.#routes.set(number, { target, matcher, handler, accepts });
    const options = { number, isPredicate: typeof matcher === "function", times: times ?? null };
    try {
      await this.#objects.call(target, method, [handler, options]);
    } catch (error) {
      this.#routes.delete(number);
      throw error;
    }
    const dispose = () => this.#remove(target, [number], "default");
    return { dispose, [Symbol.asyncDispose]: dispose };
  }

  /** @param {any} target @param {any} matcher @param {any} [handler] */
  async unroute(target, matcher, handler) {
    const numbers = [...this.#routes].filter(([, entry]) =>
      entry.target === target && isSamePattern(entry.matcher, matcher) &&
      (handler === undefined || handler === null || entry.handler === handler)
    ).map(([number]) => number);
    if (numbers.length > 0) await this.#remove(target, numbers, "default");
  }

  /** @param {any} target @param {any} [options] `behavior` */
  async unrouteAll(target, options) {
    const numbers = [...this.#routes].filter(([, entry]) => entry.target === target).map(([number]) =>
      number
    );
    await this.#remove(target, numbers, options?.behavior ?? "default");
  }

  /** @param {any} target @param {number[]} numbers @param {string} behavior */
  async #remove(target, numbers, behavior) {
    for (const number of numbers) this.#routes.delete(number);
    await this.#objects.call(target, "unroute", [numbers, behavior]);
  }

  /** Which routes take each URL. @param {{questions: {url: string, routes: number[]}[]}} message */
  matching({ questions }) {
    return questions.map(({ url, routes }) => routes.filter((number) => this.#accepts(number, url)));
  }

  /** @param {number} number @param {string} url */
  #accepts(number, url) {
    try {
      return Boolean(this.#routes.get(number)?.accepts(url));
    } catch (error) { // of a predicate: as an error of a listener
      reportError(error);
      return false;
    }
  }
}
