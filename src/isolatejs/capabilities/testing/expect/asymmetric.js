// @ts-check
// Asymmetric matchers: expect.any(), expect.objectContaining() and the rest; values that stand for many.

import { customTesters, matcherState } from "./state.js";
import { equals, isA } from "./equals.js";
import { objectKeys } from "./testers.js";
import { matcherUtils } from "./matcher_utils.js";

/** @param {any} fn */
function functionName(fn) {
  if (fn.name) return fn.name;
  return Function.prototype.toString.call(fn).match(/^(?:async)?\s*function\s*\*?\s*([\w$]+)\s*\(/)?.[1] ??
    "<anonymous>";
}

/** @param {any} object @param {PropertyKey} key @returns {boolean} */
function hasProperty(object, key) {
  for (let holder = object; holder; holder = Object.getPrototypeOf(holder)) {
    if (Object.prototype.hasOwnProperty.call(holder, key)) return true;
  }
  return false;
}

export class AsymmetricMatcher {
  $$typeof = Symbol.for("jest.asymmetricMatcher");

  /** @param {any} sample @param {boolean} [inverse] */
  constructor(sample, inverse = false) {
    this.sample = sample;
    this.inverse = inverse;
  }

  getMatcherContext() {
    return {
      customTesters: customTesters(),
      dontThrow: () => {},
      ...matcherState(),
      equals,
      isNot: this.inverse,
      utils: matcherUtils,
    };
  }

  /** @param {boolean} result */
  decide(result) {
    return this.inverse ? !result : result;
  }

  /** @param {any} a @param {any} b */
  same(a, b) {
    return equals(a, b, customTesters());
  }
}

/** Primitive wrappers: what `any(String)` accepts. @type {Map<any, string>} */
const WRAPPERS = new Map(
  /** @type {Array<[any, string]>} */ ([
    [String, "string"],
    [Number, "number"],
    [Function, "function"],
    [Boolean, "boolean"],
    [BigInt, "bigint"],
    [Symbol, "symbol"],
  ]),
);

class Any extends AsymmetricMatcher {
  /** @param {any} sample */
  constructor(sample) {
    if (sample === undefined) {
      throw new TypeError(
        "any() expects to be passed a constructor function. Please pass one or use anything() to match any object.",
      );
    }
    super(sample);
  }

  /** @param {any} other */
  asymmetricMatch(other) {
    const primitive = WRAPPERS.get(this.sample);
    if (primitive !== undefined) return typeof other === primitive || other instanceof this.sample;
    if (this.sample === Object) return typeof other === "object";
    if (this.sample === Array) return Array.isArray(other);
    return other instanceof this.sample;
  }

  /** @override */
  toString() {
    return "Any";
  }

  getExpectedType() {
    const primitive = WRAPPERS.get(this.sample);
    if (primitive !== undefined && this.sample !== BigInt && this.sample !== Symbol) return primitive;
    if (this.sample === Object) return "object";
    return this.sample === Array ? "array" : functionName(this.sample);
  }

  toAsymmetricMatcher() {
    return `Any<${functionName(this.sample)}>`;
  }
}

class Anything extends AsymmetricMatcher {
  /** @param {any} other */
  asymmetricMatch(other) {
    return other != null;
  }

  /** @override */
  toString() {
    return "Anything";
  }

  toAsymmetricMatcher() {
    return "Anything";
  }
}

class ArrayContaining extends AsymmetricMatcher {
  /** @param {any} other */
  asymmetricMatch(other) {
    if (!Array.isArray(this.sample)) {
      throw new TypeError(`You must provide an array to ${this.toString()}, not '${typeof this.sample}'.`);
    }
    return this.decide(
      this.sample.length === 0 ||
        (Array.isArray(other) &&
          this.sample.every((item) => other.some((candidate) => this.same(item, candidate)))),
    );
  }

  /** @override */
  toString() {
    return `Array${this.inverse ? "Not" : ""}Containing`;
  }

  getExpectedType() {
    return "array";
  }
}

class ArrayOf extends AsymmetricMatcher {
  /** @param {any} other */
  asymmetricMatch(other) {
    return this.decide(Array.isArray(other) && other.every((item) => this.same(this.sample, item)));
  }

  /** @override */
  toString() {
    return `${this.inverse ? "Not" : ""}ArrayOf`;
  }

  getExpectedType() {
    return "array";
  }
}

class ObjectContaining extends AsymmetricMatcher {
  /** @param {any} other */
  asymmetricMatch(other) {
    if (typeof this.sample !== "object") {
      throw new TypeError(`You must provide an object to ${this.toString()}, not '${typeof this.sample}'.`);
    }
    if (typeof other !== "object" || Array.isArray(other)) return false;
    return this.decide(
      objectKeys(this.sample).every((key) =>
        hasProperty(other, key) && this.same(this.sample[key], other[key])
      ),
    );
  }

  /** @override */
  toString() {
    return `Object${this.inverse ? "Not" : ""}Containing`;
  }

  getExpectedType() {
    return "object";
  }
}

class StringContaining extends AsymmetricMatcher {
  /** @param {any} sample @param {boolean} [inverse] */
  constructor(sample, inverse) {
    if (!isA("String", sample)) throw new Error("Expected is not a string");
    super(sample, inverse);
  }

  /** @param {any} other */
  asymmetricMatch(other) {
    return this.decide(isA("String", other) && other.includes(this.sample));
  }

  /** @override */
  toString() {
    return `String${this.inverse ? "Not" : ""}Containing`;
  }

  getExpectedType() {
    return "string";
  }
}

class StringMatching extends AsymmetricMatcher {
  /** @param {any} sample @param {boolean} [inverse] */
  constructor(sample, inverse) {
    if (!isA("String", sample) && !isA("RegExp", sample)) {
      throw new Error("Expected is not a String or a RegExp");
    }
    super(new RegExp(sample), inverse);
  }

  /** @param {any} other */
  asymmetricMatch(other) {
    return this.decide(isA("String", other) && this.sample.test(other));
  }

  /** @override */
  toString() {
    return `String${this.inverse ? "Not" : ""}Matching`;
  }

  getExpectedType() {
    return "string";
  }
}

class CloseTo extends AsymmetricMatcher {
  /** @param {any} sample @param {any} [precision] @param {boolean} [inverse] */
  constructor(sample, precision = 2, inverse = false) {
    if (!isA("Number", sample)) throw new Error("Expected is not a Number");
    if (!isA("Number", precision)) throw new Error("Precision is not a Number");
    super(sample, inverse);
    this.precision = precision;
  }

  /** @param {any} other */
  asymmetricMatch(other) {
    if (!isA("Number", other)) return false;
    const infinite = Math.abs(other) === Infinity && other === this.sample; // Infinity - Infinity is NaN
    return this.decide(infinite || Math.abs(this.sample - other) < Math.pow(10, -this.precision) / 2);
  }

  /** @override */
  toString() {
    return `Number${this.inverse ? "Not" : ""}CloseTo`;
  }

  getExpectedType() {
    return "number";
  }

  toAsymmetricMatcher() {
    return `${this.toString()} ${this.sample} (${this.precision} digit${this.precision === 1 ? "" : "s"})`;
  }
}

/** Accepts what a schema accepts (Standard Schema v1, synchronous validation only). */
class SchemaMatching extends AsymmetricMatcher {
  /** @param {any} schema @param {boolean} [inverse] */
  constructor(schema, inverse) {
    if (typeof schema?.["~standard"]?.validate !== "function") {
      throw new TypeError("Expected is not a Standard Schema");
    }
    super(schema, inverse);
  }

  /** @param {any} other */
  asymmetricMatch(other) {
    const result = this.sample["~standard"].validate(other);
    if (typeof result?.then === "function") {
      throw new TypeError("Async schema validation is not supported in asymmetric matchers");
    }
    return this.decide(!(result.issues?.length > 0));
  }

  /** @override */
  toString() {
    return `Schema${this.inverse ? "Not" : ""}Matching`;
  }

  toAsymmetricMatcher() {
    return this.toString();
  }
}

/** A custom matcher used as a value. @param {string} name @param {Function} matcher */
export function customAsymmetric(name, matcher) {
  return class CustomMatcher extends AsymmetricMatcher {
    /** @param {boolean} inverse @param {...any} sample */
    constructor(inverse, ...sample) {
      super(sample, inverse);
    }

    /** @param {any} other */
    asymmetricMatch(other) {
      return this.decide(matcher.call(this.getMatcherContext(), other, ...this.sample).pass);
    }

    /** @override */
    toString() {
      return `${this.inverse ? "not." : ""}${name}`;
    }

    getExpectedType() {
      return "any";
    }

    toAsymmetricMatcher() {
      return `${this.toString()}<${this.sample.map(String).join(", ")}>`;
    }
  };
}

/** The factories of `expect` (inverse false) and `expect.not` (true). @param {boolean} inverse */
export function asymmetricFactories(inverse) {
  return {
    arrayContaining: (/** @type {any} */ sample) => new ArrayContaining(sample, inverse),
    arrayOf: (/** @type {any} */ sample) => new ArrayOf(sample, inverse),
    closeTo: (/** @type {any} */ sample, /** @type {any} */ precision) =>
      new CloseTo(sample, precision, inverse),
    objectContaining: (/** @type {any} */ sample) => new ObjectContaining(sample, inverse),
    schemaMatching: (/** @type {any} */ schema) => new SchemaMatching(schema, inverse),
    stringContaining: (/** @type {any} */ sample) => new StringContaining(sample, inverse),
    stringMatching: (/** @type {any} */ sample) => new StringMatching(sample, inverse),
  };
}

export const any = (/** @type {any} */ sample) => new Any(sample);
export const anything = () => new Anything(undefined);
