// @ts-check
// Deep equality with Jest's rules: Object.is on primitives, own enumerable properties, undefined
// properties equal to absent ones unless strict, cycles compared by position. Two rules are ours: two
// errors are equal when message, cause and (AggregateError) errors are, while Jest compares messages only; and
// values of Temporal are equal when they say the same.

/** @typedef {(this: {equals: typeof equals}, a: any, b: any, testers: any[]) => boolean | undefined} Tester */

const objectToString = Object.prototype.toString;
const hasOwnProperty = Object.prototype.hasOwnProperty;

/** @param {any} object @param {PropertyKey} key */
export function hasOwn(object, key) {
  return hasOwnProperty.call(object, key);
}

/** @param {string} name @param {any} value */
export function isA(name, value) {
  return objectToString.call(value) === `[object ${name}]`;
}

/** @param {any} value */
export function isAsymmetric(value) {
  return value !== null && value !== undefined && typeof value.asymmetricMatch === "function";
}

/**
 * @param {any} a @param {any} b
 * @param {Tester[]} [testers] each may decide (true, false) or pass (undefined)
 * @param {boolean} [strict] undefined properties and array holes count
 * @returns {boolean}
 */
export function equals(a, b, testers = [], strict = false) {
  return compare(a, b, [], [], testers, strict);
}

/** @param {any} a @param {any} b */
function asymmetricResult(a, b) {
  const asymmetricA = isAsymmetric(a);
  const asymmetricB = isAsymmetric(b);
  if (asymmetricA === asymmetricB) return undefined;
  return asymmetricA ? a.asymmetricMatch(b) : b.asymmetricMatch(a);
}

const TESTER_CONTEXT = { equals };
const TEXT_IS_STATE = /^\[object (?:Temporal\.\w+|Intl\.Locale)\]$/;

/**
 * @param {any} a @param {any} b @param {any[]} aStack @param {any[]} bStack
 * @param {Tester[]} testers @param {boolean} strict @returns {boolean}
 */
function compare(a, b, aStack, bStack, testers, strict) {
  const asymmetric = asymmetricResult(a, b);
  if (asymmetric !== undefined) return asymmetric;
  for (const tester of testers) {
    const decided = tester.call(TESTER_CONTEXT, a, b, testers);
    if (decided !== undefined) return decided;
  }
  if (Object.is(a, b)) return true;
  if (a === null || b === null) return false;
  const errors = a instanceof Error && b instanceof Error;
  const tag = objectToString.call(a);
  if (!errors && tag !== objectToString.call(b)) return false;
  switch (tag) {
    case "[object Boolean]":
    case "[object String]":
    case "[object Number]":
      if (typeof a !== typeof b || typeof a !== "object") return false;
      return Object.is(a.valueOf(), b.valueOf());
    case "[object Date]":
      return +a === +b; // two invalid dates differ
    case "[object RegExp]":
      return a.source === b.source && a.flags === b.flags;
    case "[object URL]":
      return a.href === b.href;
  }
  // Their state is in no property; Jest calls any two of them equal.
  if (TEXT_IS_STATE.test(tag)) return `${a}` === `${b}`;
  if (typeof a !== "object" || typeof b !== "object") return false;
  if (isDomNode(a) && isDomNode(b)) return a.isEqualNode(b);
  for (let i = aStack.length - 1; i >= 0; i--) {
    if (aStack[i] === a) return bStack[i] === b;
    if (bStack[i] === b) return false;
  }
  aStack.push(a);
  bStack.push(b);
  const result = errors
    ? compareErrors(a, b, aStack, bStack, testers, strict)
    : compareProperties(a, b, tag, aStack, bStack, testers, strict);
  if (result) {
    aStack.pop();
    bStack.pop();
  }
  return result;
}

/** @param {any} a @param {any} b @param {any[]} aStack @param {any[]} bStack @param {Tester[]} testers @param {boolean} strict */
function compareErrors(a, b, aStack, bStack, testers, strict) {
  if (a.message !== b.message) return false;
  if (strict && a.name !== b.name) return false;
  return compare(a.cause, b.cause, aStack, bStack, testers, strict) &&
    (!(a instanceof AggregateError && b instanceof AggregateError) ||
      compare(a.errors, b.errors, aStack, bStack, testers, strict));
}

/** @param {any} a @param {any} b @param {string} tag @param {any[]} aStack @param {any[]} bStack @param {Tester[]} testers @param {boolean} strict */
function compareProperties(a, b, tag, aStack, bStack, testers, strict) {
  if (strict && tag === "[object Array]" && a.length !== b.length) return false;
  const aKeys = enumerableKeys(a);
  const bKeys = enumerableKeys(b);
  if (!strict) {
    // A matcher or an undefined stands for an absent key on the other side.
    for (const key of [...bKeys]) {
      if ((b[key] === undefined || isAsymmetric(b[key])) && !hasOwn(a, key)) aKeys.push(key);
    }
    for (const key of [...aKeys]) {
      if ((a[key] === undefined || isAsymmetric(a[key])) && !hasOwn(b, key)) bKeys.push(key);
    }
  }
  if (aKeys.length !== bKeys.length) return false;
  for (let i = aKeys.length - 1; i >= 0; i--) {
    const key = aKeys[i];
    const present = hasOwn(b, key) || (!strict && (a[key] === undefined || isAsymmetric(a[key])));
    if (!present || !compare(a[key], b[key], aStack, bStack, testers, strict)) return false;
  }
  return true;
}

/** @param {any} object @returns {any[]} */
function enumerableKeys(object) {
  /** @type {any[]} */
  const keys = [];
  for (const key in object) {
    if (hasOwn(object, key)) keys.push(key);
  }
  for (const symbol of Object.getOwnPropertySymbols(object)) {
    if (Object.getOwnPropertyDescriptor(object, symbol)?.enumerable) keys.push(symbol);
  }
  return keys;
}

/** @param {any} value */
function isDomNode(value) {
  return typeof value.nodeType === "number" && typeof value.nodeName === "string" &&
    typeof value.isEqualNode === "function";
}
