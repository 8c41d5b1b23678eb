// waitForEvent and its kin: in the sandbox, since their predicates and patterns are the program's.
// @ts-check

import { identityOf } from "./identities.js";
import { describeLocator } from "./locator_text.js";
import { urlMatcher } from "./patterns.js";

const DEFAULT_TIMEOUT_MS = 30_000;
const { clearTimeout, setTimeout, Date } = globalThis;

/** Default timeouts that programs set, by page or context. @type {WeakMap<any, {action?: number, navigation?: number}>} */
const timeouts = new WeakMap();

/** @param {any} target a page or context @param {"action" | "navigation"} kind */
function defaultTimeout(target, kind) {
  const owners = identityOf(target)?.kind === "Page" ? [target, target.context()] : [target];
  for (const owner of owners) {
    const own = timeouts.get(owner);
    const found = kind === "navigation" ? own?.navigation ?? own?.action : own?.action;
    if (found !== undefined) return found;
  }
  return DEFAULT_TIMEOUT_MS;
}

/** @param {any} target @param {any} objects @param {string} method @param {"action" | "navigation"} kind @param {number} timeout */
function setTimeoutOf(target, objects, method, kind, timeout) {
  timeouts.set(target, { ...timeouts.get(target), [kind]: timeout });
  return objects.call(target, method, [timeout]);
}

/** @param {string} message */
function timeoutError(message) {
  const error = new Error(message);
  error.name = "TimeoutError";
  return error;
}

/**
 * Wait for an event that a predicate accepts.
 * @param {any} target @param {string} event @param {any} [options] a predicate, or `{predicate, timeout}`; `isThere` is asked once
 * it is listening, and ends the wait; `message` is that of the timeout
 */
function waitForEvent(target, event, options = {}) {
  const { predicate, timeout = defaultTimeout(target, "action"), isThere, message } =
    typeof options === "function" ? { predicate: options } : options ?? {};
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
    try {
      if (isThere?.()) {
        stop();
        resolve(undefined);
        return;
      }
    } catch (error) {
      stop();
      reject(error);
      return;
    }
    if (timeout > 0) {
      timer = setTimeout(() => {
        stop();
        reject(timeoutError(message ?? `Timeout ${timeout}ms exceeded while waiting for event "${event}"`));
      }, timeout);
    }
  });
}

/** @param {any} page @param {any} objects @param {any} matcher a URL, pattern, or predicate of the object */
function accepts(page, objects, matcher) {
  if (typeof matcher === "function") return matcher;
  const matches = urlMatcher(matcher, objects.baseOf(page, matcher));
  return (/** @type {any} */ object) => matches(object.url());
}

/** @type {(target: any, objects: any, ...args: any[]) => any} */
const route = (target, objects, ...args) => objects.routing.route(target, ...args);
/** @type {Record<string, (target: any, objects: any, ...args: any[]) => any>} */
const SHARED = {
  waitForEvent: (target, _, event, options) => waitForEvent(target, event, options),
  route,
  exposeFunction: (target, objects, name, fn) => objects.exposeFunction(target, name, fn),
  routeWebSocket: (target, objects, ...args) => objects.routing.routeWebSocket(target, ...args),
  unroute: (target, objects, ...args) => objects.routing.unroute(target, ...args),
  unrouteAll: (target, objects, options) => objects.routing.unrouteAll(target, options),
  setDefaultTimeout: (target, objects, timeout) =>
    setTimeoutOf(target, objects, "setDefaultTimeout", "action", timeout),
  setDefaultNavigationTimeout: (target, objects, timeout) =>
    setTimeoutOf(target, objects, "setDefaultNavigationTimeout", "navigation", timeout),
};

/** @type {Record<string, Record<string, (target: any, objects: any, ...args: any[]) => any>>} */
const BY_KIND = {
  Page: {
    ...SHARED,
    waitForRequest: (page, objects, matcher, options = {}) =>
      waitForEvent(page, "request", { ...options, predicate: accepts(page, objects, matcher) }),
    waitForResponse: (page, objects, matcher, options = {}) =>
      waitForEvent(page, "response", { ...options, predicate: accepts(page, objects, matcher) }),
    waitForURL: (page, objects, matcher, options) =>
      waitForUrl(page, page.mainFrame(), objects, matcher, options),
    waitForNavigation: (page, objects, options) =>
      waitForNavigation(page, page.mainFrame(), objects, options),
    frame: (page, objects, selector) => findFrame(page, objects, selector),
  },
  Frame: {
    waitForURL: (frame, objects, matcher, options) =>
      waitForUrl(frame.page(), frame, objects, matcher, options),
    waitForNavigation: (frame, objects, options) => waitForNavigation(frame.page(), frame, objects, options),
  },
  BrowserContext: {
    ...SHARED,
    clearCookies: (context, objects, options) => clearCookies(context, objects, options),
  },
  WebSocket: { waitForEvent: (socket, _, event, options) => waitForEvent(socket, event, options) },
  Worker: { waitForEvent: (worker, _, event, options) => waitForEvent(worker, event, options) },
  Locator: { toString: (/** @type {any} */ locator) => describeLocator(locator) },
};

/** The methods of a class that are made here. @param {string} kind */
export const waiters = (kind) => BY_KIND[kind] ?? {};

/** @param {any} page @param {any} objects @param {any} selector a name, or `{name, url}` */
function findFrame(page, objects, selector) {
  const { name, url = undefined } = typeof selector === "string" ? { name: selector } : selector ?? {};
  if (!name && !url) throw new TypeError("page.frame: Either name or url matcher should be specified");
  if (name) return objects.ask(page, "frame", [name]);
  const matches = urlMatcher(url, objects.baseOf(page, url));
  return page.frames().find((/** @type {any} */ frame) => matches(frame.url())) ?? null;
}

/** @param {any} page @param {any} frame @param {any} objects @param {any} matcher @param {any} options `waitUntil`, `timeout` */
async function waitForUrl(page, frame, objects, matcher, options) {
  const { waitUntil = "load", timeout = defaultTimeout(page, "navigation") } = options ?? {};
  const matches = urlMatcher(matcher, objects.baseOf(page, matcher));
  const isThere = () => matches(frame.url());
  await navigated(page, frame, matcher, matches, waitUntil, timeout, isThere);
}

/** @param {any} page @param {any} frame @param {any} matcher @param {(url: string) => any} matches @param {string} waitUntil @param {number} timeout @param {() => any} [isThere] */
async function navigated(page, frame, matcher, matches, waitUntil, timeout, isThere) {
  const deadline = Date.now() + timeout;
  const to = typeof matcher === "string" ? ` to "${matcher}"` : matcher === undefined ? "" : ` to ${matcher}`;
  const log = `waiting for navigation${to} until "${waitUntil}"`;
  const line = (/** @type {string} */ text, /** @type {number} */ left) =>
    "=".repeat(left) + text + "=".repeat(left);
  const message = `Timeout ${timeout}ms exceeded.\n${line(" logs ", 27)}\n${log}\n${"=".repeat(60)}`;
  const predicate = (/** @type {any} */ found) => found === frame && matches(found.url());
  await waitForEvent(page, "framenavigated", { predicate, timeout, isThere, message });
  if (waitUntil === "commit") return;
  const left = timeout === 0 ? 0 : Math.max(1, deadline - Date.now());
  await frame.waitForLoadState(waitUntil, { timeout: left });
}

/** @param {any} page @param {any} frame @param {any} objects @param {any} options `url`, `waitUntil`, `timeout` */
async function waitForNavigation(page, frame, objects, options) {
  const { url, waitUntil = "load", timeout = defaultTimeout(page, "navigation") } = options ?? {};
  const matches = urlMatcher(url, objects.baseOf(page, url));
  /** @type {any} */
  let response = null;
  const responded = (/** @type {any} */ found) => {
    if (found.request().isNavigationRequest() && found.frame() === frame) response = found;
  };
  page.on("response", responded);
  try {
    await navigated(page, frame, url, matches, waitUntil, timeout);
    return response;
  } finally {
    page.off("response", responded);
  }
}

/** Cookies by pattern: those that match are looked up here and cleared one by one. @param {any} context @param {any} objects @param {any} options */
async function clearCookies(context, objects, options) {
  const names = ["name", "domain", "path"];
  const patterns = names.filter((name) => options?.[name] instanceof RegExp);
  if (patterns.length === 0) return await objects.call(context, "clearCookies", options ? [options] : []);
  const wanted = (/** @type {any} */ cookie) =>
    names.every((name) => {
      const filter = options[name];
      if (filter === undefined) return true;
      return filter instanceof RegExp
        ? new RegExp(filter.source, filter.flags.replace(/[gy]/g, "")).test(cookie[name])
        : filter === cookie[name];
    });
  for (const cookie of (await context.cookies()).filter(wanted)) {
    const { name, domain, path } = cookie;
    await objects.call(context, "clearCookies", [{ name, domain, path }]);
  }
}
