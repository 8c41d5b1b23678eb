// FileHandle of `node:fs/promises`.
// @ts-check

import { getBuiltin } from "../../../guest/engine.js";
import { BufferClass, dataBytes, withEncoding } from "./arguments.js";
import { codedError } from "./errors.js";

const READ_BYTES = 16 * 1024;

/**
 * @param {any} promises the promise forms of all operations, with descriptors
 * @param {any} fs `node:fs`, for streams
 */
export function makeFileHandleClass(promises, fs) {
  const { EventEmitter } = getBuiltin("node:events");

  /** An open file that promises close. Not closed when it is collected: close it. */
  return class FileHandle extends EventEmitter {
    #fd;
    /** @type {Promise<void> | undefined} */
    #closing;

    /** @param {number} fd */
    constructor(fd) {
      super();
      this.#fd = fd;
    }

    get fd() {
      return this.#closing === undefined ? this.#fd : -1;
    }

    /** @param {string} syscall */
    #open(syscall) {
      if (this.#closing !== undefined) {
        throw Object.assign(codedError(Error, "EBADF", "file closed"), { syscall });
      }
      return this.#fd;
    }

    close() {
      return this.#closing ??= promises.close(this.#fd).then(() => {
        this.emit("close");
      });
    }

    async [Symbol.asyncDispose]() {
      await this.close();
    }

    /** @param {any} data @param {any} [options] */
    async appendFile(data, options) {
      await writeAll(promises, this.#open("write"), data, options);
    }

    /** @param {any} data @param {any} [options] */
    async writeFile(data, options) {
      await writeAll(promises, this.#open("write"), data, options);
    }

    /** @param {any} [options] */
    async readFile(options) {
      return await promises.readFile(this.#open("read"), options);
    }

    /** @param {any} [buffer] @param {any} [offset] @param {any} [length] @param {any} [position] */
    async read(buffer, offset, length, position) {
      const fd = this.#open("read");
      if (!ArrayBuffer.isView(buffer)) ({ buffer, offset, length, position } = buffer ?? {});
      else if (offset !== null && typeof offset === "object") ({ offset, length, position } = offset);
      buffer ??= BufferClass().alloc(READ_BYTES);
      return { bytesRead: await promises.read(fd, buffer, offset, length, position), buffer };
    }

    /** @param {any} buffer @param {any} [offset] @param {any} [length] @param {any} [position] */
    async write(buffer, offset, length, position) {
      const fd = this.#open("write");
      if (offset !== null && typeof offset === "object") ({ offset, length, position } = offset);
      return { bytesWritten: await promises.write(fd, buffer, offset, length, position), buffer };
    }

    /** @param {any[]} buffers @param {any} [position] */
    async readv(buffers, position) {
      return { bytesRead: await promises.readv(this.#open("read"), buffers, position), buffers };
    }

    /** @param {any[]} buffers @param {any} [position] */
    async writev(buffers, position) {
      return { bytesWritten: await promises.writev(this.#open("write"), buffers, position), buffers };
    }

    /** @param {any} [options] */
    async stat(options) {
      return await promises.fstat(this.#open("fstat"), options);
    }

    /** @param {number} [length] */
    async truncate(length) {
      await promises.ftruncate(this.#open("ftruncate"), length);
    }

    async sync() {
      await promises.fsync(this.#open("fsync"));
    }

    async datasync() {
      await promises.fdatasync(this.#open("fdatasync"));
    }

    /** @param {any} atime @param {any} mtime */
    async utimes(atime, mtime) {
      await promises.futimes(this.#open("futime"), atime, mtime);
    }

    /** @param {any} mode */
    async chmod(mode) {
      await promises.fchmod(this.#open("fchmod"), mode);
    }

    async chown() {
      await promises.fchown(this.#open("fchown"));
    }

    /** @param {any} [options] */
    createReadStream(options) {
      return new fs.ReadStream(undefined, { ...options, fd: this });
    }

    /** @param {any} [options] */
    createWriteStream(options) {
      return new fs.WriteStream(undefined, { ...options, fd: this });
    }

    /** The content as a web stream of bytes. */
    readableWebStream() {
      this.#open("read");
      return new ReadableStream({
        type: "bytes",
        pull: async (controller) => {
          const { bytesRead, buffer } = await this.read(new Uint8Array(64 * 1024));
          if (bytesRead > 0) controller.enqueue(buffer.subarray(0, bytesRead));
          else {
            controller.close();
            controller.byobRequest?.respond(0);
          }
        },
      });
    }

    /** @param {any} [options] */
    readLines(options) {
      return lines(this.createReadStream({ ...options, encoding: options?.encoding ?? "utf8" }));
    }
  };
}

/** The lines of a text stream, without their ends. @param {AsyncIterable<string>} stream */
async function* lines(stream) {
  let rest = "";
  for await (const chunk of stream) {
    const parts = (rest + chunk).split(/\r?\n/);
    rest = /** @type {string} */ (parts.pop());
    yield* parts;
  }
  if (rest !== "") yield rest;
}

/**
 * Writes a string, bytes, or all that an iterable gives, at a descriptor's position.
 * @param {any} promises @param {number} fd @param {any} data @param {any} options
 */
export async function writeAll(promises, fd, data, options) {
  const settings = withEncoding(options);
  if (!isIterableOfData(data)) {
    await promises.writeFile(fd, data, settings);
    return;
  }
  for await (const chunk of data) {
    settings.signal?.throwIfAborted();
    await promises.write(fd, dataBytes(chunk, settings.encoding), undefined, undefined, null);
  }
}

/** Whether the data comes in pieces (an iterable or a stream). @param {any} data */
export const isIterableOfData = (data) =>
  typeof data === "object" && data !== null && !ArrayBuffer.isView(data) &&
  (typeof data[Symbol.asyncIterator] === "function" || typeof data[Symbol.iterator] === "function");
