// FileSystemWritableFileStream of the File System standard: nothing is seen before `close()`.
// @ts-check

import { ArrayBufferIsView, Blob, DOMException, isArrayBuffer } from "../../guest/primordials.js";
import { configureInterface, domError, PIECE_BYTES, PIECES_AHEAD, toUSVString, utf8 } from "./client.js";

/** @typedef {import("./client.js").FilesClient} FilesClient */

const { WritableStream } = globalThis;
const KEY = Symbol("open");

/**
 * An `unsigned long long` that a file can have. Larger ones are a matter of quota.
 * @param {any} value
 */
function position(value) {
  const number = Number(value);
  const whole = Number.isFinite(number) ? Math.trunc(number) : 0;
  // WebIDL wraps negative numbers around to more than any file can hold.
  if (whole < 0 || whole > Number.MAX_SAFE_INTEGER) {
    throw new DOMException(`${value} is beyond what a file can hold`, "QuotaExceededError");
  }
  return whole;
}

/** A stream's end at the host: the swap file and the cursor. */
class SwapWriter {
  #client;
  #path;
  #handle;
  #release;
  #cursor = 0;
  #ended = false;

  /** @param {FilesClient} client @param {string} path @param {number} handle @param {() => void} release */
  constructor(client, path, handle, release) {
    this.#client = client;
    this.#path = path;
    this.#handle = handle;
    this.#release = release;
  }

  /** Write a chunk (the standard's algorithm of that name). @param {any} chunk */
  async write(chunk) {
    try {
      await this.#run(readCommand(chunk));
    } catch (error) {
      await this.abort(); // an errored stream is never closed: nothing else would let go of the file
      throw domError(error, this.#path);
    }
  }

  /** @param {{type: string, data?: any, position?: number, size?: number}} command */
  async #run({ type, data, position: at, size }) {
    if (type === "seek") {
      this.#cursor = /** @type {number} */ (at);
    } else if (type === "truncate") {
      await this.#client.call("files.truncateHandle", { handle: this.#handle, size });
      this.#cursor = Math.min(this.#cursor, /** @type {number} */ (size));
    } else {
      const start = at ?? this.#cursor;
      const length = data instanceof Blob
        ? await this.#writeBlob(data, start)
        : await this.#writeBytes(data, start);
      this.#cursor = start + length;
    }
  }

  /** Several pieces are under way at once: each has its place, so their order does not matter. @param {Uint8Array} bytes @param {number} start */
  async #writeBytes(bytes, start) {
    /** @type {Promise<any>[]} */
    const underWay = [];
    try {
      for (let done = 0; done < bytes.length; done += PIECE_BYTES) {
        if (underWay.length === PIECES_AHEAD) await underWay.shift();
        const piece = this.#writePiece(bytes.subarray(done, done + PIECE_BYTES), start + done);
        piece.catch(() => {}); // it is awaited below, maybe after another one has failed
        underWay.push(piece);
      }
    } finally {
      await Promise.all(underWay);
    }
    return bytes.length;
  }

  /** @param {Blob} blob @param {number} start */
  async #writeBlob(blob, start) {
    let at = start;
    for await (const piece of blob.stream()) at += await this.#writeBytes(piece, at);
    return at - start;
  }

  /** @param {Uint8Array} piece @param {number} offset */
  #writePiece(piece, offset) {
    return this.#client.call("files.writeHandle", { handle: this.#handle, offset }, [piece]);
  }

  async close() {
    if (this.#ended) return;
    this.#ended = true;
    try {
      await this.#client.call("files.commitSwap", { handle: this.#handle });
    } catch (error) {
      throw domError(error, this.#path);
    } finally {
      this.#release();
    }
  }

  async abort() {
    if (this.#ended) return;
    this.#ended = true;
    this.#release();
    await this.#client.call("files.closeHandle", { handle: this.#handle });
  }
}

/**
 * A FileSystemWriteChunkType as a command whose data is a Blob or bytes of its own.
 * @param {any} chunk @returns {{type: string, data?: any, position?: number, size?: number}}
 */
function readCommand(chunk) {
  if (isData(chunk)) return { type: "write", data: readData(chunk) };
  if (typeof chunk !== "object" && typeof chunk !== "function" && chunk !== null && chunk !== undefined) {
    return { type: "write", data: readData(chunk) };
  }
  const { data, position: at, size, type } = chunk ?? {};
  if (type === undefined) throw new TypeError("a write needs data, or an object with a type");
  const command = `${type}`;
  if (command === "write") {
    if (data === undefined || data === null) throw new TypeError("a write needs data");
    return {
      type: "write",
      data: readData(data),
      position: at === undefined || at === null ? undefined : position(at),
    };
  }
  if (command === "seek") {
    if (at === undefined || at === null) throw new TypeError("a seek needs a position");
    return { type: "seek", position: position(at) };
  }
  if (command === "truncate") {
    if (size === undefined || size === null) throw new TypeError("a truncate needs a size");
    return { type: "truncate", size: position(size) };
  }
  throw new TypeError(`'${command}' is no write command`);
}

/** @param {any} value */
const isData = (value) => value instanceof Blob || ArrayBufferIsView(value) || isArrayBuffer(value);

/** A Blob, or a copy of the bytes. @param {any} data */
function readData(data) {
  if (data instanceof Blob) return data;
  if (ArrayBufferIsView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  if (isArrayBuffer(data)) return new Uint8Array(data).slice();
  return utf8(toUSVString(data));
}

export class FileSystemWritableFileStream extends WritableStream {
  /** @param {symbol} key @param {SwapWriter} writer */
  constructor(key, writer) {
    if (key !== KEY) throw new TypeError("Illegal constructor");
    super({
      write: (chunk) => writer.write(chunk),
      close: () => writer.close(),
      abort: () => writer.abort(),
    });
  }

  /** @param {any} data */
  async write(data) {
    return await writeTo(this, data);
  }

  /** @param {number} at */
  async seek(at) {
    return await writeTo(this, { type: "seek", position: at });
  }

  /** @param {number} size */
  async truncate(size) {
    return await writeTo(this, { type: "truncate", size });
  }
}
configureInterface(FileSystemWritableFileStream, "FileSystemWritableFileStream");

/** @param {WritableStream} stream @param {any} chunk */
function writeTo(stream, chunk) {
  const writer = stream.getWriter();
  const written = writer.write(chunk);
  writer.releaseLock();
  return written;
}

/**
 * The stream that replaces an existing file. Rejects with the host's error.
 * @param {FilesClient} client @param {string} path @param {boolean} keepExisting @param {() => void} release
 */
export async function createWritable(client, path, keepExisting, release) {
  const answer = await client.call("files.openSwap", { path, keepExisting });
  return new FileSystemWritableFileStream(KEY, new SwapWriter(client, path, answer.value.handle, release));
}
