// What `expect` has beyond Jest's matchers, and the rules where it differs on purpose.
import { expect, test } from "vitest";

test("errors are compared with their cause", () => {
  expect(new Error("a", { cause: 1 })).toEqual(new Error("a", { cause: 1 }));
  expect(new Error("a", { cause: 1 })).not.toEqual(new Error("a", { cause: 2 }));
  expect(new Error("a", { cause: new Error("b") })).not.toEqual(new Error("a"));
  expect(new AggregateError([new Error("x")], "m")).not.toEqual(new AggregateError([new Error("y")], "m"));
  expect(new TypeError("a")).toEqual(new Error("a"));
  expect(new TypeError("a")).not.toStrictEqual(new Error("a"));
});

test("the difference of causes is shown", () => {
  expect(() => expect(new Error("a", { cause: 1 })).toEqual(new Error("a", { cause: 2 }))).toThrow('"cause": 2');
});

test("numbers, symbols, cycles", () => {
  expect(NaN).toBe(NaN);
  expect(0).not.toBe(-0);
  expect([0]).not.toEqual([-0]);
  const key = Symbol("k");
  expect({ [key]: 1 }).not.toEqual({ [key]: 2 });
  const a: any = { x: 1 };
  a.self = a;
  const b: any = { x: 1 };
  b.self = b;
  expect(a).toEqual(b);
  b.self = { x: 1 };
  expect(a).not.toEqual(b);
});

test("getters count by value, and are not called twice for nothing", () => {
  let calls = 0;
  const object = { get a() { calls++; return 1; } };
  expect(object).toEqual({ a: 1 });
  expect(calls).toBeLessThan(5);
});

test("soft failures do not stop the test", () => {
  const before = expect.getState().suppressedErrors.length;
  expect.soft(1).toBe(2);
  expect.getState().suppressedErrors.length = before;
  expect(true).toBe(true);
});

test("poll waits for the value", async () => {
  let n = 0;
  await expect.poll(() => ++n, { interval: 1 }).toBeGreaterThan(3);
  await expect(expect.poll(() => 1, { interval: 1, timeout: 20 }).toBe(2)).rejects.toThrow("did not fit within 20 ms");
  await expect.poll(() => n, { interval: 1 }).not.toBe(0);
});

test("toPass", async () => {
  let n = 0;
  await expect(() => {
    if (++n < 3) throw new Error("not yet");
  }).toPass({ intervals: [1] });
  await expect(expect(() => { throw new Error("never"); }).toPass({ timeout: 10, intervals: [1] })).rejects.toThrow("never");
});

test("a message of one's own", () => {
  expect(() => expect(1, "the count").toBe(2)).toThrow(/^the count\n\nexpect\(received\)/);
});

test("matchers for certain values only", () => {
  class Page {
    title = "hello";
  }
  expect.extend({
    toHaveTitle(page: Page, expected: string) {
      return { pass: page.title === expected, message: () => `title is ${page.title}` };
    },
  }, { when: (value: unknown) => value instanceof Page });
  expect(new Page()).toHaveTitle("hello");
  expect(() => expect(new Page()).toHaveTitle("other")).toThrow("title is hello");
  expect(() => expect({}).toHaveTitle("x")).toThrow("this matcher is not made for the received value");
});

test("toBeOneOf, toSatisfy, toBeTypeOf", () => {
  expect(2).toBeOneOf([1, 2]);
  expect({ a: 1 }).toBeOneOf(new Set([{ a: 1 }]));
  expect(4).toSatisfy((n: number) => n % 2 === 0);
  expect("x").toBeTypeOf("string");
  expect(null).not.toBeTypeOf("string");
});

test("schemaMatching takes a Standard Schema", () => {
  const positive = { "~standard": { version: 1, validate: (value: any) => value > 0 ? { value } : { issues: [{}] } } };
  expect({ id: 3 }).toEqual({ id: expect.schemaMatching(positive) });
  expect({ id: -3 }).toEqual({ id: expect.not.schemaMatching(positive) });
});

test("deep and wide values do not break messages", () => {
  let deep: any = {};
  for (let i = 0; i < 500; i++) deep = { deep };
  expect(() => expect(deep).toBe(1)).toThrow("Expected: 1");
  expect(() => expect("x".repeat(100_000)).toBe("y")).toThrow("Expected");
});

test("values whose toJSON or getters throw", () => {
  const bad = { toJSON() { throw new Error("toJSON"); } };
  expect(() => expect(bad).toBe(1)).toThrow("Expected: 1");
  const hostile = { get x() { throw new Error("getter"); } };
  expect(() => expect(hostile).toEqual({ x: 1 })).toThrow("getter");
});

for (
  const [kind, a, b] of [
    ["PlainDate", "2000-01-01", "2010-03-05"],
    ["Instant", "2000-01-01T00:00Z", "2000-01-01T00:30Z"],
    ["ZonedDateTime", "2000-01-01T00:00[UTC]", "2000-01-01T00:00[Europe/Paris]"],
    ["PlainTime", "10:00", "11:00"],
    ["PlainDateTime", "2000-01-01T00:00", "2000-01-01T00:01"],
    ["Duration", "PT1H", "PT2H"],
    ["PlainYearMonth", "2000-01", "2000-02"],
    ["PlainMonthDay", "01-01", "01-02"],
  ]
) {
  test(`Temporal.${kind} is compared by what it says`, () => {
    const make = (text: string) => (Temporal as any)[kind].from(text);
    expect({ at: make(a) }).toEqual({ at: make(a) });
    expect({ at: make(a) }).not.toEqual({ at: make(b) });
    expect(make(a)).not.toStrictEqual(make(b));
    expect(make(a)).not.toEqual(String(make(a)));
  });
}
