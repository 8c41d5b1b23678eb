// ReadStream and WriteStream of `node:fs`, on the engine's own `node:stream`.
// @ts-check

import { getBuiltin } from "../../../guest/engine.js";
import { BufferClass, integer, pathText, viewBytes, withEncoding } from "./arguments.js";
import { release } from "../client.js";
import { invalidType } from "./errors.js";

const CHUNK_BYTES = 256 * 1024;

/** What a stream reads or writes: a descriptor of its own, a given one, or a FileHandle. */
class Source {
  /** @type {any} */ #handle = null;
  /** @type {number | null} */
  fd = null;

  /** @param {any} fs @param {any} path @param {any} options @param {string} flags */
  constructor(fs, path, options, flags) {
    this.fs = chosenFunctions(fs, options.fs);
    this.path = path;
    this.options = options;
    this.flags = options.flags ?? flags;
    const { fd } = options;
    if (typeof fd === "number") this.fd = fd;
    else if (fd !== undefined && fd !== null) {
      this.#handle = fd;
      this.fd = fd.fd;
    }
  }

  /** @param {(error: any) => void} callback */
  open(callback) {
    if (this.fd !== null) {
      callback(null);
      return;
    }
    this.fs.open(
      this.path,
      this.flags,
      this.options.mode ?? 0o666,
      (/** @type {any} */ error, /** @type {number} */ fd) => {
        if (!error) this.fd = fd;
        callback(error);
      },
    );
  }

  /** @param {(error?: any) => void} callback */
  close(callback) {
    const { fd } = this;
    this.fd = null;
    if (fd === null) callback();
    else if (this.#handle !== null) this.#handle.close().then(() => callback(), callback);
    else this.fs.close(fd, callback);
  }
}

/**
 * The functions that a stream uses: `options.fs` replaces those that it has.
 * @param {any} fs @param {any} given
 */
function chosenFunctions(fs, given) {
  if (given === undefined || given === null) return fs;
  /** @type {any} */
  const chosen = {};
  for (const name of ["open", "read", "write", "close"]) {
    const own = given[name];
    if (own !== undefined && typeof own !== "function") {
      throw invalidType(`options.fs.${name}`, "of type function", own);
    }
    chosen[name] = own === undefined ? fs[name] : own.bind(given);
  }
  return chosen;
}

/** @param {any} options @param {any} path */
function streamOptions(options, path) {
  const settings = withEncoding(options);
  if (settings.fd === undefined || settings.fd === null) pathText(path);
  for (const name of ["start", "end"]) {
    if (settings[name] !== undefined && !(name === "end" && settings[name] === Infinity)) {
      integer(settings[name], name);
    }
  }
  return settings;
}

/** @param {any} fs */
export function makeStreamClasses(fs) {
  const { Readable, Writable } = getBuiltin("node:stream");

  /** @param {any} self @param {Source} source @param {(error?: any) => void} callback */
  function construct(self, source, callback) {
    source.open((error) => {
      if (error) {
        callback(error);
        return;
      }
      self.fd = source.fd;
      callback();
      self.emit("open", source.fd);
      self.emit("ready");
    });
  }

  /** @param {any} self @param {Source} source @param {any} error @param {(error: any) => void} callback */
  function destroy(self, source, error, callback) {
    self.fd = null;
    source.close((failure) => callback(error ?? failure ?? null));
  }

  class ReadStream extends Readable {
    #source;
    /** @type {number | null} */ #position;
    #end;
    bytesRead = 0;

    /** @param {any} path @param {any} [options] */
    constructor(path, options) {
      const settings = streamOptions(options, path);
      const source = new Source(fs, path, settings, "r");
      super({
        highWaterMark: settings.highWaterMark ?? CHUNK_BYTES,
        encoding: settings.encoding,
        emitClose: settings.emitClose ?? true,
        autoDestroy: settings.autoClose ?? true,
        signal: settings.signal,
        construct(/** @type {any} */ callback) {
          construct(this, source, callback);
        },
      });
      this.#source = source;
      this.#position = settings.start ?? null;
      this.#end = settings.end ?? Infinity;
      this.path = path;
      this.flags = source.flags;
      this.fd = source.fd;
    }

    get pending() {
      return this.#source.fd === null;
    }

    /** @param {number} size */
    _read(size) {
      const left = this.#end + 1 - (this.#position ?? this.bytesRead);
      const buffer = BufferClass().allocUnsafeSlow(Math.max(0, Math.min(size, left)));
      if (buffer.length === 0) {
        this.push(null);
        return;
      }
      this.#source.fs.read(
        this.#source.fd,
        buffer,
        0,
        buffer.length,
        this.#position,
        (/** @type {any} */ error, /** @type {number} */ count) => {
          if (error) {
            this.destroy(error);
            return;
          }
          if (this.#position !== null) this.#position += count;
          this.bytesRead += count;
          this.push(count === 0 ? null : fitted(buffer, count));
        },
      );
    }

    /** @param {any} error @param {any} callback */
    _destroy(error, callback) {
      destroy(this, this.#source, error, callback);
    }

    /** @param {any} [callback] */
    close(callback) {
      if (callback !== undefined) this.once("close", callback);
      this.destroy();
    }
  }

  class WriteStream extends Writable {
    #source;
    /** @type {number | null} */ #position;
    bytesWritten = 0;

    /** @param {any} path @param {any} [options] */
    constructor(path, options) {
      const settings = streamOptions(options, path);
      const source = new Source(fs, path, settings, "w");
      super({
        highWaterMark: settings.highWaterMark ?? CHUNK_BYTES,
        decodeStrings: true,
        defaultEncoding: settings.encoding ?? "utf8",
        emitClose: settings.emitClose ?? true,
        autoDestroy: settings.autoClose ?? true,
        signal: settings.signal,
        construct(/** @type {any} */ callback) {
          construct(this, source, callback);
        },
      });
      this.#source = source;
      this.#position = settings.start ?? null;
      this.path = path;
      this.flags = source.flags;
      this.fd = source.fd;
    }

    get pending() {
      return this.#source.fd === null;
    }

    /** @param {any} chunk @param {string} _encoding @param {any} callback */
    _write(chunk, _encoding, callback) {
      if (!ArrayBuffer.isView(chunk)) {
        throw invalidType("chunk", "of type string or an instance of Buffer", chunk);
      }
      const bytes = viewBytes(chunk);
      this.#source.fs.write(
        this.#source.fd,
        bytes,
        0,
        bytes.length,
        this.#position,
        (/** @type {any} */ error) => {
          if (!error) {
            if (this.#position !== null) this.#position += bytes.length;
            this.bytesWritten += bytes.length;
          }
          callback(error);
        },
      );
    }

    /** @param {{chunk: any}[]} chunks @param {any} callback */
    _writev(chunks, callback) {
      const all = BufferClass().concat(chunks.map(({ chunk }) => viewBytes(chunk)));
      this._write(all, "buffer", callback);
    }

    /** @param {any} error @param {any} callback */
    _destroy(error, callback) {
      destroy(this, this.#source, error, callback);
    }

    /** @param {any} [callback] */
    close(callback) {
      if (callback !== undefined) this.once("close", callback);
      this.end();
    }
  }
  return { ReadStream: callable(ReadStream), WriteStream: callable(WriteStream) };
}

/** A chunk that holds no more memory than its bytes: programs keep chunks. @param {any} buffer @param {number} count */
function fitted(buffer, count) {
  if (count === buffer.length) return buffer;
  const chunk = BufferClass().allocUnsafeSlow(count);
  buffer.copy(chunk, 0, 0, count);
  release(buffer);
  return chunk;
}

/** In Node these classes are functions, and old code calls them without `new`. @param {any} Class */
const callable = (Class) => new Proxy(Class, { apply: (_target, _self, args) => new Class(...args) });
