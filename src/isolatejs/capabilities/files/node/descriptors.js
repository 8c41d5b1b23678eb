// Operations of `node:fs` on open files, and on whole files. Each is a generator; see forms.js.
// @ts-check

import { PIECE_BYTES, PIECES_AHEAD, piecesOf, release } from "../client.js";
import {
  dataBytes,
  decodeBytes,
  filePosition,
  integer,
  throwIfAborted,
  timeMs,
  viewBytes,
  withEncoding,
} from "./arguments.js";
import { invalidType, outOfRange, systemError } from "./errors.js";
import { ask, send } from "./forms.js";
import { makeStats } from "./stats.js";

/** @typedef {import("./forms.js").Operation} Operation */
/** @typedef {{handle: number, path: string, position: number, append: boolean}} Descriptor */

/** Files up to this size are read with the first question. */
const FIRST_BYTES = 256 * 1024;

/** @param {ReturnType<typeof import("./paths.js").pathOperations>} paths */
export function descriptorOperations(paths) {
  /** Open files by descriptor. The host's handles serve as numbers. @type {Map<number, Descriptor>} */
  const open = new Map();

  /** @param {any} fd @param {string} syscall */
  function get(fd, syscall) {
    const descriptor = open.get(integer(fd, "fd", 0, 2 ** 31 - 1));
    if (descriptor === undefined) throw systemError("EBADF", "bad file descriptor", { syscall });
    return descriptor;
  }

  /** @param {any} path @param {any} flags @param {any} mode @returns {Operation} */
  function* openPath(path, flags, mode) {
    const opening = paths.opening(path, flags, mode);
    const { handle } = (yield ask(
      "files.openFile",
      {
        path: opening.path,
        ...opening.flags,
        mode: opening.mode,
      },
      "open",
      opening.text,
    )).value;
    open.set(handle, { handle, path: opening.path, position: 0, append: opening.flags.append });
    return handle;
  }

  /** @param {any} fd @returns {Operation} */
  function* close(fd) {
    const { handle } = get(fd, "close");
    open.delete(fd);
    yield ask("files.closeHandle", { handle }, "close");
  }

  /**
   * Reads into the bytes; at the descriptor's own position when `position` is null.
   * @param {Descriptor} descriptor @param {Uint8Array} bytes @param {number | null} position @returns {Operation}
   */
  function* readInto(descriptor, bytes, position) {
    let at = position ?? descriptor.position;
    let done = 0;
    while (done < bytes.length) {
      const length = Math.min(PIECE_BYTES, bytes.length - done);
      const piece = (yield ask("files.readHandle", { handle: descriptor.handle, offset: at, length }, "read"))
        .attachments[0];
      const count = piece.length;
      bytes.set(piece, done);
      release(piece);
      done += count;
      at += count;
      if (count < length) break;
    }
    if (position === null) descriptor.position = at;
    return done;
  }

  /** @param {Descriptor} descriptor @param {Uint8Array} bytes @param {number | null} position @param {AbortSignal} [signal] @returns {Operation} */
  function* writeFrom(descriptor, bytes, position, signal) {
    const start = position ?? descriptor.position;
    if (position === null) descriptor.position += bytes.length; // before waiting: writes may overlap
    let at = start;
    for (const piece of piecesOf(bytes)) {
      throwIfAborted(signal);
      yield send("files.writeHandle", { handle: descriptor.handle, offset: at }, [piece], "write");
      at += piece.length;
    }
    return bytes.length;
  }

  /** All the rest of an open file. @param {Descriptor} descriptor @returns {Operation} */
  function* readRest(descriptor) {
    const { size } = (yield ask("files.statHandle", { handle: descriptor.handle }, "fstat")).value;
    const bytes = new Uint8Array(Math.max(0, size - descriptor.position));
    return bytes.subarray(0, yield* readInto(descriptor, bytes, null));
  }

  /** @param {any} path @param {AbortSignal | undefined} signal @returns {Operation} */
  function* readPath(path, signal) {
    const { path: at, text } = paths.opening(path, "r", undefined);
    const first = yield ask("files.readPiece", { path: at, length: FIRST_BYTES }, "open", text);
    const { size } = first.value;
    const head = first.attachments[0];
    if (head.length >= size) return head;
    const bytes = new Uint8Array(size);
    bytes.set(head);
    let end = head.length;
    while (end < size) {
      throwIfAborted(signal);
      const requests = [];
      for (let offset = end; offset < size && requests.length < PIECES_AHEAD; offset += PIECE_BYTES) {
        const length = Math.min(PIECE_BYTES, size - offset);
        requests.push(ask("files.readPiece", { path: at, offset, length }, "read"));
      }
      for (const { attachments: [piece] } of yield requests) {
        if (piece.length === 0) return bytes.subarray(0, end); // it was cut meanwhile
        bytes.set(piece, end);
        end += piece.length;
        release(piece);
      }
    }
    return bytes;
  }

  /** @param {any} target a path or a descriptor @param {Uint8Array} bytes @param {any} options @param {string} flag @returns {Operation} */
  function* writeWhole(target, bytes, options, flag) {
    throwIfAborted(options.signal);
    if (Number.isInteger(target)) {
      yield* writeFrom(get(target, "write"), bytes, null, options.signal);
      return;
    }
    const opening = paths.opening(target, options.flag, options.mode, flag);
    const { flags, path, mode, text } = opening;
    if (bytes.length <= PIECE_BYTES && (flags.write || flags.append) && !options.flush) {
      const { append, create, exclusive, truncate } = flags;
      yield send(
        "files.writeFile",
        { path, append, create, exclusive, truncate, mode },
        [bytes],
        "open",
        text,
      );
      return;
    }
    const fd = yield* openPath(target, options.flag ?? flag, options.mode);
    try {
      yield* writeFrom(get(fd, "write"), bytes, null, options.signal);
      if (options.flush) yield ask("files.syncHandle", { handle: get(fd, "fsync").handle }, "fsync");
    } finally {
      yield* close(fd);
    }
  }

  /** @param {any} fd @param {any} length @returns {Operation} */
  function* ftruncate(fd, length) {
    const { handle } = get(fd, "ftruncate");
    const size = Math.max(0, integer(length ?? 0, "len", Number.MIN_SAFE_INTEGER));
    yield ask("files.truncateHandle", { handle, size }, "ftruncate");
  }

  /** @param {any} fd @param {string} syscall @returns {Operation} */
  function* sync(fd, syscall) {
    yield ask("files.syncHandle", { handle: get(fd, syscall).handle }, syscall);
  }

  /** @param {any} target @param {any} data @param {any} options @param {string} flag @returns {Operation} */
  function* writeData(target, data, options, flag) {
    const settings = withEncoding(options);
    yield* writeWhole(target, dataBytes(data, settings.encoding), settings, flag);
  }

  return {
    isOpen: (/** @type {number} */ fd) => open.has(fd),
    open: openPath,
    close,

    /** @param {any} target @param {any} [options] @returns {Operation} */
    *readFile(target, options) {
      const { encoding, flag, signal } = withEncoding(options);
      throwIfAborted(signal);
      if (Number.isInteger(target)) return decodeBytes(yield* readRest(get(target, "read")), encoding);
      if (flag === undefined || flag === null || flag === "r" || flag === "rs" || flag === 0) {
        return decodeBytes(yield* readPath(target, signal), encoding);
      }
      const fd = yield* openPath(target, flag, undefined);
      try {
        return decodeBytes(yield* readRest(get(fd, "read")), encoding);
      } finally {
        yield* close(fd);
      }
    },

    /** @param {any} target @param {any} data @param {any} [options] @returns {Operation} */
    writeFile: (target, data, options) => writeData(target, data, options, "w"),
    /** @param {any} target @param {any} data @param {any} [options] @returns {Operation} */
    appendFile: (target, data, options) => writeData(target, data, options, "a"),

    /** @param {any} fd @param {any} buffer @param {any} offset @param {any} length @param {any} position @returns {Operation} */
    *read(fd, buffer, offset, length, position) {
      const descriptor = get(fd, "read");
      const view = part(buffer, offset, length);
      return yield* readInto(descriptor, view, filePosition(position));
    },

    /** @param {any} fd @param {any} data @param {any} offset @param {any} length @param {any} position @returns {Operation} */
    *write(fd, data, offset, length, position) {
      const descriptor = get(fd, "write");
      if (typeof data === "string") {
        const at = filePosition(offset); // (fd, string, position, encoding)
        return yield* writeFrom(descriptor, dataBytes(data, length), at);
      }
      return yield* writeFrom(descriptor, part(data, offset, length), filePosition(position));
    },

    /** @param {any} fd @param {any} buffers @param {any} position @returns {Operation} */
    *readv(fd, buffers, position) {
      const descriptor = get(fd, "read");
      let at = filePosition(position);
      let total = 0;
      for (const view of views(buffers)) {
        const count = yield* readInto(descriptor, view, at);
        total += count;
        if (at !== null) at += count;
        if (count < view.length) break;
      }
      return total;
    },

    /** @param {any} fd @param {any} buffers @param {any} position @returns {Operation} */
    *writev(fd, buffers, position) {
      const descriptor = get(fd, "write");
      let at = filePosition(position);
      let total = 0;
      for (const view of views(buffers)) {
        const count = yield* writeFrom(descriptor, view, at);
        total += count;
        if (at !== null) at += count;
      }
      return total;
    },

    /** @param {any} fd @param {any} [options] @returns {Operation} */
    *fstat(fd, options) {
      const { handle } = get(fd, "fstat");
      return makeStats((yield ask("files.statHandle", { handle }, "fstat")).value, options?.bigint);
    },

    ftruncate,
    /** @param {any} fd @returns {Operation} */
    fsync: (fd) => sync(fd, "fsync"),
    /** @param {any} fd @returns {Operation} */
    fdatasync: (fd) => sync(fd, "fdatasync"),

    /** @param {any} fd @param {any} atime @param {any} mtime @returns {Operation} */
    *futimes(fd, atime, mtime) {
      const { handle } = get(fd, "futime");
      yield ask("files.setHandleTimes", { handle, atimeMs: timeMs(atime), mtimeMs: timeMs(mtime) }, "futime");
    },
    /** @param {any} fd @param {any} mode @returns {Operation} */
    *fchmod(fd, mode) {
      yield* paths.chmod(get(fd, "fchmod").path, mode);
    },
    /** @param {any} fd @returns {Operation} */
    // deno-lint-ignore require-yield
    *fchown(fd) {
      get(fd, "fchown");
      throw systemError("EPERM", "operation not permitted", { syscall: "fchown" });
    },
  };
}

/** The part of a buffer that `offset` and `length` name. @param {any} buffer @param {any} offset @param {any} length */
function part(buffer, offset, length) {
  const bytes = viewBytes(buffer);
  if (offset !== null && typeof offset === "object") return part(buffer, offset.offset, offset.length);
  const start = offset === undefined || offset === null ? 0 : integer(offset, "offset");
  if (start > bytes.length) throw outOfRange("offset", `<= ${bytes.length}`, offset);
  const count = length === undefined || length === null ? bytes.length - start : integer(length, "length");
  if (start + count > bytes.length) throw outOfRange("length", `<= ${bytes.length - start}`, length);
  return bytes.subarray(start, start + count);
}

/** @param {any} buffers */
function views(buffers) {
  if (!Array.isArray(buffers)) throw invalidType("buffers", "an instance of ArrayBufferView[]", buffers);
  return buffers.map((buffer) => viewBytes(buffer, "buffers", "an instance of ArrayBufferView[]"));
}
