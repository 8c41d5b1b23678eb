// Mock functions, as Jest's and Vitest's documents describe them.

describe("fn", () => {
  test("records calls, results, contexts, instances and order", () => {
    const f = jest.fn((x) => x * 2);
    const g = jest.fn();
    const self = { f };
    expect(self.f(1)).toBe(2);
    g("a");
    f(3, 4);
    expect(f.mock.calls).toEqual([[1], [3, 4]]);
    expect(f.mock.results).toEqual([{ type: "return", value: 2 }, { type: "return", value: 6 }]);
    expect(f.mock.contexts[0]).toBe(self);
    expect(f.mock.lastCall).toEqual([3, 4]);
    const [first, second] = f.mock.invocationCallOrder;
    expect(g.mock.invocationCallOrder[0]).toBeGreaterThan(first);
    expect(second).toBeGreaterThan(g.mock.invocationCallOrder[0]);
    expect(f).toHaveBeenCalledBefore(g);
  });

  test("a throwing implementation is a result", () => {
    const f = jest.fn(() => {
      throw new Error("no");
    });
    expect(() => f()).toThrow("no");
    expect(f.mock.results[0].type).toBe("throw");
    expect(f).not.toHaveReturned();
  });

  test("return values, once and always", () => {
    const f = jest.fn().mockReturnValue("default").mockReturnValueOnce("first").mockReturnValueOnce("second");
    expect([f(), f(), f(), f()]).toEqual(["first", "second", "default", "default"]);
  });

  test("implementations, once and always", () => {
    const f = jest.fn(() => 0).mockImplementationOnce(() => 1).mockImplementation(() => 2);
    expect([f(), f()]).toEqual([1, 2]);
    expect(f.getMockImplementation()()).toBe(2);
  });

  test("promises", async () => {
    const f = jest.fn().mockResolvedValueOnce(1).mockRejectedValueOnce(new Error("later")).mockResolvedValue(3);
    await expect(f()).resolves.toBe(1);
    await expect(f()).rejects.toThrow("later");
    await expect(f()).resolves.toBe(3);
    expect(f).toHaveResolvedWith(3);
    expect(f.mock.settledResults.map(({ type }) => type)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });

  test("withImplementation puts back what was there, also after a promise", async () => {
    const f = jest.fn(() => "outer");
    f.withImplementation(() => "inner", () => expect(f()).toBe("inner"));
    expect(f()).toBe("outer");
    await f.withImplementation(() => "async", async () => {
      await null;
      expect(f()).toBe("async");
    });
    expect(f()).toBe("outer");
  });

  test("clear keeps the implementation, reset drops it", () => {
    const f = jest.fn(() => 1);
    f();
    f.mockClear();
    expect(f.mock.calls).toEqual([]);
    expect(f()).toBe(1);
    f.mockReset();
    expect(f()).toBeUndefined();
  });

  test("as a constructor", () => {
    const F = jest.fn(function (x) {
      this.x = x;
    });
    const made = new F(5);
    expect(made.x).toBe(5);
    expect(F.mock.instances[0]).toBe(made);
    expect(made).toBeInstanceOf(F);
  });

  test("names", () => {
    expect(jest.fn().getMockName()).toBe("jest.fn()");
    expect(jest.fn().mockName("thing").getMockName()).toBe("thing");
    expect(() => expect(jest.fn().mockName("thing")).toHaveBeenCalled()).toThrow("expect(thing).toHaveBeenCalled()");
    expect(jest.fn((_a, _b) => {}).length).toBe(2);
  });

  test("mockReturnThis", () => {
    const object = { chain: jest.fn().mockReturnThis() };
    expect(object.chain()).toBe(object);
  });

  test("isMockFunction", () => {
    expect(jest.isMockFunction(jest.fn())).toBe(true);
    expect(jest.isMockFunction(() => {})).toBe(false);
  });
});

describe("spyOn", () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  test("calls through, and can be replaced and restored", () => {
    const object = { base: 10, add(x) { return this.base + x; } };
    const original = object.add;
    const spy = jest.spyOn(object, "add");
    expect(object.add(1)).toBe(11);
    expect(spy).toHaveBeenCalledWith(1);
    spy.mockReturnValue(0);
    expect(object.add(1)).toBe(0);
    spy.mockRestore();
    expect(object.add).toBe(original);
  });

  test("inherited methods are restored by removing the own one", () => {
    class A {
      m() {
        return 1;
      }
    }
    const a = new A();
    jest.spyOn(a, "m").mockReturnValue(2);
    expect(a.m()).toBe(2);
    jest.restoreAllMocks();
    expect(Object.hasOwn(a, "m")).toBe(false);
    expect(a.m()).toBe(1);
  });

  test("getters and setters", () => {
    let stored = 1;
    const object = { get value() { return stored; }, set value(next) { stored = next; } };
    const getter = jest.spyOn(object, "value", "get").mockReturnValue(7);
    expect(object.value).toBe(7);
    const setter = jest.spyOn(object, "value", "set");
    object.value = 3;
    expect(setter).toHaveBeenCalledWith(3);
    expect(getter).toHaveBeenCalledTimes(1);
    jest.restoreAllMocks();
    expect(object.value).toBe(3);
  });

  test("spying twice gives the same spy", () => {
    const object = { m() {} };
    expect(jest.spyOn(object, "m")).toBe(jest.spyOn(object, "m"));
  });

  test("what cannot be spied on says so", () => {
    expect(() => jest.spyOn({}, "nope")).toThrow("Property `nope` does not exist in the provided object");
    expect(() => jest.spyOn({ x: 1 }, "x")).toThrow("it is not a function; number given instead");
    expect(() => jest.spyOn(null, "x")).toThrow("Cannot use spyOn on a primitive value; null given");
  });

  test("replaceProperty", () => {
    const object = { mode: "a" };
    const replaced = jest.replaceProperty(object, "mode", "b");
    expect(object.mode).toBe("b");
    replaced.replaceValue("c");
    expect(object.mode).toBe("c");
    jest.restoreAllMocks();
    expect(object.mode).toBe("a");
  });
});

describe("globals", () => {
  test("stubGlobal and back", () => {
    vi.stubGlobal("answer", 42);
    expect(globalThis.answer).toBe(42);
    vi.unstubAllGlobals();
    expect("answer" in globalThis).toBe(false);
  });

  test("waitFor waits until it does not throw", async () => {
    let ready = false;
    setTimeout(() => ready = true, 10);
    await vi.waitFor(() => expect(ready).toBe(true), { interval: 2 });
    await expect(vi.waitUntil(() => ready)).resolves.toBe(true);
  });
});

describe("modules that do not exist", () => {
  test("can be mocked all the same, until they are unmocked", async () => {
    await jest.mock("no-such-package", () => ({ answer: 42 }), { virtual: true });
    expect((await import("no-such-package")).answer).toBe(42);
    await vi.mock("./no/such/file.js", () => ({ default: "made up" }));
    expect((await import("./no/such/file.js")).default).toBe("made up");
    await jest.unmock("no-such-package");
    await expect(import("no-such-package")).rejects.toThrow("Cannot find module 'no-such-package'");
    await jest.dontMock("never-mocked");
  });

  test("are not found without a factory, and harm nothing else", async () => {
    await expect(jest.mock("another-one")).rejects.toThrow("Cannot find module 'another-one'");
  });
});
