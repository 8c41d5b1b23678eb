// Bodies of responses: streams of the channel that an abort breaks off, and that end on the host when the
// program loses interest: by cancelling them, or by letting go of them.
// @ts-check

import { web } from "../../guest/primordials.js";

const { ReadableStream } = web;

/** @typedef {import("../../channel/channel.js").Channel} Channel */

export class ResponseBodies {
  #channel;
  /** Cancels the stream of a body that the program has dropped unread. */
  #dropped = new FinalizationRegistry((/** @type {ReadableStreamDefaultReader} */ reader) => {
    reader.cancel().catch(() => {}); // the stream may have failed meanwhile; nobody is left to be told
  });

  /** @param {Channel} channel */
  constructor(channel) {
    this.#channel = channel;
  }

  /**
   * @param {{a?: number, s?: number} | null} body @param {{attachments: Uint8Array[]}} frame
   * @param {AbortSignal | null} signal
   */
  receive(body, frame, signal) {
    const received = this.#channel.receiveBody(body, frame);
    if (!(received instanceof ReadableStream)) return received;
    const stream = abortable(received.getReader(), signal);
    this.#dropped.register(stream.readable, stream.reader);
    return stream.readable;
  }
}

/** @param {any} reader @param {AbortSignal | null} signal */
function abortable(reader, signal) {
  /** Weak, so that a signal that lives on does not keep the body. @type {WeakRef<any> | undefined} */
  let target;
  const onAbort = () => {
    const reason = /** @type {AbortSignal} */ (signal).reason;
    target?.deref()?.error(reason);
    reader.cancel(reason).catch(() => {}); // it has ended already
  };
  const stopListening = () => signal?.removeEventListener("abort", onAbort);
  const readable = new ReadableStream({
    type: "bytes",
    start(controller) {
      target = new WeakRef(controller);
    },
    async pull(controller) {
      const { done, value } = await reader.read();
      if (signal?.aborted) return;
      if (!done) return controller.enqueue(value);
      stopListening();
      controller.close();
      controller.byobRequest?.respond(0);
    },
    cancel(reason) {
      stopListening();
      return reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  return { readable, reader };
}
