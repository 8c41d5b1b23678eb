// The kernel's entry: opens the channel on the inherited socket, waits for the host's boot message, installs
// what is granted and nothing else.
// @ts-check

import { Channel } from "../channel/channel.js";
import { CAPABILITIES, WARM } from "../capabilities/registry.js";
import { Boot } from "./boot.js";
import { openSyncReplies, stdin, stdout, waitsWarm } from "./engine.js";
import { describeError, reviveError } from "./errors.js";
import { Kernel, requestScope } from "./kernel.js";

let booted = false;
/** Grants that are being installed: the next message about the session waits for them. @type {Promise<void>} */
let granting = Promise.resolve();

/**
 * The wire form of an error; values in it that need bytes are left out where no attachments go along.
 * @param {any} error @param {Uint8Array[]} [attachments]
 */
const describe = (error, attachments) =>
  describeError(error, (value) => {
    /** @type {Uint8Array[]} */
    const bytes = attachments ?? [];
    const encoded = channel.encode(value, bytes);
    if (attachments === undefined && bytes.length > 0) throw new TypeError("bytes cannot go along here");
    return encoded;
  });
const channel = new Channel(
  { source: stdin, sink: stdout, openSync: openSyncReplies },
  { describe, revive: reviveError },
  requestScope,
);
const kernel = new Kernel(channel);

const boot = new Boot(kernel);

channel.handle("boot", {
  /** @param {{cwd: string, grants: Record<string, any>}} message */
  async bootKernel(message) {
    booted = true;
    await (granting = boot.boot(message));
    channel.release();
    return null;
  },

  /** The session is put aside: nothing of this host is reached any more, the program's own state stays. */
  async parkKernel() {
    await granting; // else their end would release the channel again
    channel.park();
    return null;
  },

  /** Another acquire of the session, with its bindings. @param {{cwd: string, grants: Record<string, any>}} message */
  async resumeKernel(message) {
    await (granting = boot.become(message));
    channel.release();
    return null;
  },
});

/** While nobody has asked for this process: load what most runtimes will want. */
async function warmUp() {
  for (const name of WARM) {
    if (booted) return;
    await CAPABILITIES[name]?.();
  }
  if (booted) return;
  const linker = await kernel.linker();
  if (!booted) await linker.warm();
  if (!booted) await boot.prepare();
}

const running = channel.run();
if (waitsWarm) warmUp();
await running;
// A process that nobody asked for fills the cache of compiled code: of the rest, too.
if (!booted) {
  for (const name of Object.keys(CAPABILITIES)) await CAPABILITIES[name]();
  await (await kernel.linker()).warm({ parsers: true });
}
