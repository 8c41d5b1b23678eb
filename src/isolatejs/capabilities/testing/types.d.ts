// Tests: describe, test, hooks, expect and mocks.

type TestFunction = () => unknown;

interface TestOptions {
  timeout?: number;
}

interface TestApi {
  (name: string, fn: TestFunction, options?: number | TestOptions): void;
  skip(name: string, fn?: TestFunction, options?: number | TestOptions): void;
  only(name: string, fn: TestFunction, options?: number | TestOptions): void;
  todo(name: string, fn?: TestFunction): void;
  each<T>(table: readonly T[]): (name: string, fn: (...args: any[]) => unknown, timeout?: number) => void;
}

interface DescribeApi {
  (name: string, fn: () => void): void;
  skip(name: string, fn: () => void): void;
  only(name: string, fn: () => void): void;
  each<T>(table: readonly T[]): (name: string, fn: (...args: any[]) => void) => void;
}

declare var describe: DescribeApi;
declare var test: TestApi;
declare var it: TestApi;
declare function beforeAll(fn: TestFunction, timeout?: number): void;
declare function afterAll(fn: TestFunction, timeout?: number): void;
declare function beforeEach(fn: TestFunction, timeout?: number): void;
declare function afterEach(fn: TestFunction, timeout?: number): void;

interface Matchers<R> {
  not: Matchers<R>;
  resolves: Matchers<Promise<void>>;
  rejects: Matchers<Promise<void>>;
  toBe(expected: unknown): R;
  toEqual(expected: unknown): R;
  toStrictEqual(expected: unknown): R;
  toBeCloseTo(expected: number, digits?: number): R;
  toBeDefined(): R;
  toBeUndefined(): R;
  toBeNull(): R;
  toBeNullable(): R;
  toBeNaN(): R;
  toBeTruthy(): R;
  toBeFalsy(): R;
  toBeGreaterThan(expected: number | bigint): R;
  toBeGreaterThanOrEqual(expected: number | bigint): R;
  toBeLessThan(expected: number | bigint): R;
  toBeLessThanOrEqual(expected: number | bigint): R;
  toBeInstanceOf(expected: Function): R;
  toBeTypeOf(
    expected: "bigint" | "boolean" | "function" | "number" | "object" | "string" | "symbol" | "undefined",
  ): R;
  toBeOneOf(expected: readonly unknown[] | ReadonlySet<unknown>): R;
  toSatisfy(predicate: (value: any) => boolean, message?: string): R;
  toContain(item: unknown): R;
  toContainEqual(item: unknown): R;
  toHaveLength(length: number): R;
  toHaveProperty(path: string | readonly (string | number)[], value?: unknown): R;
  toMatch(expected: string | RegExp): R;
  toMatchObject(expected: object): R;
  toThrow(expected?: unknown): R;
  toThrowError(expected?: unknown): R;
  toMatchSnapshot(hint?: string): R;
  toMatchInlineSnapshot(snapshot?: string): R;
  toThrowErrorMatchingSnapshot(hint?: string): R;
  toThrowErrorMatchingInlineSnapshot(snapshot?: string): R;
  toHaveBeenCalled(): R;
  toBeCalled(): R;
  toHaveBeenCalledOnce(): R;
  toHaveBeenCalledTimes(count: number): R;
  toBeCalledTimes(count: number): R;
  toHaveBeenCalledWith(...args: unknown[]): R;
  toBeCalledWith(...args: unknown[]): R;
  toHaveBeenCalledExactlyOnceWith(...args: unknown[]): R;
  toHaveBeenLastCalledWith(...args: unknown[]): R;
  lastCalledWith(...args: unknown[]): R;
  toHaveBeenNthCalledWith(n: number, ...args: unknown[]): R;
  nthCalledWith(n: number, ...args: unknown[]): R;
  toHaveReturned(): R;
  toReturn(): R;
  toHaveReturnedTimes(count: number): R;
  toReturnTimes(count: number): R;
  toHaveReturnedWith(value: unknown): R;
  toReturnWith(value: unknown): R;
  toHaveLastReturnedWith(value: unknown): R;
  toHaveNthReturnedWith(n: number, value: unknown): R;
}

interface AsymmetricMatchers {
  any(constructor: unknown): any;
  anything(): any;
  stringContaining(expected: string): any;
  stringMatching(expected: string | RegExp): any;
  arrayContaining(expected: readonly unknown[]): any;
  objectContaining(expected: object): any;
  closeTo(expected: number, digits?: number): any;
}

interface ExpectApi extends AsymmetricMatchers {
  <T>(actual: T, message?: string): Matchers<void>;
  not: AsymmetricMatchers;
  assertions(count: number): void;
  hasAssertions(): void;
  extend(matchers: Record<string, (actual: any, ...expected: any[]) => unknown>): void;
}

declare var expect: ExpectApi;

interface MockContext<A extends unknown[], R> {
  calls: A[];
  results: { type: "return" | "throw" | "incomplete"; value: any }[];
  instances: any[];
  contexts: any[];
  lastCall: A | undefined;
  invocationCallOrder: number[];
}

interface MockFunction<A extends any[] = any[], R = any> {
  (...args: A): R;
  new (...args: A): any;
  mock: MockContext<A, R>;
  getMockName(): string;
  mockName(name: string): this;
  mockClear(): this;
  mockReset(): this;
  mockRestore(): void;
  mockImplementation(fn: (...args: A) => R): this;
  mockImplementationOnce(fn: (...args: A) => R): this;
  getMockImplementation(): ((...args: A) => R) | undefined;
  mockReturnThis(): this;
  mockReturnValue(value: R): this;
  mockReturnValueOnce(value: R): this;
  mockResolvedValue(value: Awaited<R>): this;
  mockResolvedValueOnce(value: Awaited<R>): this;
  mockRejectedValue(error: unknown): this;
  mockRejectedValueOnce(error: unknown): this;
}

interface MockApi {
  fn<A extends any[] = any[], R = any>(implementation?: (...args: A) => R): MockFunction<A, R>;
  spyOn<T extends object, K extends keyof T>(
    object: T,
    method: K,
  ): T[K] extends (...args: infer A) => infer R ? MockFunction<A, R> : MockFunction;
  isMockFunction(value: unknown): value is MockFunction;
  clearAllMocks(): void;
  resetAllMocks(): void;
  restoreAllMocks(): void;
}

declare var mock: MockApi;
declare var jest: MockApi;
