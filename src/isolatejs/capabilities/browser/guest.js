// The browser for programs: Playwright's classes, made from the table that the host sends.
// @ts-check

import { BrowserObjects } from "./objects.js";
import { addMatchers } from "./matchers.js";

/** @param {import("../../guest/kernel.js").Kernel} kernel @param {{surface: any, matchers: string[], events: string[]}} grant */
export function install(kernel, grant) {
  const objects = new BrowserObjects(kernel.channel, grant.surface, grant.events);
  kernel.channel.handle("browser", {
    eventFired: (/** @type {any} */ message, /** @type {any} */ frame) => objects.eventFired(message, frame),
    runCallback: (/** @type {any} */ message, /** @type {any} */ frame) =>
      objects.runCallback(message, frame),
    matchUrls: (/** @type {any} */ message) => objects.routing.matching(message),
  });
  const browser = Object.freeze({
    newContext: (/** @type {any} */ options) =>
      objects.root("newContext", options === undefined ? [] : [options]),
    contexts: () => objects.rootSync("contexts"),
    isConnected: () => true,
  });
  kernel.defineGlobal("browser", browser);
  kernel.extendMatchers((add) => addMatchers(add, objects, grant.matchers));
}

/** What a program holds goes on; the host's numbers, and what is listened to, stay valid within the session. */
export function rebind() {}
