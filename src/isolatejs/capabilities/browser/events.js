// Events of browser objects. The host sends those that somebody listens to.
// @ts-check

/** Tells the host to send an event, or no longer. A class of emitters defines it; throws for unknown events. */
export const subscribe = Symbol("subscribe");
/** Calls the listeners. */
export const emitted = Symbol("emitted");

export class Emitter {
  /** @type {Map<string, {handler: Function, once: boolean}[]>} */ #listeners = new Map();

  /** @param {string} event @param {Function} handler */
  on(event, handler) {
    return this.#add(event, handler, false);
  }

  /** @param {string} event @param {Function} handler */
  addListener(event, handler) {
    return this.#add(event, handler, false);
  }

  /** @param {string} event @param {Function} handler */
  once(event, handler) {
    return this.#add(event, handler, true);
  }

  /** @param {string} event @param {Function} handler */
  off(event, handler) {
    const list = this.#listeners.get(event);
    const at = list?.findIndex((listener) => listener.handler === handler) ?? -1;
    if (list !== undefined && at >= 0) {
      list.splice(at, 1);
      if (list.length === 0) this.#forget(event);
    }
    return this;
  }

  /** @param {string} event @param {Function} handler */
  removeListener(event, handler) {
    return this.off(event, handler);
  }

  /** @param {string} [event] */
  removeAllListeners(event) {
    for (const name of event === undefined ? [...this.#listeners.keys()] : [event]) this.#forget(name);
    return this;
  }

  /** @param {string} event @param {any} payload */
  [emitted](event, payload) {
    for (const listener of [...this.#listeners.get(event) ?? []]) {
      if (listener.once) this.off(event, listener.handler);
      try {
        const result = listener.handler(payload);
        if (result instanceof Promise) result.catch(reportError);
      } catch (error) {
        reportError(error);
      }
    }
  }

  /** @param {string} event @param {Function} handler @param {boolean} once */
  #add(event, handler, once) {
    if (typeof handler !== "function") throw new TypeError("on(event, handler): handler must be a function");
    let list = this.#listeners.get(event);
    if (list === undefined) {
      this.#tell(event, true);
      this.#listeners.set(event, list = []);
    }
    list.push({ handler, once });
    return this;
  }

  /** @param {string} event */
  #forget(event) {
    if (this.#listeners.delete(event)) this.#tell(event, false);
  }

  /** @param {string} event @param {boolean} listening */
  #tell(event, listening) {
    /** @type {any} */ (this)[subscribe](event, listening).catch(reportError);
  }
}

const { reportError } = globalThis;
