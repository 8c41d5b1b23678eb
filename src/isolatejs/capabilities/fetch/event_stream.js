// Parses text/event-stream (HTML standard §9.2.6), piece by piece.
// @ts-check

const DATA_LIMIT = 64 * 1024 * 1024;

/**
 * @typedef {object} StreamEvent
 * @property {string} [type]  absent when only the id or the delay has changed
 * @property {string} data
 * @property {string} lastEventId
 * @property {number} [retryMs]
 */

export class EventStreamParser {
  #rest = "";
  #started = false;
  /** The last piece ended with CR: an LF that follows belongs to it. */
  #afterReturn = false;
  #data = "";
  #hasData = false;
  #type = "";
  #id;
  /** @type {number | undefined} */ #retryMs;

  /** @param {string} lastEventId */
  constructor(lastEventId) {
    this.#id = lastEventId;
  }

  /** The events that are complete with this piece. @param {string} text @returns {Generator<StreamEvent>} */
  *feed(text) {
    if (text === "") return;
    if (!this.#started) {
      this.#started = true;
      if (text[0] === "\ufeff") text = text.slice(1);
    }
    if (this.#afterReturn && text[0] === "\n") text = text.slice(1);
    this.#afterReturn = text.endsWith("\r");
    const lines = (this.#rest + text).split(/\r\n|\r|\n/);
    this.#rest = /** @type {string} */ (lines.pop());
    if (this.#rest.length > DATA_LIMIT) throw new TypeError("an event of the stream is too long");
    for (const line of lines) {
      if (line === "") yield* this.#dispatch();
      else this.#field(line);
    }
  }

  /** @returns {Generator<StreamEvent>} */
  *#dispatch() {
    const retryMs = this.#retryMs;
    const lastEventId = this.#id;
    const type = this.#hasData ? this.#type || "message" : undefined;
    const data = this.#data;
    this.#retryMs = undefined;
    this.#type = this.#data = "";
    this.#hasData = false;
    yield { type, data, lastEventId, retryMs };
  }

  /** @param {string} line */
  #field(line) {
    const colon = line.indexOf(":");
    if (colon === 0) return; // a comment
    const name = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? "" : line.slice(colon + 1);
    if (value[0] === " ") value = value.slice(1);
    if (name === "data") {
      this.#data = this.#hasData ? `${this.#data}\n${value}` : value;
      this.#hasData = true;
      if (this.#data.length > DATA_LIMIT) throw new TypeError("an event of the stream is too long");
    } else if (name === "event") {
      this.#type = value;
    } else if (name === "id") {
      if (!value.includes("\0")) this.#id = value;
    } else if (name === "retry" && /^[0-9]+$/.test(value)) {
      this.#retryMs = Number(value);
    }
  }
}
