// Globals of Node.js that every program has. A program that imports a node: module sees Node's own declarations
// of these instead, so this file declares nothing but `process` and `Buffer`.

/** The part of Node.js's process that holds in a sandbox. It tells nothing of the real process. */
declare var process: {
  readonly title: string;
  readonly version: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly arch: string;
  readonly platform: "linux";
  readonly argv: string[];
  readonly pid: number;
  /** What the embedder gave as the environment. */
  env: Record<string, string | undefined>;
  exitCode: number | undefined;
  cwd(): string;
  nextTick<A extends unknown[]>(callback: (...args: A) => void, ...args: A): void;
  hrtime: { (previous?: [number, number]): [number, number]; bigint(): bigint };
  uptime(): number;
  memoryUsage(): { rss: number; heapTotal: number; heapUsed: number; external: number; arrayBuffers: number };
  emitWarning(warning: string | Error, options?: unknown): void;
  on(event: string, listener: (...args: any[]) => void): any;
  once(event: string, listener: (...args: any[]) => void): any;
  off(event: string, listener: (...args: any[]) => void): any;
  readonly stdout: { write(chunk: string | Uint8Array): boolean; readonly isTTY: false };
  readonly stderr: { write(chunk: string | Uint8Array): boolean; readonly isTTY: false };
};

type BufferEncoding =
  | "ascii" | "utf8" | "utf-8" | "utf16le" | "utf-16le" | "ucs2" | "ucs-2" | "base64" | "base64url" | "latin1"
  | "binary" | "hex";

/** Node.js's Buffer: a Uint8Array with encodings. `import { Buffer } from "node:buffer"` has it in full. */
interface Buffer extends Uint8Array {
  toString(encoding?: BufferEncoding, start?: number, end?: number): string;
  toJSON(): { type: "Buffer"; data: number[] };
  write(text: string, offset?: number, length?: number, encoding?: BufferEncoding): number;
  equals(other: Uint8Array): boolean;
  compare(other: Uint8Array): -1 | 0 | 1;
  copy(target: Uint8Array, targetStart?: number, sourceStart?: number, sourceEnd?: number): number;
  subarray(start?: number, end?: number): any;
  readUInt8(offset?: number): number;
  readUInt16LE(offset?: number): number;
  readUInt16BE(offset?: number): number;
  readUInt32LE(offset?: number): number;
  readUInt32BE(offset?: number): number;
  readInt32LE(offset?: number): number;
  readInt32BE(offset?: number): number;
  readBigUInt64LE(offset?: number): bigint;
  readBigUInt64BE(offset?: number): bigint;
  readDoubleLE(offset?: number): number;
  readDoubleBE(offset?: number): number;
  writeUInt8(value: number, offset?: number): number;
  writeUInt16LE(value: number, offset?: number): number;
  writeUInt16BE(value: number, offset?: number): number;
  writeUInt32LE(value: number, offset?: number): number;
  writeUInt32BE(value: number, offset?: number): number;
}

declare var Buffer: {
  from(
    value: string | ArrayBufferLike | Iterable<number> | ArrayBufferView,
    encodingOrOffset?: BufferEncoding | number,
    length?: number,
  ): Buffer;
  alloc(size: number, fill?: string | number | Uint8Array, encoding?: BufferEncoding): Buffer;
  allocUnsafe(size: number): Buffer;
  concat(list: readonly Uint8Array[], totalLength?: number): Buffer;
  byteLength(value: string | ArrayBufferView | ArrayBufferLike, encoding?: BufferEncoding): number;
  compare(one: Uint8Array, other: Uint8Array): -1 | 0 | 1;
  isBuffer(value: unknown): value is Buffer;
  isEncoding(name: string): name is BufferEncoding;
};
