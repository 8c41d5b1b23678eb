// Timers, microtasks and message channels of the HTML standard, and High Resolution Time, User Timing.

clause("HTML 8.1.7: microtasks run in order, with promise reactions, before any task", async () => {
  const log = [];
  setTimeout(() => log.push("task"), 0);
  Promise.resolve().then(() => log.push("promise 1")).then(() => log.push("promise 2"));
  queueMicrotask(() => {
    log.push("microtask 1");
    queueMicrotask(() => log.push("microtask 2"));
  });
  log.push("now");
  await new Promise((resolve) => setTimeout(resolve, 5));
  equal(log, ["now", "promise 1", "microtask 1", "promise 2", "microtask 2", "task"]);
});

clause("HTML 8.7: queueMicrotask takes a function and nothing else", () => {
  throws(TypeError, () => queueMicrotask("code"));
  throws(TypeError, () => queueMicrotask());
});

clause(
  "HTML 8.6: timers fire by time, those of one time in the order they were set, with their arguments",
  async () => {
    const log = [];
    await new Promise((resolve) => {
      setTimeout((...args) => resolve(log.push(args)), 30, "late", 1);
      setTimeout(() => log.push("b"), 2);
      setTimeout(() => log.push("c"), 2);
      setTimeout(() => log.push("a"), -5);
    });
    equal(log, ["a", "b", "c", ["late", 1]]);
  },
);

clause("HTML 8.6: clearTimeout and clearInterval take either kind, twice, and unknown numbers", async () => {
  let fired = 0;
  const timeout = setTimeout(() => fired++, 0);
  const interval = setInterval(() => fired++, 0);
  clearInterval(timeout);
  clearTimeout(interval);
  clearTimeout(interval);
  clearTimeout(12_345_678);
  clearTimeout(undefined);
  await new Promise((resolve) => setTimeout(resolve, 10));
  equal(fired, 0);
});

clause("HTML 8.6: an interval goes on until it is cleared, also from within", async () => {
  let fired = 0;
  await new Promise((resolve) => {
    const id = setInterval(() => {
      if (++fired === 3) resolve(clearInterval(id));
    }, 1);
  });
  await turn();
  equal(fired, 3);
});

clause(
  "Node.js timers: setImmediate runs after this turn's microtasks, clearImmediate keeps it from it",
  async () => {
    const log = [];
    clearImmediate(setImmediate(() => log.push("never")));
    setImmediate((text) => log.push(text), "immediate");
    queueMicrotask(() => log.push("microtask"));
    await new Promise((resolve) => setTimeout(resolve, 10));
    equal(log, ["microtask", "immediate"]);
  },
);

clause("HTML 9.4.2: a MessageChannel delivers clones in order, after start", async () => {
  const { port1, port2 } = new MessageChannel();
  const sent = { map: new Map([[1, 2]]) };
  port1.postMessage(sent);
  port1.postMessage("second");
  const got = await new Promise((resolve) => {
    const all = [];
    port2.onmessage = ({ data }) => all.push(data) === 2 && resolve(all);
  });
  port1.close();
  port2.close();
  equal(got, [sent, "second"]);
  check(got[0] !== sent);
});

clause("HTML 9.4.3: ports and buffers are transferred; a function cannot be posted", async () => {
  const { port1, port2 } = new MessageChannel();
  const inner = new MessageChannel();
  const buffer = new ArrayBuffer(8);
  port1.postMessage({ port: inner.port2, buffer }, [inner.port2, buffer]);
  const { data } = await new Promise((resolve) => port2.onmessage = resolve);
  equal([buffer.byteLength, data.buffer.byteLength], [0, 8]);
  const answer = new Promise((resolve) => data.port.onmessage = resolve);
  inner.port1.postMessage("through");
  equal((await answer).data, "through");
  throws("DataCloneError", () => port1.postMessage(() => {}));
  for (const port of [port1, port2, inner.port1, data.port]) port.close();
});

clause("High Resolution Time 3: performance.now is monotonic and counts from timeOrigin", async () => {
  const before = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 5));
  check(performance.now() - before >= 4);
  check(Math.abs(performance.timeOrigin + performance.now() - Date.now()) < 60_000);
});

clause("User Timing 3: marks and measures are kept, found by name and cleared", () => {
  performance.mark("a", { detail: 1 });
  performance.mark("b");
  const measure = performance.measure("a to b", "a", "b");
  equal([measure.name, measure.entryType, measure.duration >= 0], ["a to b", "measure", true]);
  equal(performance.getEntriesByName("a").map((mark) => mark.detail), [1]);
  performance.clearMarks();
  performance.clearMeasures();
  equal(performance.getEntries().filter((entry) => entry.entryType === "mark"), []);
  throws("SyntaxError", () => performance.measure("x", "not there"));
});
