// `on` and `emit`: named events between the program and its embedder.
// @ts-check

import { inContext } from "../../channel/references.js";
import { core } from "../../guest/engine.js";
import { push, SafeMap } from "../../guest/primordials.js";

/** @param {import("../../guest/kernel.js").Kernel} kernel */
export function install(kernel) {
  /** What listens, by name, each with the async context in which it was registered. @type {Map<string, {handler: (payload: any) => void, context: unknown}[]>} */
  const handlers = new SafeMap();

  kernel.defineGlobal("on", function on(/** @type {any} */ name, /** @type {any} */ handler) {
    if (typeof handler !== "function") throw new TypeError("on(name, handler): handler must be a function");
    const key = `${name}`;
    let list = handlers.get(key);
    if (list === undefined) handlers.set(key, list = []);
    const listener = { handler, context: core.getAsyncContext() };
    push(list, listener);
    return function off() {
      const at = list.indexOf(listener);
      if (at >= 0) list.splice(at, 1);
    };
  });

  kernel.defineGlobal("emit", function emit(/** @type {any} */ name, /** @type {any} */ payload) {
    /** @type {Uint8Array[]} */
    const attachments = [];
    const encoded = kernel.channel.encode(payload, attachments);
    kernel.channel.note("host_events.eventEmitted", { name: `${name}`, payload: encoded }, { attachments });
  });

  kernel.channel.handle("host_events", {
    /** @param {any} message @param {any} frame */
    deliverEvent(message, frame) {
      const list = handlers.get(message.name);
      if (list === undefined) return null;
      const payload = frame.decode(message.payload);
      for (const { handler, context } of [...list]) {
        try {
          inContext(context, () => handler(payload));
        } catch (error) {
          reportError(error);
        }
      }
      return null;
    },
  });
}

const { reportError } = globalThis;
