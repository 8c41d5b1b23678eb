// Guest half of files: `getDirectory`, the handles of the File System standard, and `node:fs`.
// @ts-check

import { ObjectDefineProperty, SafeWeakMap } from "../../guest/primordials.js";
import { FilesClient, toUSVString } from "./client.js";
import {
  FileSystemDirectoryHandle,
  FileSystemFileHandle,
  FileSystemHandle,
  openDirectory,
} from "./handles.js";
import { Locks } from "./locks.js";
import { createNodeFs } from "./node/fs.js";
import { FileSystemSyncAccessHandle } from "./sync_access.js";
import { FileSystemWritableFileStream } from "./writable.js";

/** @type {WeakMap<object, FilesClient>} */
const clients = new SafeWeakMap();

/**
 * The session is taken up again: what the program has imported goes on with the new files.
 * @param {import("../../guest/kernel.js").Kernel} kernel
 * @param {{cwd: string, mounts: {path: string, writable: boolean}[]}} grant
 */
export function rebind(kernel, grant) {
  clients.get(kernel)?.become(grant);
}

/**
 * @param {import("../../guest/kernel.js").Kernel} kernel
 * @param {{cwd: string, mounts: {path: string, writable: boolean}[]}} grant
 */
export function install(kernel, grant) {
  const client = new FilesClient(kernel.channel, grant);
  clients.set(kernel, client);
  const files = { client, locks: new Locks() };

  kernel.defineGlobal("getDirectory", async function getDirectory(/** @type {any} */ path = ".") {
    return await openDirectory(files, client.resolve(toUSVString(path)));
  });
  kernel.defineGlobal("FileSystemHandle", FileSystemHandle);
  kernel.defineGlobal("FileSystemFileHandle", FileSystemFileHandle);
  kernel.defineGlobal("FileSystemDirectoryHandle", FileSystemDirectoryHandle);
  kernel.defineGlobal("FileSystemWritableFileStream", FileSystemWritableFileStream);
  kernel.defineGlobal("FileSystemSyncAccessHandle", FileSystemSyncAccessHandle);
  ObjectDefineProperty(/** @type {any} */ (globalThis).navigator, "storage", {
    value: { getDirectory: () => openDirectory(files, "/") },
    writable: true,
    configurable: true,
  });

  /** @type {any} */
  let fs;
  const nodeFs = () => fs ??= createNodeFs(client);
  kernel.registerBuiltin("node:fs", nodeFs);
  kernel.registerBuiltin("node:fs/promises", () => nodeFs().promises);
}
