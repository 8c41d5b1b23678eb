// The File System standard (https://fs.spec.whatwg.org/), rooted in what the embedder granted.

/** A handle of the directory at `path`. Rejects with a NotFoundError when there is none. */
declare function getDirectory(path?: string): Promise<FileSystemDirectoryHandle>;

type FileSystemHandleKind = "file" | "directory";

interface FileSystemHandlePermissionDescriptor {
  mode?: "read" | "readwrite";
}

interface FileSystemHandle {
  readonly kind: FileSystemHandleKind;
  readonly name: string;
  isSameEntry(other: FileSystemHandle): Promise<boolean>;
  /** Whether the embedder granted it; nobody can be asked for more. */
  queryPermission(descriptor?: FileSystemHandlePermissionDescriptor): Promise<"granted" | "denied">;
  requestPermission(descriptor?: FileSystemHandlePermissionDescriptor): Promise<"granted" | "denied">;
}

declare var FileSystemHandle: { prototype: FileSystemHandle; new (): never };

interface FileSystemFileHandle extends FileSystemHandle {
  readonly kind: "file";
  getFile(): Promise<File>;
  createWritable(options?: FileSystemCreateWritableOptions): Promise<FileSystemWritableFileStream>;
  createSyncAccessHandle(): Promise<FileSystemSyncAccessHandle>;
}

declare var FileSystemFileHandle: { prototype: FileSystemFileHandle; new (): never };

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

declare var FileSystemDirectoryHandle: { prototype: FileSystemDirectoryHandle; new (): never };

interface FileSystemCreateWritableOptions {
  /** Start from the file's present content; without it the file starts empty. */
  keepExistingData?: boolean;
  /** `exclusive`: no other stream or access handle at the same time. */
  mode?: "siloed" | "exclusive";
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

declare var FileSystemWritableFileStream: { prototype: FileSystemWritableFileStream; new (): never };

interface FileSystemReadWriteOptions {
  /** Where to read or write; without it where the last call ended. */
  at?: number;
}

/** Blocking reads and writes in place. While it is open, nobody else in the program can write the file. */
interface FileSystemSyncAccessHandle {
  read(buffer: AllowSharedBufferSource, options?: FileSystemReadWriteOptions): number;
  write(buffer: AllowSharedBufferSource, options?: FileSystemReadWriteOptions): number;
  truncate(newSize: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}

declare var FileSystemSyncAccessHandle: { prototype: FileSystemSyncAccessHandle; new (): never };

interface StorageManager {
  /** A handle of `/`. */
  getDirectory(): Promise<FileSystemDirectoryHandle>;
}

interface Navigator {
  readonly storage: StorageManager;
}
