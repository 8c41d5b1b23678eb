// The modules of other frameworks give the same functions.
import * as vitest from "vitest";
import { expect as jestExpect, jest, test as jestTest } from "@jest/globals";
import * as bun from "bun:test";
import nodeTest, { after, before, describe as nodeDescribe, it as nodeIt, mock as nodeMock } from "node:test";
import assert from "node:assert/strict";

test("the same functions", () => {
  expect(vitest.test).toBe(test);
  expect(jestTest).toBe(test);
  expect(bun.test).toBe(test);
  expect(nodeIt).toBe(test);
  jestExpect(vitest.vi).toBe(jest);
});

nodeDescribe("node:test", () => {
  let ready = 0;
  before(() => {
    ready++;
  });
  after(() => {
    ready = 0;
  });

  nodeTest("subtests and assert", async (t) => {
    assert.equal(ready, 1);
    const log: string[] = [];
    await t.test("inner", () => {
      log.push("inner");
    });
    assert.deepEqual(log, ["inner"]);
  });

  nodeTest({ name: "options first", timeout: 1000 }, (t) => {
    assert.equal(t.name, "options first");
  });

  nodeTest("mocks", () => {
    const f = nodeMock.fn((x: number) => x + 1);
    assert.equal(f(1), 2);
    assert.equal(f.mock.callCount(), 1);
    assert.deepEqual(f.mock.calls[0].arguments, [1]);
    const object = { m: () => "real" };
    nodeMock.method(object, "m", () => "fake");
    assert.equal(object.m(), "fake");
    nodeMock.restoreAll();
    assert.equal(object.m(), "real");
  });

  nodeTest("timers", () => {
    nodeMock.timers.enable({ apis: ["setTimeout"] });
    let fired = false;
    setTimeout(() => fired = true, 50);
    nodeMock.timers.tick(50);
    assert.equal(fired, true);
    nodeMock.timers.reset();
  });
});

bun.describe("bun:test", () => {
  bun.test("mock and spyOn", () => {
    const f = bun.mock(() => 3);
    bun.expect(f()).toBe(3);
    bun.expect(f).toHaveBeenCalledTimes(1);
    const object = { m: () => 1 };
    bun.spyOn(object, "m").mockReturnValue(2);
    bun.expect(object.m()).toBe(2);
    bun.mock.restore();
    bun.expect(object.m()).toBe(1);
  });
});

vitest.describe("fixtures", () => {
  const log: string[] = [];
  const extended = vitest.test.extend({
    base: 5,
    user: async ({ base }: any, use: any) => {
      log.push("set up");
      await use({ id: base });
      log.push("cleaned up");
    },
  });

  extended("are made on demand", ({ user }: any) => {
    vitest.expect(user).toEqual({ id: 5 });
    vitest.expect(log).toEqual(["set up"]);
  });

  extended("and cleaned up", () => {
    vitest.expect(log).toEqual(["set up", "cleaned up"]);
  });
});
