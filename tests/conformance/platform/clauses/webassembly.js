// The WebAssembly JavaScript interface (https://webassembly.github.io/spec/js-api/).

const ADD = unhex(
  "0061736d01000000" + "0107016002" + "7f7f017f" + "03020100" + "070701036164640000" +
    "0a09010700200020016a0b",
);
const TRAP = unhex(
  "0061736d01000000" + "0104016000" + "00" + "03020100" + "0705010166" + "0000" + "0a0501030000" + "0b",
);

clause("WebAssembly JS 5.2: validate says whether bytes are a module", () => {
  equal([WebAssembly.validate(ADD), WebAssembly.validate(utf8("nothing"))], [true, false]);
});

clause(
  "WebAssembly JS 5.2: instantiate gives module and instance; exports are functions of i32",
  async () => {
    const { module, instance } = await WebAssembly.instantiate(ADD);
    check(module instanceof WebAssembly.Module && Object.isFrozen(instance.exports));
    equal([instance.exports.add(2, 3), instance.exports.add(2 ** 31 - 1, 1)], [5, -(2 ** 31)]);
    equal(WebAssembly.Module.exports(module), [{ name: "add", kind: "function" }]);
  },
);

clause(
  "WebAssembly JS 5.9: bad bytes are a CompileError, missing imports a TypeError, a trap a RuntimeError",
  async () => {
    await rejects(WebAssembly.CompileError, WebAssembly.compile(utf8("nothing")));
    const { instance } = await WebAssembly.instantiate(TRAP);
    throws(WebAssembly.RuntimeError, () => instance.exports.f());
  },
);

clause("WebAssembly JS 5.3: growing a memory detaches its former buffer and stops at its maximum", () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
  const before = memory.buffer;
  equal([memory.grow(1), before.byteLength, memory.buffer.byteLength], [1, 0, 131_072]);
  throws(RangeError, () => memory.grow(1));
});

clause("WebAssembly JS 5.4 and 5.5: tables and globals hold what they are given", () => {
  const table = new WebAssembly.Table({ element: "externref", initial: 1 }, "x");
  equal([table.get(0), table.grow(1), table.length], ["x", 1, 2]);
  const number = new WebAssembly.Global({ value: "i64", mutable: true }, 5n);
  number.value = 6n;
  equal(number.value, 6n);
  throws(TypeError, () => {
    new WebAssembly.Global({ value: "i32" }, 1).value = 2;
  });
});
