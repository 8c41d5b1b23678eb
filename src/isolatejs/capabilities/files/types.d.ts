// The File System standard (https://fs.spec.whatwg.org/), rooted in what the embedder granted.

/** A handle of the directory at `path`. Rejects with a NotFoundError when there is none. */
declare function getDirectory(path?: string): Promise<FileSystemDirectoryHandle>;

type FileSystemHandleKind = "file" | "directory";

interface FileSystemHandle {
  readonly kind: FileSystemHandleKind;
  readonly name: string;
  isSameEntry(other: FileSystemHandle): Promise<boolean>;
}

interface FileSystemFileHandle extends FileSystemHandle {
  readonly kind: "file";
  getFile(): Promise<File>;
  createWritable(options?: FileSystemCreateWritableOptions): Promise<FileSystemWritableFileStream>;
}

interface FileSystemDirectoryHandle extends FileSystemHandle {
  readonly kind: "directory";
  getFileHandle(name: string, options?: { create?: boolean }): Promise<FileSystemFileHandle>;
  getDirectoryHandle(name: string, options?: { create?: boolean }): Promise<FileSystemDirectoryHandle>;
  removeEntry(name: string, options?: { recursive?: boolean }): Promise<void>;
  /** The names from this directory down to `possibleDescendant`, or null when it is not inside. */
  resolve(possibleDescendant: FileSystemHandle): Promise<string[] | null>;
  entries(): AsyncIterableIterator<[string, FileSystemFileHandle | FileSystemDirectoryHandle]>;
  keys(): AsyncIterableIterator<string>;
  values(): AsyncIterableIterator<FileSystemFileHandle | FileSystemDirectoryHandle>;
  [Symbol.asyncIterator](): AsyncIterableIterator<[string, FileSystemFileHandle | FileSystemDirectoryHandle]>;
}

interface FileSystemCreateWritableOptions {
  /** Start from the file's present content; without it the file starts empty. */
  keepExistingData?: boolean;
}

type FileSystemWriteChunk =
  | string
  | BufferSource
  | Blob
  | { type: "write"; data: string | BufferSource | Blob; position?: number }
  | { type: "seek"; position: number }
  | { type: "truncate"; size: number };

/** Nothing is written to the file until `close()`. */
interface FileSystemWritableFileStream extends WritableStream<FileSystemWriteChunk> {
  write(data: FileSystemWriteChunk): Promise<void>;
  seek(position: number): Promise<void>;
  truncate(size: number): Promise<void>;
}
