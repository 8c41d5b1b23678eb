// The Streams standard (https://streams.spec.whatwg.org/).

const letters = () => ReadableStream.from(["a", "b", "c"]);

clause(
  "Streams 4.2.4 tee: both branches get all chunks; cancelling both cancels the source with both reasons",
  async () => {
    const [left, right] = letters().tee();
    equal([await gather(left), await gather(right)], [["a", "b", "c"], ["a", "b", "c"]]);
    let reason;
    const [one, two] = new ReadableStream({ cancel: (given) => void (reason = given) }).tee();
    const first = one.cancel("x");
    await Promise.all([first, two.cancel("y")]);
    equal(reason, ["x", "y"]);
  },
);

clause("Streams 4.2.4 pipeTo: closes the destination, unless preventClose", async () => {
  const seen = [];
  const sink = () =>
    new WritableStream({ write: (chunk) => void seen.push(chunk), close: () => void seen.push("closed") });
  await letters().pipeTo(sink());
  await letters().pipeTo(sink(), { preventClose: true });
  equal(seen, ["a", "b", "c", "closed", "a", "b", "c"]);
});

clause(
  "Streams 4.2.4 pipeTo: an error of the source aborts the destination, one of the destination cancels the source",
  async () => {
    const broken = new RangeError("source");
    let aborted;
    const source = new ReadableStream({ pull: () => Promise.reject(broken) });
    await rejects(
      RangeError,
      source.pipeTo(new WritableStream({ abort: (given) => void (aborted = given) })),
    );
    check(aborted === broken);
    let cancelled;
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(1),
      cancel: (given) => void (cancelled = given),
    });
    const full = new EvalError("sink");
    await rejects(EvalError, endless.pipeTo(new WritableStream({ write: () => Promise.reject(full) })));
    check(cancelled === full);
  },
);

clause("Streams 4.2.4 pipeTo: a signal stops the pipe and both ends with its reason", async () => {
  const controller = new AbortController();
  const log = [];
  const endless = new ReadableStream({ cancel: (reason) => void log.push(`cancel ${reason}`) });
  const sink = new WritableStream({ abort: (reason) => void log.push(`abort ${reason}`) });
  const piped = endless.pipeTo(sink, { signal: controller.signal });
  controller.abort("enough");
  equal(await piped.catch((reason) => reason), "enough");
  equal(log.sort(), ["abort enough", "cancel enough"]);
});

clause("Streams 4.3: a locked stream gives no second reader and cannot be cancelled", async () => {
  const stream = letters();
  const reader = stream.getReader();
  equal(stream.locked, true);
  throws(TypeError, () => stream.getReader());
  await rejects(TypeError, stream.cancel());
  reader.releaseLock();
  equal(await gather(stream), ["a", "b", "c"]);
});

clause("Streams 4.3: releasing a reader rejects its pending reads", async () => {
  const reader = new ReadableStream().getReader();
  const pending = reader.read();
  reader.releaseLock();
  await rejects(TypeError, pending);
});

clause(
  "Streams 4.5 BYOB: reads go into the given view and detach its buffer; min waits for so many",
  async () => {
    let next = 0;
    const stream = new ReadableStream({
      type: "bytes",
      pull(controller) {
        if (next === 6) {
          controller.close();
          controller.byobRequest?.respond(0);
          return;
        }
        const view = controller.byobRequest.view;
        new Uint8Array(view.buffer, view.byteOffset, 2).set([next++, next++]);
        controller.byobRequest.respond(2);
      },
    });
    const reader = stream.getReader({ mode: "byob" });
    const given = new Uint8Array(8);
    const first = await reader.read(given);
    equal([hex(first.value), given.byteLength], ["0001", 0]);
    equal(hex((await reader.read(new Uint8Array(4), { min: 4 })).value), "02030405");
    const end = await reader.read(new Uint8Array(4));
    equal([end.done, end.value.byteLength], [true, 0]);
  },
);

clause("Streams 4.5 BYOB: only byte streams have such readers; a view of no bytes is refused", async () => {
  throws(TypeError, () => letters().getReader({ mode: "byob" }));
  const reader = new ReadableStream({ type: "bytes" }).getReader({ mode: "byob" });
  await rejects(TypeError, reader.read(new Uint8Array(0)));
});

clause("Streams 4.7.4: autoAllocateChunkSize gives default readers a byobRequest too", async () => {
  const stream = new ReadableStream({
    type: "bytes",
    autoAllocateChunkSize: 16,
    pull(controller) {
      check(controller.byobRequest.view.byteLength === 16);
      controller.byobRequest.view[0] = 7;
      controller.byobRequest.respond(1);
    },
  });
  const { value } = await stream.getReader().read();
  equal(hex(value), "07");
});

clause("Streams 7: queuing strategies count chunks or bytes; desiredSize goes down and below zero", () => {
  const sizes = [];
  new ReadableStream({
    start(controller) {
      sizes.push(controller.desiredSize);
      controller.enqueue("x");
      controller.enqueue("y");
      controller.enqueue("z");
      sizes.push(controller.desiredSize);
    },
  }, new CountQueuingStrategy({ highWaterMark: 2 }));
  new ReadableStream({
    start(controller) {
      controller.enqueue(new Uint8Array(300));
      sizes.push(controller.desiredSize);
    },
  }, new ByteLengthQueuingStrategy({ highWaterMark: 1000 }));
  equal(sizes, [2, -1, 700]);
  throws(RangeError, () => new ReadableStream({}, { highWaterMark: -1 }));
});

clause("Streams 4.9: pull is asked only while there is room, one call at a time", async () => {
  let pulls = 0;
  const stream = new ReadableStream({
    pull(controller) {
      pulls++;
      controller.enqueue(pulls);
    },
  }, { highWaterMark: 3 });
  await turn();
  equal(pulls, 3);
  await stream.getReader().read();
  await turn();
  equal(pulls, 4);
});

clause("Streams 4.2.5: leaving a for-await loop cancels the stream, unless preventCancel", async () => {
  let cancelled = 0;
  const make = () =>
    new ReadableStream({ pull: (controller) => controller.enqueue(1), cancel: () => void cancelled++ });
  for await (const _ of make()) break;
  equal(cancelled, 1);
  const kept = make();
  for await (const _ of kept.values({ preventCancel: true })) break;
  equal([cancelled, kept.locked], [1, false]);
});

clause(
  "Streams 4.2.3: ReadableStream.from takes iterables and async iterables and returns them when cancelled",
  async () => {
    let returned = false;
    const stream = ReadableStream.from((async function* () {
      try {
        yield 1;
        yield 2;
      } finally {
        returned = true;
      }
    })());
    const reader = stream.getReader();
    equal((await reader.read()).value, 1);
    await reader.cancel();
    equal(returned, true);
    throws(TypeError, () => ReadableStream.from(5));
  },
);

clause("Streams 5: a writer waits for room by ready, and close comes after all writes", async () => {
  const log = [];
  let release;
  const stream = new WritableStream({
    write: (chunk) => new Promise((resolve) => void (log.push(chunk), release = resolve)),
    close: () => void log.push("close"),
  }, { highWaterMark: 1 });
  const writer = stream.getWriter();
  equal(writer.desiredSize, 1);
  writer.write("a");
  equal(writer.desiredSize, 0);
  let ready = false;
  writer.ready.then(() => ready = true);
  await turn();
  equal(ready, false);
  release();
  await turn();
  equal(ready, true);
  await writer.close();
  equal(log, ["a", "close"]);
});

clause("Streams 5.5: abort throws away queued writes and fires the controller's signal", async () => {
  let signal;
  const stream = new WritableStream({
    start: (controller) => void (signal = controller.signal),
    write: () => new Promise((resolve) => signal.addEventListener("abort", () => resolve())),
  });
  const writer = stream.getWriter();
  const written = [writer.write("a"), writer.write("b")].map((promise) => promise.catch((error) => error));
  writer.closed.catch(() => {});
  writer.ready.catch(() => {});
  await turn();
  await writer.abort("why");
  equal([signal.aborted, signal.reason, (await Promise.all(written))[1]], [true, "why", "why"]);
});

clause(
  "Streams 6: TransformStream flushes at the end; terminate ends the readable side and errors the other",
  async () => {
    const upper = new TransformStream({
      transform: (chunk, controller) => controller.enqueue(chunk.toUpperCase()),
      flush: (controller) => controller.enqueue("!"),
    });
    equal(await gather(letters().pipeThrough(upper)), ["A", "B", "C", "!"]);
    const cut = new TransformStream({
      transform(chunk, controller) {
        controller.enqueue(chunk);
        controller.terminate();
      },
    });
    equal(await gather(letters().pipeThrough(cut)), ["a"]);
  },
);

clause("Streams 6: a TransformStream holds its writer back until its readable side is read", async () => {
  const { readable, writable } = new TransformStream();
  const writer = writable.getWriter();
  let written = false;
  writer.write("x").then(() => written = true);
  await turn();
  equal(written, false);
  equal((await readable.getReader().read()).value, "x");
  await turn();
  equal(written, true);
});
