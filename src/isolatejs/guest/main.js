// The kernel's entry: opens the channel on the inherited socket, waits for the host's boot message, installs
// what is granted and nothing else.
// @ts-check

import { Channel } from "../channel/channel.js";
import { CAPABILITIES, WARM } from "../capabilities/registry.js";
import { install as installEvaluation } from "../capabilities/evaluation/guest.js";
import { installAbsent as installAbsentFetch } from "../capabilities/fetch/absent.js";
import { openSyncReplies, stdin, stdout } from "./engine.js";
import { describeError, installStackTraces, reviveError } from "./errors.js";
import { scrubGlobals } from "./globals.js";
import { Kernel, requestScope } from "./kernel.js";
import { installPath } from "./path.js";
import { installTimers } from "./timers.js";

let booted = false;

/** @param {any} error */
const describe = (error) => describeError(error, (value) => channel.encode(value, []));
const channel = new Channel(
  { source: stdin, sink: stdout, openSync: openSyncReplies },
  { describe, revive: reviveError },
  () => requestScope.current(),
);
const kernel = new Kernel(channel);

channel.handle("boot", {
  /** @param {{cwd: string, grants: Record<string, any>}} payload */
  async bootKernel({ cwd, grants }) {
    booted = true;
    kernel.cwd = cwd;
    scrubGlobals();
    installTimers();
    installStackTraces();
    installEvaluation(kernel);
    installPath(kernel, cwd);
    const { evaluation: _, ...others } = grants;
    await kernel.grants.install(others);
    if (grants.fetch === undefined) installAbsentFetch(kernel);
    channel.release();
    return null;
  },

  /** The session is put aside: nothing of this host is reached any more, the program's own state stays. */
  parkKernel() {
    channel.park();
    return null;
  },

  /** Another acquire of the session, with its bindings. @param {{cwd: string, grants: Record<string, any>}} payload */
  async resumeKernel({ cwd, grants }) {
    kernel.cwd = cwd;
    const { evaluation: _, ...others } = grants;
    await kernel.grants.rebind(others);
    if (grants.fetch === undefined) installAbsentFetch(kernel);
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
}

const running = channel.run();
warmUp();
await running;
// A process that nobody asked for fills the cache of compiled code: of the rest, too.
if (!booted) { for (const name of Object.keys(CAPABILITIES)) await CAPABILITIES[name](); }
