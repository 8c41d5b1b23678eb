// The cases on which `expect` has to say what Jest's says, message for message. Plain text, so that Jest can
// be given the same: every case is the body of an async function that gets `expect` and `mock`.
// @ts-nocheck

/** Values of every kind; each pair goes through every equality matcher. */
export const VALUES = [
  "undefined", "null", "true", "false", "0", "-0", "1", "NaN", "Infinity", "1n", "2n", "''", "'a'", "'abc\\ndef'", "'abc\\nxyz'", "' a '",
  "Symbol.for('s')", "Symbol.iterator", "[]", "[1]", "[1, 2]", "[2, 1]", "[undefined]", "[,]", "[1, [2, [3]]]", "[1, [2, [4]]]", "{}", "({})",
  "({ a: 1 })", "({ a: 1, b: undefined })", "({ a: 2 })", "({ a: { b: { c: 1 } } })", "({ a: { b: { c: 2 } } })", "({ [Symbol.for('k')]: 1 })",
  "({ [Symbol.for('k')]: 2 })", "Object.create(null)", "({ get a() { return 1; } })", "new (class Foo { a = 1 })()", "new (class Bar { a = 1 })()",
  "new Map()", "new Map([[1, 2]])", "new Map([[1, 3]])", "new Map([[{ k: 1 }, 'v']])", "new Map([['b', 1], ['a', 2]])", "new Map([['a', 2], ['b', 1]])",
  "new Set()", "new Set([1, 2])", "new Set([2, 1])", "new Set([[1], { a: 1 }])", "new Set([{ a: 1 }, [1]])", "new Date(0)", "new Date(1)", "new Date(NaN)",
  "/a/", "/a/g", "/b/", "new Error('a')", "new Error('b')", "new TypeError('a')", "new Uint8Array([1, 2])", "new Uint8Array([1, 3])",
  "new Uint16Array([1, 2])", "new Float32Array([1, 2])", "new ArrayBuffer(2)", "new Uint8Array([1, 0]).buffer", "new DataView(new ArrayBuffer(2))",
  "new String('a')", "new Number(1)", "new Boolean(true)", "(function f() {})", "(() => {})", "(class A {})", "Promise.resolve(1)", "new WeakMap()",
  "new URL('https://a.example/')", "new URL('https://b.example/')", "(() => { const c = { a: 1 }; c.self = c; return c; })()",
  "(() => { const c = { a: 2 }; c.self = c; return c; })()", "(() => { const c = []; c.push(c); return c; })()",
  "expect.anything()", "expect.any(Number)", "expect.any(Object)", "({ a: expect.any(Number) })", "[expect.stringContaining('a')]",
  "expect.objectContaining({ a: 1 })", "expect.arrayContaining([1])", "expect.stringMatching(/a/)", "expect.closeTo(1.001, 1)",
  "(function () { return arguments; })(1, 2)", "({ toJSON() { return 'json'; } })", "Object.assign([1], { x: 1 })", "({ a: [1, { b: new Map([[1, new Set([1])]]) }] })",
];

export const PAIR_MATCHERS = ["toBe", "toEqual", "toStrictEqual", "toMatchObject", "toContain", "toContainEqual"];
export const SINGLE_MATCHERS = [
  "toBeDefined", "toBeUndefined", "toBeNull", "toBeNaN", "toBeTruthy", "toBeFalsy", "toHaveBeenCalled", "toHaveReturned", "toThrow",
];

const NUMBERS = ["0", "1", "-1", "0.1", "Infinity", "-Infinity", "NaN", "1n", "'1'", "null", "2.5", "1e-7"];
const CLOSE = [
  ["0", "0"], ["0", "0.001"], ["1.23", "1.229"], ["1.23", "1.226"], ["1.23", "1.225"], ["Infinity", "Infinity"], ["Infinity", "-Infinity"], ["Infinity", "1.23"],
  ["0", "0.1", "0"], ["0", "0.0001", "3"], ["0", "0.000004", "5"], ["2.0000002", "2", "5"], ["0", "1e-20", "20"], ["'a'", "1"], ["1", "'a'"],
  ["1", "2", "-1"], ["0.00001", "0.00002", "4"], ["1", "1.1", "10"],
];
const FUNCTIONS = [
  "() => {}", "() => { throw new Error('apple'); }", "() => { throw new TypeError('ban\\nana'); }", "() => { throw 'text'; }", "() => { throw null; }",
  "() => { throw undefined; }", "() => { throw 42; }", "() => { throw { message: 'object' }; }", "() => { throw new (class CustomError extends Error {})('apple'); }",
  "() => { throw new Error('apple', { cause: new Error('worm') }); }", "() => { throw new Error('with \"quotes\" and \\\\'); }", "'not a function'", "undefined",
];
const THROWN = [
  "", "'apple'", "'banana'", "/app/", "/ban/", "Error", "TypeError", "class Other extends Error {}", "new Error('apple')", "new TypeError('apple')",
  "new Error('apple', { cause: new Error('worm') })", "new Error('apple', { cause: 'x' })", "{ message: 'object' }", "expect.any(Error)", "expect.objectContaining({ message: 'apple' })",
  "null", "111", "''",
];
const OBJECTS = ["({ a: { b: { c: 5 } } })", "({ a: undefined })", "({ 'a.b': 1 })", "({ a: [1, { x: 2 }] })", "'text'", "null", "new (class { get g() { return 1; } })()", "1"];
const PATHS = [
  "'a.b.c'", "'a.b.d'", "'a'", "'a.b'", "'x.y.z'", "['a', 'b', 'c']", "['a.b']", "'a[1].x'", "'a[0]'", "'g'", "'length'", "''", "[]", "5", "undefined", "'.a'", "'a..b'",
  "'a.b.c', 5", "'a.b.c', 6", "'a.b', { c: 5 }", "'a.b', { c: 6 }", "'a', undefined", "'a[1]', { x: 3 }", "'x', 1", "'toString'",
];
const STRINGS = ["'foobar'", "'a\\\\b\"c'", "'line1\\nline2  '", "5", "null", "['a', 'b']", "new Set(['a'])"];
const PATTERNS = ["'foo'", "/foo/", "/O/i", "'baz'", "/baz/", "5", "null", "''"];
const LENGTHS = ["[1, 2]", "'ab'", "''", "({ length: 2 })", "(a, b) => {}", "5", "null", "undefined", "({})", "new Uint8Array(2)"];
const MOCKS = [
  "mock()", "(() => { const m = mock(); m(); return m; })()", "(() => { const m = mock(() => 7).mockName('seven'); m('a', { b: 1 }); return m; })()",
  "(() => { const m = mock(x => x); m(1); m(2); m(3, 4); m({ a: [1, 2] }); return m; })()",
  "(() => { const m = mock(x => { if (x) throw new Error('no'); return 0; }); try { m(1); } catch {} m(0); return m; })()",
  "(() => { const m = mock(); m('one\\ntwo', [1, 2, { c: 3 }]); m(new Map([[1, 2]]), undefined); return m; })()", "() => {}", "5",
  "(() => { const m = mock(x => x); for (let i = 0; i < 6; i++) m(i); return m; })()",
];
const CALLS = [
  "toHaveBeenCalled()", "toHaveBeenCalled(1)", "toHaveBeenCalledTimes(0)", "toHaveBeenCalledTimes(1)", "toHaveBeenCalledTimes(4)", "toHaveBeenCalledTimes('a')", "toHaveBeenCalledTimes(-1)",
  "toHaveBeenCalledWith()", "toHaveBeenCalledWith('a', { b: 1 })", "toHaveBeenCalledWith('a', { b: 2 })", "toHaveBeenCalledWith(2)", "toHaveBeenCalledWith({ a: [1, 3] })", "toHaveBeenCalledWith('one\\ntwo', [1, 2, { c: 4 }])",
  "toHaveBeenCalledWith(new Map([[1, 2]]), undefined)", "toHaveBeenCalledWith(expect.anything())",
  "toHaveBeenLastCalledWith()", "toHaveBeenLastCalledWith({ a: [1, 2] })", "toHaveBeenLastCalledWith(5)", "toHaveBeenLastCalledWith({ a: [1, 2, 3] }, 1)",
  "toHaveBeenNthCalledWith(1, 1)", "toHaveBeenNthCalledWith(2, 1)", "toHaveBeenNthCalledWith(3, 3, 4)", "toHaveBeenNthCalledWith(9, 1)", "toHaveBeenNthCalledWith(0, 1)", "toHaveBeenNthCalledWith(0.5, 1)", "toHaveBeenNthCalledWith(4, { a: [1] })",
  "toHaveReturned()", "toHaveReturned(1)", "toHaveReturnedTimes(1)", "toHaveReturnedTimes(4)", "toHaveReturnedTimes(0)", "toHaveReturnedTimes(null)",
  "toHaveReturnedWith(7)", "toHaveReturnedWith(0)", "toHaveReturnedWith(undefined)", "toHaveReturnedWith({ a: [1, 2] })", "toHaveReturnedWith({ a: [2] })",
  "toHaveLastReturnedWith(7)", "toHaveLastReturnedWith(0)", "toHaveLastReturnedWith(5)", "toHaveNthReturnedWith(1, 1)", "toHaveNthReturnedWith(2, 1)", "toHaveNthReturnedWith(9, 7)", "toHaveNthReturnedWith(-1, 7)", "toHaveNthReturnedWith(3, 2)",
];

const LONG_A = "Array.from({ length: 40 }, (_, i) => ({ id: i, name: 'item ' + i }))";
const LONG_B = "Array.from({ length: 40 }, (_, i) => ({ id: i, name: i === 20 ? 'other' : 'item ' + i }))";

/** Cases beyond the tables. */
export const SINGLES = [
  "expect(1, 2, 3)", "expect()", `expect(${LONG_A}).toEqual(${LONG_B})`, "expect('a'.repeat(30000)).toBe('b')", "expect(Array.from({length: 50}, (_, i) => i)).toBe(1)",
  "expect('one\\ntwo\\nthree\\n').toBe('one\\ntoo\\nthree\\n')", "expect('').toBe('a\\nb')", "expect('a\\n').toBe('a')", "expect('a \\nb').toBe('a\\nb')", "expect('\\u0000\\b').toBe('\\f\\nx')",
  "expect({ a: 1, b: { c: [1, 2, { d: 'x' }] } }).toEqual({ a: 1, b: { c: [1, 2, { d: 'y' }] }, e: 5 })",
  "expect({ a: 1, n: 'x' }).toEqual({ a: expect.any(Number), n: 'y' })", "expect([{ a: 1 }, { b: 2 }]).toEqual([{ a: expect.anything() }, { b: 3 }])",
  "expect(new Map([['a', { x: 1 }]])).toEqual(new Map([['a', { x: expect.any(String) }]]))",
  "expect({ a: 1, b: 2, c: { d: 1, e: 2 } }).toMatchObject({ a: 2, c: { d: 2 } })", "expect([{ a: 1, b: 2 }, { a: 3 }]).toMatchObject([{ a: 1 }, { a: 4 }])", "expect([1, 2]).toMatchObject([1])",
  "expect({ a: [{ b: 1, c: 2 }] }).toMatchObject({ a: [{ b: 1 }] })", "expect({ a: new Date(5) }).toMatchObject({ a: new Date(6) })",
  "expect(new (class A {})()).toBeInstanceOf(class B {})", "expect(new (class A extends Map {})()).not.toBeInstanceOf(Map)", "expect(1).toBeInstanceOf(Number)", "expect({}).toBeInstanceOf(5)",
  "expect(Object.create(null)).toBeInstanceOf(Map)", "expect(new Map()).not.toBeInstanceOf(Map)", "expect([]).not.toBeInstanceOf(Object)", "expect({ constructor: 5 }).toBeInstanceOf(Map)",
  "await expect(Promise.resolve(1)).resolves.toBe(1)", "await expect(Promise.resolve(1)).resolves.toBe(2)", "await expect(Promise.resolve(1)).rejects.toBe(1)", "await expect(Promise.reject(1)).rejects.toBe(1)",
  "await expect(Promise.reject(1)).resolves.toBe(1)", "await expect(Promise.reject(new Error('x'))).rejects.toThrow('x')", "await expect(Promise.reject(new Error('x'))).rejects.toThrow('y')", "await expect(Promise.reject(new Error('x'))).rejects.not.toThrow()",
  "await expect(5).resolves.toBe(5)", "await expect(() => Promise.resolve(5)).resolves.toBe(5)", "await expect(() => 5).rejects.toBe(5)", "await expect(Promise.reject('text')).rejects.toThrow()", "await expect(Promise.resolve(new Error('e'))).resolves.toThrow('e')",
  "await expect(Promise.resolve([1])).resolves.not.toEqual([1])", "await expect(async () => { throw new TypeError('t'); }).rejects.toThrow(TypeError)", "await expect(Promise.resolve({ a: 1 })).resolves.toMatchObject({ a: 2 })",
  "expect.extend({ odd(x) { return { pass: x % 2 === 1, message: () => `expected ${x} ${this.isNot ? 'not ' : ''}to be odd` }; } }); expect(2).odd()",
  "expect.extend({ odd2(x) { return { pass: x % 2 === 1, message: () => `expected ${x} ${this.isNot ? 'not ' : ''}to be odd` }; } }); expect(3).not.odd2()",
  "expect.extend({ silent() { return { pass: false }; } }); expect(1).silent()", "expect.extend({ broken() { return 5; } }); expect(1).broken()", "expect.extend({ broken2() { return { pass: 'yes' }; } }); expect(1).broken2()",
  "expect.extend({ later: async x => ({ pass: x === 1, message: () => 'async ' + x }) }); await expect(1).later()", "expect.extend({ later2: async x => ({ pass: x === 1, message: () => 'async ' + x }) }); await expect(2).later2()",
  "expect.extend({ within(x, a, b) { return { pass: x >= a && x <= b, message: () => '' }; } }); expect({ a: 5 }).toEqual({ a: expect.within(1, 4) })", "expect.extend({ within2(x, a, b) { return { pass: x >= a && x <= b, message: () => '' }; } }); expect({ a: 5 }).toEqual({ a: expect.not.within2(1, 4) })",
  "expect.extend({ bad: 5 })", "expect.extend({ usesUtils(x, y) { return { pass: this.equals(x, y), message: () => this.utils.matcherHint('usesUtils') + this.utils.printReceived(x) + this.utils.printExpected(y) + this.utils.diff(y, x) }; } }); expect({ a: 1 }).usesUtils({ a: 2 })",
  "expect({ a: 1 }).toEqual({ a: expect.any() })", "expect('a').toEqual(expect.stringContaining(5))", "expect('a').toEqual(expect.stringMatching(5))", "expect([1]).toEqual(expect.arrayContaining(1))", "expect({}).toEqual(expect.objectContaining(1))",
  "expect([1, 2, 3]).toEqual(expect.arrayContaining([4]))", "expect([1, 2, 3]).toEqual(expect.not.arrayContaining([1]))", "expect({ a: 1 }).toEqual(expect.not.objectContaining({ a: 1 }))", "expect('abc').toEqual(expect.not.stringContaining('b'))",
  "expect('abc').toEqual(expect.not.stringMatching(/b/))", "expect(1.23).toEqual(expect.closeTo(1.5))", "expect(1.5).toEqual(expect.not.closeTo(1.5))", "expect({ a: [1, 2] }).toEqual({ a: expect.arrayOf(expect.any(String)) })", "expect([1]).toEqual(expect.arrayOf(expect.any(Number)))",
  "expect({ a: 1, b: 2 }).toEqual(expect.objectContaining({ a: 1, c: expect.anything() }))", "expect([[1, 2], { a: 'x' }]).toEqual([expect.arrayContaining([3]), expect.objectContaining({ a: expect.stringMatching('y') })])",
  "expect({ a: undefined, b: 2 }).toStrictEqual({ b: 2 })", "expect([, 1]).toStrictEqual([undefined, 1])", "expect(new (class A { x = 1 })()).toStrictEqual({ x: 1 })", "expect({ a: undefined }).toEqual({})",
  "expect({ toString() { return 'x'; } }).toBe('x')", "expect({ [Symbol('a')]: 1 }).toEqual({ [Symbol('a')]: 1 })", "expect(new Map([[{ a: 1 }, new Set([1])]])).toEqual(new Map([[{ a: 1 }, new Set([2])]]))",
  "expect(new Set([new Map([[1, 2]])])).toEqual(new Set([new Map([[1, 3]])]))", "expect(Object.assign(() => {}, { a: 1 })).toEqual(Object.assign(() => {}, { a: 1 }))", "expect({ f() {} }).toEqual({ f() {} })",
  "expect('x').toContain(5)", "expect(['a', 'b']).not.toContain('a')", "expect('foobar').not.toContain('oba')", "expect(new Set([1])).not.toContain(1)", "expect([{ a: 1 }]).toContain({ a: 1 })", "expect([NaN]).toContain(NaN)", "expect([[1]]).not.toContainEqual([1])",
  "expect({ a: { b: 1 } }).not.toHaveProperty('a.b')", "expect({ a: { b: 1 } }).not.toHaveProperty('a.b', 1)", "expect({ a: { b: { x: 1 } } }).not.toHaveProperty('a.b', { x: 1 })",
  "expect(['a', 'b']).toHaveLength(3)", "expect('abc').not.toHaveLength(3)", "expect([1]).toHaveLength('1')", "expect([1]).toHaveLength(-1)", "expect([1]).toHaveLength(Infinity)",
  "expect.assertions(2); const e = expect.extractExpectedAssertionsErrors(); throw e[0].error", "expect.hasAssertions(); const e = expect.extractExpectedAssertionsErrors(); throw e[0].error", "expect.hasAssertions(1)",
  "expect.addEqualityTesters([(a, b) => a?.kind === 'volume' && b?.kind === 'volume' ? a.ml === b.ml : undefined]); expect({ kind: 'volume', ml: 1, unit: 'ml' }).toEqual({ kind: 'volume', ml: 1, unit: 'l' })",
  "expect.addEqualityTesters([(a, b) => a?.kind === 'volume' && b?.kind === 'volume' ? a.ml === b.ml : undefined]); expect([{ kind: 'volume', ml: 1 }]).toEqual([{ kind: 'volume', ml: 2 }])", "expect.addEqualityTesters(5)",
];

/** @returns {string[]} every case that is not a pair of VALUES */
export function allCases() {
  const cases = [...SINGLES];
  const both = (subject, call) => cases.push(`expect(${subject}).${call}`, `expect(${subject}).not.${call}`);
  for (const value of VALUES) { for (const matcher of SINGLE_MATCHERS) both(value, `${matcher}()`); }
  for (const value of ["1", "null"]) { for (const matcher of SINGLE_MATCHERS.slice(0, 6)) both(value, `${matcher}('extra')`); }
  for (const a of NUMBERS) {
    for (const b of NUMBERS) {
      for (const m of ["toBeGreaterThan", "toBeGreaterThanOrEqual", "toBeLessThan", "toBeLessThanOrEqual"]) both(a, `${m}(${b})`);
    }
  }
  for (const [a, ...rest] of CLOSE) both(a, `toBeCloseTo(${rest.join(", ")})`);
  for (const fn of FUNCTIONS) { for (const expected of THROWN) both(fn, `toThrow(${expected})`); }
  for (const object of OBJECTS) { for (const path of PATHS) both(object, `toHaveProperty(${path})`); }
  for (const text of STRINGS) { for (const pattern of PATTERNS) { both(text, `toMatch(${pattern})`); both(text, `toContain(${pattern})`); } }
  for (const value of LENGTHS) { for (const length of ["2", "0", "'2'", "undefined"]) both(value, `toHaveLength(${length})`); }
  for (const mock of MOCKS) { for (const call of CALLS) both(mock, call); }
  return cases;
}

/** @returns {Generator<[string, string, string]>} received, matcher, expected */
export function* allPairs() {
  for (const matcher of PAIR_MATCHERS) {
    for (const received of VALUES) { for (const expected of VALUES) yield [received, matcher, expected]; }
  }
}

const AsyncFunction = (async () => {}).constructor;

/** Frames differ between engines and runners; what is said before them must not. @param {string} message */
const withoutFrames = (message) => message.replace(/\n+\s+at [\s\S]*$/, "").replace(/\n\s+[\d>]+ ?\|[\s\S]*$/, "").trimEnd();

/** Runs a case: "" when it passed, else the message. */
export async function outcome(source, makeExpect, mock) {
  try {
    await new AsyncFunction("expect", "mock", source)(makeExpect, mock);
    return "";
  } catch (error) {
    return withoutFrames(String(error?.message ?? error));
  }
}

/** A short digest of text (FNV-1a). @param {string} text */
export function digest(text) {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return hash.toString(36);
}
