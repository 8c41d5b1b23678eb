// structuredClone of the HTML standard, 2.7 Safe passing of structured data.

clause("HTML 2.7.3: cycles and shared references stay what they are", () => {
  const shared = { x: 1 };
  const value = { a: shared, b: shared };
  value.self = value;
  const copy = structuredClone(value);
  check(copy.self === copy && copy.a === copy.b && copy.a !== shared);
});

clause(
  "HTML 2.7.3: the built-in types come through: dates, regular expressions, maps, sets, BigInts, boxed values",
  () => {
    const copy = structuredClone([
      new Date(5),
      /a+/gi,
      new Map([["k", new Set([1])]]),
      10n,
      Object(7),
      new Date(NaN),
      undefined,
      -0,
      NaN,
    ]);
    equal([copy[0].getTime(), copy[1].source, copy[1].flags], [5, "a+", "gi"]);
    equal(copy[2], new Map([["k", new Set([1])]]));
    equal([copy[3], typeof copy[4], copy[4] + 0, `${copy[5].getTime()}`], [10n, "object", 7, "NaN"]);
    check(copy[6] === undefined && Object.is(copy[7], -0) && Number.isNaN(copy[8]));
  },
);

clause("HTML 2.7.3: lastIndex of a regular expression is not kept, holes of arrays are", () => {
  const pattern = /a/g;
  pattern.lastIndex = 3;
  equal(structuredClone(pattern).lastIndex, 0);
  const copy = structuredClone([1, , 3]);
  equal([copy.length, 1 in copy], [3, false]);
});

clause("HTML 2.7.3: errors keep name, message and cause; unknown names become Error", () => {
  const copy = structuredClone(new RangeError("m", { cause: new TypeError("inner") }));
  check(copy instanceof RangeError);
  equal([copy.message, copy.cause.message, copy.cause instanceof TypeError], ["m", "inner", true]);
  const own = new Error("x");
  own.name = "Own";
  equal(structuredClone(own).name, "Error");
});

clause("HTML 2.7.3: buffers and views are copied, two views of one buffer still share it", () => {
  const buffer = new ArrayBuffer(8);
  const [bytes, words] = structuredClone([new Uint8Array(buffer, 2, 4), new Uint16Array(buffer)]);
  check(bytes.buffer === words.buffer && bytes.buffer !== buffer);
  equal([bytes.byteOffset, bytes.length, words.length], [2, 4, 4]);
});

clause("HTML 2.7.3: functions, symbols, promises and weak maps are DataCloneErrors, at any depth", () => {
  for (const value of [() => {}, Symbol("s"), Promise.resolve(), new WeakMap()]) {
    throws("DataCloneError", () => structuredClone({ deep: [value] }));
  }
});

clause("HTML 2.7.3: class instances become plain objects, getters their values, prototypes are lost", () => {
  class Point {
    x = 1;
    get y() {
      return 2;
    }
  }
  const copy = structuredClone(new Point());
  equal([copy, Object.getPrototypeOf(copy) === Object.prototype], [{ x: 1 }, true]);
  equal(
    structuredClone({
      get z() {
        return 3;
      },
    }),
    { z: 3 },
  );
});

clause(
  "HTML 2.7.7: transferred buffers are detached; what cannot be transferred is refused",
  () => {
    const buffer = new ArrayBuffer(16);
    equal([structuredClone(buffer, { transfer: [buffer] }).byteLength, buffer.byteLength], [16, 0]);
    throws("DataCloneError", () => structuredClone({}, { transfer: [{}] }));
  },
);
