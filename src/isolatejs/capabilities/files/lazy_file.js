// Real File objects whose content stays on the host until somebody reads it.
// @ts-check

import { Blob, DOMException, File, ObjectGetOwnPropertySymbols } from "../../guest/primordials.js";
import { domError, PIECE_BYTES } from "./client.js";
import { mimeType } from "./mime_types.js";

/** Files up to this size come along with the first answer. */
const EAGER_BYTES = 64 * 1024;

/** @typedef {import("./client.js").FilesClient} FilesClient */
/** @typedef {import("./client.js").Stat} Stat */

/**
 * A File with the state that the file has now. Content that changes later makes reads fail with a
 * NotReadableError, content that goes away with a NotFoundError (File API, snapshot state).
 * @param {FilesClient} client @param {string} path @param {string} name
 */
export async function openLazyFile(client, path, name) {
  const answer = await client.call("files.readPiece", { path, length: EAGER_BYTES });
  /** @type {Stat} */
  const stat = answer.value;
  const bytes = answer.attachments[0];
  const options = { type: mimeType(name), lastModified: Math.floor(stat.mtimeMs) };
  if (bytes.length >= stat.size) return new File([/** @type {any} */ (bytes)], name, options);
  return fillLazily(new File([], name, options), new HostPart(client, path, stat.version, 0, stat.size));
}

/**
 * The engine keeps the content of a Blob as a list of parts, which are read, sliced and named through the
 * few members that HostPart has: whatever takes a Blob takes this one too.
 * @template {Blob} T @param {T} blob @param {HostPart} part @returns {T}
 */
function fillLazily(blob, part) {
  const { parts, size } = partSymbols();
  const inner = /** @type {any} */ (blob);
  inner[parts] = [part];
  inner[size] = part.size;
  return blob;
}

/** @type {{parts: symbol, size: symbol} | undefined} */
let symbols;

function partSymbols() {
  if (symbols !== undefined) return symbols;
  const own = ObjectGetOwnPropertySymbols(new Blob([]));
  const parts = own.find((symbol) => symbol.description === "Parts");
  const size = own.find((symbol) => symbol.description === "Size");
  if (parts === undefined || size === undefined) {
    throw new Error("this engine keeps the parts of a Blob elsewhere");
  }
  return symbols = { parts, size };
}

/** A store that gives less than it said would be asked for ever. @param {Uint8Array} piece */
function nonEmpty(piece) {
  if (piece.length === 0) {
    throw new DOMException("the file is shorter than it was said to be", "NotReadableError");
  }
  return piece;
}

/** A range of a file on the host, in the state that `version` names. */
class HostPart {
  #client;
  #path;
  #version;
  #start;
  #end;
  /** Keeps the copy alive that `_id` names. @type {any} */
  #copy;

  /** @param {FilesClient} client @param {string} path @param {string} version @param {number} start @param {number} end */
  constructor(client, path, version, start, end) {
    this.#client = client;
    this.#path = path;
    this.#version = version;
    this.#start = start;
    this.#end = end;
  }

  get size() {
    return this.#end - this.#start;
  }

  /** @param {number} start @param {number} end */
  slice(start, end) {
    return new HostPart(this.#client, this.#path, this.#version, this.#start + start, this.#start + end);
  }

  /** One piece is asked for ahead, so that reading and sending overlap; no more is ever held. */
  async *stream() {
    let at = this.#start;
    let next = this.#piece(at);
    while (at < this.#end) {
      const bytes = await next;
      at += bytes.length;
      if (at < this.#end) {
        next = this.#piece(at);
        next.catch(() => {}); // reported when it is awaited; a reader that stops never does
      }
      yield bytes;
    }
  }

  /** @param {number} offset @returns {Promise<Uint8Array>} */
  async #piece(offset) {
    try {
      const answer = await this.#client.call("files.readPiece", this.#request(offset));
      return nonEmpty(answer.attachments[0]);
    } catch (error) {
      throw domError(error, this.#path);
    }
  }

  /** @param {number} offset */
  #request(offset) {
    const length = Math.min(PIECE_BYTES, this.#end - offset);
    return { path: this.#path, offset, length, version: this.#version };
  }

  /**
   * The name of the content in the engine's own store, asked for by what cannot wait: object URLs and
   * structured clones. The content is then read at once, blocking.
   */
  get _id() {
    this.#copy ??= /** @type {any} */ (new Blob([this.#readSync()]))[partSymbols().parts][0];
    return this.#copy._id;
  }

  #readSync() {
    const bytes = new Uint8Array(this.size);
    for (let at = this.#start; at < this.#end;) {
      try {
        const piece = nonEmpty(
          this.#client.callSync("files.readPiece", this.#request(at)).attachments[0],
        );
        bytes.set(piece, at - this.#start);
        at += piece.length;
      } catch (error) {
        throw domError(error, this.#path);
      }
    }
    return bytes;
  }
}
