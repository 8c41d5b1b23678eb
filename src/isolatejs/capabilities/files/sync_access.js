// FileSystemSyncAccessHandle of the File System standard: blocking reads and writes in place.
// @ts-check

import { ArrayBufferIsView, DOMException, isArrayBuffer } from "../../guest/primordials.js";
import { configureInterface, domError, PIECE_BYTES, release } from "./client.js";

/** @typedef {import("./client.js").FilesClient} FilesClient */

const KEY = Symbol("open");

/** The bytes of a buffer source, not copied. @param {any} source */
function bytesOf(source) {
  if (ArrayBufferIsView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  if (isArrayBuffer(source) || source instanceof SharedArrayBuffer) return new Uint8Array(source);
  throw new TypeError("the argument is no buffer source");
}

/** A position: [EnforceRange] unsigned long long. @param {any} value */
function position(value) {
  const number = Math.trunc(Number(value));
  if (!(number >= 0 && number <= Number.MAX_SAFE_INTEGER)) {
    throw new TypeError(`${value} is no position in a file`);
  }
  return number;
}

export class FileSystemSyncAccessHandle {
  #client;
  #path;
  /** @type {number | null} */
  #handle;
  #release;
  #cursor = 0;

  /** @param {symbol} key @param {FilesClient} client @param {string} path @param {number} handle @param {() => void} release */
  constructor(key, client, path, handle, release) {
    if (key !== KEY) throw new TypeError("Illegal constructor");
    this.#client = client;
    this.#path = path;
    this.#handle = handle;
    this.#release = release;
  }

  /** @param {any} buffer @param {{at?: number}} [options] */
  read(buffer, options) {
    const bytes = bytesOf(buffer);
    let at = this.#start(options);
    const start = at;
    while (at - start < bytes.length) {
      const length = Math.min(PIECE_BYTES, bytes.length - (at - start));
      const piece = this.#call("files.readHandle", { offset: at, length }).attachments[0];
      const count = piece.length;
      if (count === 0) break;
      bytes.set(piece, at - start);
      release(piece);
      at += count;
    }
    this.#cursor = at === start ? Math.min(start, this.getSize()) : at;
    return at - start;
  }

  /** @param {any} buffer @param {{at?: number}} [options] */
  write(buffer, options) {
    const bytes = bytesOf(buffer);
    const start = this.#start(options);
    for (let done = 0; done < bytes.length; done += PIECE_BYTES) {
      this.#call("files.writeHandle", { offset: start + done }, [bytes.subarray(done, done + PIECE_BYTES)]);
    }
    this.#cursor = start + bytes.length;
    return bytes.length;
  }

  /** @param {number} newSize */
  truncate(newSize) {
    const size = position(newSize);
    this.#call("files.truncateHandle", { size });
    this.#cursor = Math.min(this.#cursor, size);
  }

  getSize() {
    return this.#call("files.statHandle", {}).value.size;
  }

  flush() {
    this.#call("files.syncHandle", {});
  }

  close() {
    if (this.#handle === null) return;
    const handle = this.#handle;
    this.#handle = null;
    this.#release();
    this.#client.callSync("files.closeHandle", { handle });
  }

  /** @param {{at?: number} | undefined} options */
  #start(options) {
    if (this.#handle === null) throw new DOMException("the access handle is closed", "InvalidStateError");
    return options?.at === undefined ? this.#cursor : position(options.at);
  }

  /** @param {string} name @param {any} payload @param {Uint8Array[]} [attachments] */
  #call(name, payload, attachments) {
    if (this.#handle === null) throw new DOMException("the access handle is closed", "InvalidStateError");
    try {
      return this.#client.callSync(name, { handle: this.#handle, ...payload }, attachments);
    } catch (error) {
      throw domError(error, this.#path);
    }
  }

  /** @param {FilesClient} client @param {string} path @param {number} handle @param {() => void} release */
  static open(client, path, handle, release) {
    return new FileSystemSyncAccessHandle(KEY, client, path, handle, release);
  }
}
configureInterface(FileSystemSyncAccessHandle, "FileSystemSyncAccessHandle");
