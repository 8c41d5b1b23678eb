// EventSource (HTML standard §9.2) over this runtime's fetch: the host's policy decides about every connection.
// @ts-check

import { AbortController, DOMException, URL } from "../../guest/primordials.js";
import { defineEventHandlers } from "./event_handlers.js";
import { EventStreamParser } from "./event_stream.js";

const { Event, EventTarget, MessageEvent, TextDecoder, clearTimeout, setTimeout } = globalThis;
const FIRST_DELAY_MS = 3000;
const LONGEST_DELAY_MS = 60_000;
const CONNECTING = 0, OPEN = 1, CLOSED = 2;

/** @param {(input: string, init: any) => Promise<Response>} fetch */
export function createEventSource(fetch) {
  class EventSource extends EventTarget {
    static CONNECTING = CONNECTING;
    static OPEN = OPEN;
    static CLOSED = CLOSED;

    #url;
    #withCredentials;
    #state = CONNECTING;
    #controller = new AbortController();
    #lastEventId = "";
    #delayMs = FIRST_DELAY_MS;
    #failures = 0;
    /** @type {any} */ #timer;

    /** @param {string | URL} url @param {{withCredentials?: boolean}} [init] */
    constructor(url, init = {}) {
      super();
      try {
        this.#url = new URL(url).href;
      } catch {
        throw new DOMException(`Invalid URL: '${url}'`, "SyntaxError");
      }
      this.#withCredentials = Boolean(init?.withCredentials);
      this.#connect();
    }

    get url() {
      return this.#url;
    }
    get withCredentials() {
      return this.#withCredentials;
    }
    get readyState() {
      return this.#state;
    }

    close() {
      this.#state = CLOSED;
      clearTimeout(this.#timer);
      this.#controller.abort();
    }

    async #connect() {
      try {
        const response = await fetch(this.#url, this.#request());
        if (!isEventStream(response)) {
          response.body?.cancel().catch(() => {}); // nobody reads it; it may have ended
          return this.#fail();
        }
        this.#state = OPEN;
        this.#failures = 0;
        this.dispatchEvent(new Event("open"));
        await this.#read(response);
      } catch {
        // A network error, or close(): the next step tells them apart.
      }
      this.#reconnect();
    }

    #request() {
      const headers = [["accept", "text/event-stream"], ["cache-control", "no-cache"]];
      if (this.#lastEventId !== "") headers[2] = ["last-event-id", this.#lastEventId];
      return {
        headers,
        cache: "no-store",
        credentials: this.#withCredentials ? "include" : "same-origin",
        signal: this.#controller.signal,
      };
    }

    /** @param {Response} response */
    async #read(response) {
      const origin = new URL(response.url || this.#url).origin;
      const parser = new EventStreamParser(this.#lastEventId);
      const decoder = new TextDecoder();
      const reader = /** @type {ReadableStream<any>} */ (response.body).getReader();
      while (this.#state !== CLOSED) {
        const { done, value } = await reader.read();
        if (done) return;
        for (const event of parser.feed(decoder.decode(value, { stream: true }))) {
          if (event.retryMs !== undefined) this.#delayMs = event.retryMs;
          this.#lastEventId = event.lastEventId;
          if (event.type === undefined || /** @type {number} */ (this.#state) === CLOSED) continue;
          const { type, data, lastEventId } = event;
          this.dispatchEvent(new MessageEvent(type, { data, origin, lastEventId }));
        }
      }
    }

    #reconnect() {
      if (this.#state === CLOSED) return;
      this.#state = CONNECTING;
      this.dispatchEvent(new Event("error"));
      if (/** @type {number} */ (this.#state) === CLOSED) return;
      const delayMs = Math.max(
        this.#delayMs,
        Math.min(this.#delayMs * 2 ** this.#failures++, LONGEST_DELAY_MS),
      );
      this.#timer = setTimeout(() => this.#connect(), delayMs);
    }

    #fail() {
      if (this.#state === CLOSED) return;
      this.#state = CLOSED;
      this.dispatchEvent(new Event("error"));
    }
  }
  for (const [name, value] of [["CONNECTING", CONNECTING], ["OPEN", OPEN], ["CLOSED", CLOSED]]) {
    Object.defineProperty(EventSource.prototype, name, { value, enumerable: true });
  }
  defineEventHandlers(EventSource.prototype, ["open", "message", "error"]);
  return EventSource;
}

/** @param {Response} response */
function isEventStream(response) {
  const type = response.headers.get("content-type") ?? "";
  return response.status === 200 && response.body !== null && /^\s*text\/event-stream\s*(;|$)/i.test(type);
}
