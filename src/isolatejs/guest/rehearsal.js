// A process that waits warm is booted and runs two small programs for nobody, over a channel that leads nowhere:
// V8 compiles functions when they are first called, and the first real program should not wait for that.
// @ts-check

import { programs } from "../capabilities/evaluation/guest.js";
import { Channel } from "../channel/channel.js";
import { CALL, FrameWriter } from "../wire/framing.js";
import { stringify } from "../wire/json.js";
import { runNextTurn } from "./engine.js";
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
  ];
  const channel = new Channel(
    { source: frameSource(frames), sink: { writeSync: (bytes) => bytes.length }, openSync: nothing },
    { describe: nothing, revive: nothing },
    () => 0,
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

/** Gives a frame with each read, then, when they have been answered, the end. @param {any[]} frames */
function frameSource(frames) {
  const rest = frames.map(bytesOf);
  return {
    async read(/** @type {Uint8Array} */ room) {
      await nextTurn();
      const bytes = rest.shift();
      if (bytes === undefined) {
        await nextTurn();
        return null;
      }
      TypedArrayPrototypeSet(room, bytes);
      return bytes.length;
    },
  };
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

/** @returns {Promise<void>} */
const nextTurn = () => new Promise((resolve) => runNextTurn(resolve));

/** @returns {any} */
const nothing = () => {
  throw new Error("nothing here fails or waits");
};

const { Error, Promise } = globalThis;
