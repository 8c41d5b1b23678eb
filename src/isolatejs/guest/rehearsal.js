// A process that waits warm is booted and runs three small programs for nobody, over a channel that leads nowhere:
// V8 compiles functions when they are first called, and the first real program should not wait for that.
// @ts-check

import { programs } from "../capabilities/evaluation/guest.js";
import { Channel } from "../channel/channel.js";
import { CALL, FrameWriter } from "../wire/framing.js";
import { stringify } from "../wire/json.js";
import { TypedArrayPrototypeSet, TypedArrayPrototypeSlice } from "./primordials.js";

/**
 * @param {import("./kernel.js").Kernel} kernel
 * @param {{cwd: string, grants: Record<string, any>}} message  what the host would boot it with
 * @param {(message: any) => Promise<void>} grant  installs the grants of it
 */
export async function rehearse(kernel, message, grant) {
  const frames = [
    [CALL, 1, "boot.bootKernel", message],
    [CALL, 3, "evaluation.evaluateProgram", { code: "[0]", filename: "/index.js" }],
    [CALL, 5, "evaluation.evaluateProgram", { code: "(() => 0)()", filename: "/index.js" }],
    [CALL, 7, "evaluation.evaluateProgram", { code: "const a: number = await 0; a", filename: "/index.ts" }],
  ];
  const peer = new Peer(frames);
  const channel = new Channel(
    { source: peer, sink: peer, openSync: nothing },
    { describe: ({ name, message }) => ({ name, message }), revive: nothing },
    { current: () => 0, run: (_, fn) => fn() },
  );
  channel.handle("boot", {
    async bootKernel(/** @type {any} */ message) {
      await grant(message);
      channel.release();
      return null;
    },
  });
  channel.handle("evaluation", programs(kernel));
  await channel.run();
}

/** The other end: sends the next frame when the last one has been answered, then hangs up. */
class Peer {
  #rest;
  /** @type {Promise<void>} */ #answered = Promise.resolve();
  /** @type {() => void} */ #onAnswer = () => {};

  /** @param {any[]} frames */
  constructor(frames) {
    this.#rest = frames.map(bytesOf);
  }

  /** @param {Uint8Array} room @returns {Promise<number | null>} */
  async read(room) {
    await this.#answered;
    const bytes = this.#rest.shift();
    if (bytes === undefined) return null;
    this.#answered = new Promise((resolve) => this.#onAnswer = resolve);
    TypedArrayPrototypeSet(room, bytes);
    return bytes.length;
  }

  /** @param {Uint8Array} bytes */
  writeSync(bytes) {
    this.#onAnswer();
    return bytes.length;
  }
}

/** @param {any[]} header @returns {Uint8Array} */
function bytesOf(header) {
  /** @type {any} */
  let written;
  const writer = new FrameWriter((bytes) => written = TypedArrayPrototypeSlice(bytes));
  writer.add(stringify(header), []);
  writer.flush();
  return written;
}

/** @returns {any} */
const nothing = () => {
  throw new Error("a rehearsal has no host to wait for");
};

const { Error, Promise } = globalThis;
