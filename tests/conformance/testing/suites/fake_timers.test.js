// Fake timers and the clock.

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("nothing moves by itself", () => {
  const f = vi.fn();
  setTimeout(f, 0);
  setInterval(f, 1);
  expect(vi.getTimerCount()).toBe(2);
  expect(f).not.toHaveBeenCalled();
});

test("advancing runs what is due, in order of time", () => {
  const log = [];
  setTimeout(() => log.push("b"), 20);
  setTimeout(() => log.push("a"), 10);
  setTimeout(() => log.push("c"), 20);
  setTimeout(() => log.push("late"), 21);
  vi.advanceTimersByTime(20);
  expect(log).toEqual(["a", "b", "c"]);
});

test("timers that timers make are run as well", () => {
  const log = [];
  setTimeout(() => {
    log.push(Date.now());
    setTimeout(() => log.push(Date.now()), 5);
  }, 10);
  const start = Date.now();
  vi.advanceTimersByTime(15);
  expect(log.map((time) => time - start)).toEqual([10, 15]);
});

test("intervals and their end", () => {
  const f = vi.fn();
  const id = setInterval(f, 10);
  vi.advanceTimersByTime(35);
  expect(f).toHaveBeenCalledTimes(3);
  clearInterval(id);
  vi.advanceTimersByTime(100);
  expect(f).toHaveBeenCalledTimes(3);
});

test("arguments reach the callback", () => {
  const f = vi.fn();
  setTimeout(f, 1, "a", 2);
  vi.runAllTimers();
  expect(f).toHaveBeenCalledWith("a", 2);
});

test("only pending timers", () => {
  let count = 0;
  const again = () => {
    count++;
    setTimeout(again, 10);
  };
  setTimeout(again, 10);
  vi.runOnlyPendingTimers();
  expect(count).toBe(1);
  vi.clearAllTimers();
  expect(vi.getTimerCount()).toBe(0);
});

test("endless timers are noticed", () => {
  vi.useFakeTimers({ timerLimit: 50 });
  const again = () => setTimeout(again, 1);
  again();
  expect(() => vi.runAllTimers()).toThrow("assuming an infinite loop");
});

test("next timer", () => {
  const log = [];
  setTimeout(() => log.push(1), 10);
  setTimeout(() => log.push(2), 20);
  vi.advanceTimersToNextTimer();
  expect(log).toEqual([1]);
  vi.advanceTimersToNextTimer(1);
  expect(log).toEqual([1, 2]);
});

test("immediates come before timers of the same time", () => {
  const log = [];
  setTimeout(() => log.push("timeout"), 0);
  setImmediate(() => log.push("immediate"));
  vi.advanceTimersByTime(0);
  expect(log).toEqual(["immediate", "timeout"]);
});

test("Date and performance follow", () => {
  vi.setSystemTime(new Date("2020-02-03T04:05:06.007Z"));
  expect(new Date().toISOString()).toBe("2020-02-03T04:05:06.007Z");
  expect(Date.now()).toBe(Date.parse("2020-02-03T04:05:06.007Z"));
  const before = performance.now();
  vi.advanceTimersByTime(250);
  expect(performance.now() - before).toBe(250);
  expect(new Date(2000, 0, 1).getFullYear()).toBe(2000);
  expect(new Date() instanceof Date).toBe(true);
  expect(Date.UTC(1970, 0, 1)).toBe(0);
  expect(typeof Date()).toBe("string");
  expect(new Date().constructor).toBe(Date);
  expect(vi.getMockedSystemTime().getUTCFullYear()).toBe(2020);
});

test("setting the clock does not fire timers", () => {
  const f = vi.fn();
  setTimeout(f, 1000);
  vi.setSystemTime(Date.now() + 10_000);
  expect(f).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1000);
  expect(f).toHaveBeenCalledTimes(1);
});

test("async advancing lets promises settle between timers", async () => {
  const log = [];
  const work = async () => {
    for (let i = 0; i < 3; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      log.push(i);
    }
  };
  const done = work();
  await vi.advanceTimersByTimeAsync(300);
  expect(log).toEqual([0, 1, 2]);
  await done;
});

test("runAllTimersAsync", async () => {
  const done = new Promise((resolve) => setTimeout(() => setTimeout(() => resolve("end"), 50), 50));
  await vi.runAllTimersAsync();
  await expect(done).resolves.toBe("end");
});

test("microtasks when asked", () => {
  vi.useFakeTimers({ toFake: ["queueMicrotask"] });
  const f = vi.fn();
  queueMicrotask(f);
  expect(f).not.toHaveBeenCalled();
  vi.runAllTicks();
  expect(f).toHaveBeenCalledTimes(1);
});

test("only some", () => {
  vi.useFakeTimers({ toFake: ["Date"], now: 5 });
  expect(Date.now()).toBe(5);
  expect(vi.isFakeTimers()).toBe(true);
  const id = setTimeout(() => {}, 0);
  expect(vi.getTimerCount()).toBe(0);
  clearTimeout(id);
});

test("real again", async () => {
  const fake = setTimeout;
  vi.useRealTimers();
  expect(setTimeout).not.toBe(fake);
  await new Promise((resolve) => setTimeout(resolve, 1));
  expect(() => vi.advanceTimersByTime(1)).toThrow("not replaced with fake timers");
});
