// waitForEvent and its kin: in the sandbox, since their predicates are the program's.
// @ts-check

import { describeLocator } from "./locator_text.js";
import { urlMatches } from "./patterns.js";

const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * Wait for an event that a predicate accepts.
 * @param {any} target @param {string} event @param {any} [options] a predicate, or `{predicate, timeout}`
 */
function waitForEvent(target, event, options = {}) {
  const { predicate, timeout = DEFAULT_TIMEOUT_MS } = typeof options === "function"
    ? { predicate: options }
    : options;
  return new Promise((resolve, reject) => {
    /** @type {any} */
    let timer;
    const stop = () => {
      target.off(event, listener);
      target.off("close", closed);
      clearTimeout(timer);
    };
    const listener = async (/** @type {any} */ payload) => {
      try {
        if (predicate !== undefined && !(await predicate(payload))) return;
      } catch (error) {
        stop();
        reject(error);
        return;
      }
      stop();
      resolve(payload);
    };
    const closed = () => {
      stop();
      reject(new Error(`Target page, context or browser has been closed`));
    };
    target.on(event, listener);
    if (event !== "close") target.on("close", closed);
    if (timeout > 0) {
      timer = setTimeout(() => {
        stop();
        const error = new Error(`Timeout ${timeout}ms exceeded while waiting for event "${event}"`);
        error.name = "TimeoutError";
        reject(error);
      }, timeout);
    }
  });
}

/** @param {any} matcher a URL, pattern, or predicate of the object */
const accepts = (matcher) =>
  typeof matcher === "function" ? matcher : (/** @type {any} */ object) => urlMatches(matcher, object.url());

/** @type {Record<string, Record<string, (target: any, objects: any, ...args: any[]) => any>>} */
const BY_KIND = {
  Page: {
    waitForEvent: (page, _, event, options) => waitForEvent(page, event, options),
    waitForRequest: (page, _, matcher, options = {}) =>
      waitForEvent(page, "request", { ...options, predicate: accepts(matcher) }),
    waitForResponse: (page, _, matcher, options = {}) =>
      waitForEvent(page, "response", { ...options, predicate: accepts(matcher) }),
    waitForURL: (page, objects, matcher, options) => waitForUrl(page, objects, matcher, options),
    waitForNavigation: (page, _, options) => waitForNavigation(page, page.mainFrame(), options),
    route: (page, objects, matcher, handler, options) => route(page, objects, matcher, handler, options),
    unroute: (page, objects, ...args) => unroute(page, objects, args),
  },
  Frame: {
    waitForURL: (frame, objects, matcher, options) => waitForUrl(frame, objects, matcher, options),
    waitForNavigation: (frame, _, options) => waitForNavigation(frame.page(), frame, options),
  },
  BrowserContext: {
    waitForEvent: (context, _, event, options) => waitForEvent(context, event, options),
    route: (context, objects, matcher, handler, options) =>
      route(context, objects, matcher, handler, options),
    unroute: (context, objects, ...args) => unroute(context, objects, args),
  },
  WebSocket: { waitForEvent: (socket, _, event, options) => waitForEvent(socket, event, options) },
  Worker: { waitForEvent: (worker, _, event, options) => waitForEvent(worker, event, options) },
  Locator: { toString: (/** @type {any} */ locator) => describeLocator(locator) },
};

/** The methods of a class that are made here. @param {string} kind */
export const waiters = (kind) => BY_KIND[kind] ?? {};

/** A predicate runs here; the host waits for patterns. @param {any} target @param {any} objects @param {any} matcher @param {any} options */
async function waitForUrl(target, objects, matcher, options = {}) {
  if (typeof matcher !== "function") {
    return await objects.call(target, "waitForURL", options === undefined ? [matcher] : [matcher, options]);
  }
  const deadline = Date.now() + (options.timeout ?? DEFAULT_TIMEOUT_MS);
  while (!matcher(new URL(target.url()))) {
    if (Date.now() > deadline) {
      const error = new Error(
        `Timeout ${options.timeout ?? DEFAULT_TIMEOUT_MS}ms exceeded while waiting for the URL`,
      );
      error.name = "TimeoutError";
      throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await target.waitForLoadState(options.waitUntil ?? "load");
}

/** @param {any} page @param {any} frame @param {any} options `url`, `waitUntil`, `timeout` */
async function waitForNavigation(page, frame, options = {}) {
  const { url, waitUntil = "load", timeout = DEFAULT_TIMEOUT_MS } = options;
  /** @type {any} */
  let response = null;
  const responded = (/** @type {any} */ found) => {
    if (found.request().isNavigationRequest() && found.frame() === frame) response = found;
  };
  page.on("response", responded);
  try {
    const predicate = (/** @type {any} */ found) => found === frame && urlMatches(url, found.url());
    await waitForEvent(page, "framenavigated", { predicate, timeout });
    if (waitUntil !== "commit") await frame.waitForLoadState(waitUntil, { timeout });
    return response;
  } finally {
    page.off("response", responded);
  }
}

/** A predicate runs here: what it does not take falls through. @param {any} target @param {any} objects @param {any} matcher @param {any} handler @param {any} options */
function route(target, objects, matcher, handler, options) {
  const rest = options === undefined ? [] : [options];
  if (typeof matcher !== "function") return objects.call(target, "route", [matcher, handler, ...rest]);
  const filtered = (/** @type {any} */ found, /** @type {any} */ request) =>
    matcher(new URL(request.url())) ? handler(found, request) : found.fallback();
  const routes = routesByPredicate.get(matcher) ?? [];
  routesByPredicate.set(matcher, [...routes, { target, handler, filtered }]);
  return objects.call(target, "route", ["**/*", filtered, ...rest]);
}

/** What stands for a predicate on the host. @type {WeakMap<Function, {target: any, handler: any, filtered: any}[]>} */
const routesByPredicate = new WeakMap();

/** @param {any} target @param {any} objects @param {any[]} args a pattern or predicate, and perhaps the handler */
async function unroute(target, objects, args) {
  const [matcher, handler] = args;
  if (typeof matcher !== "function") return await objects.call(target, "unroute", args);
  const routes = routesByPredicate.get(matcher) ?? [];
  const ending = routes.filter((entry) =>
    entry.target === target && (handler === undefined || entry.handler === handler)
  );
  routesByPredicate.set(matcher, routes.filter((entry) => !ending.includes(entry)));
  for (const { filtered } of ending) await objects.call(target, "unroute", ["**/*", filtered]);
}

const { clearTimeout, setTimeout, URL, Date } = globalThis;
