// Tests: describe, test, hooks, expect, mocks. `import ... from "vitest"`, "@jest/globals", "bun:test" and
// "node:test" give the same functions.

interface TestOptions {
  /** Milliseconds. */
  timeout?: number;
  /** How often a failed test is run again. */
  retry?: number;
  /** How often a passing test is run again. */
  repeats?: number;
  concurrent?: boolean;
  fails?: boolean;
  only?: boolean;
  skip?: boolean;
  todo?: boolean;
}

interface TestContext {
  readonly name: string;
  readonly fullName: string;
  readonly task: {
    readonly id: string;
    readonly name: string;
    readonly fullName: string;
    readonly retryCount: number;
  };
  /** Aborts when the test is over its time, or has ended. */
  readonly signal: AbortSignal;
  readonly expect: ExpectApi;
  skip(reason?: string): never;
  skip(condition: boolean, reason?: string): void;
  onTestFinished(fn: () => unknown): void;
  onTestFailed(fn: () => unknown): void;
  [fixture: string]: any;
}

type DoneCallback = ((error?: unknown) => void) & { fail(error?: unknown): void };
type TestFunction = ((context: TestContext & DoneCallback) => unknown) | (() => unknown);
type HookFunction = ((context: TestContext & DoneCallback) => unknown) | (() => unknown);
type TestTitle = string | number | ((...args: any[]) => any);

interface EachApi {
  <T extends readonly any[] | [any]>(table: readonly T[]): (
    title: TestTitle,
    fn: (...args: [...T]) => unknown,
    options?: number | TestOptions,
  ) => void;
  <T>(table: readonly T[]): (
    title: TestTitle,
    fn: (row: T, ...rest: any[]) => unknown,
    options?: number | TestOptions,
  ) => void;
  (strings: TemplateStringsArray, ...values: any[]): (
    title: TestTitle,
    fn: (row: any, ...rest: any[]) => unknown,
    options?: number | TestOptions,
  ) => void;
}

interface TestApi {
  (title: TestTitle, fn?: TestFunction, options?: number | TestOptions): void;
  (title: TestTitle, options: number | TestOptions, fn: TestFunction): void;
  readonly only: TestApi;
  readonly skip: TestApi;
  readonly todo: TestApi;
  readonly concurrent: TestApi;
  readonly sequential: TestApi;
  /** The test is expected to fail. */
  readonly fails: TestApi;
  readonly failing: TestApi;
  readonly each: EachApi;
  for<T>(
    table: Iterable<T>,
  ): (
    title: TestTitle,
    fn: (row: T, context: TestContext) => unknown,
    options?: number | TestOptions,
  ) => void;
  skipIf(condition: unknown): TestApi;
  runIf(condition: unknown): TestApi;
  extend(fixtures: Record<string, any>): TestApi;
  readonly describe: DescribeApi;
}

interface DescribeApi {
  (title: TestTitle, fn?: () => unknown, options?: number | TestOptions): void;
  (title: TestTitle, options: number | TestOptions, fn: () => unknown): void;
  readonly only: DescribeApi;
  readonly skip: DescribeApi;
  readonly todo: DescribeApi;
  readonly concurrent: DescribeApi;
  readonly sequential: DescribeApi;
  readonly each: EachApi;
  skipIf(condition: unknown): DescribeApi;
  runIf(condition: unknown): DescribeApi;
}

interface Matchers<R> {
  readonly not: Matchers<R>;
  readonly resolves: Matchers<Promise<void>>;
  readonly rejects: Matchers<Promise<void>>;

  toBe(expected: unknown): R;
  toEqual(expected: unknown): R;
  toStrictEqual(expected: unknown): R;
  toMatchObject(expected: object): R;
  toBeDefined(): R;
  toBeUndefined(): R;
  toBeNull(): R;
  toBeNullable(): R;
  toBeNaN(): R;
  toBeTruthy(): R;
  toBeFalsy(): R;
  toBeCloseTo(expected: number, digits?: number): R;
  toBeGreaterThan(expected: number | bigint): R;
  toBeGreaterThanOrEqual(expected: number | bigint): R;
  toBeLessThan(expected: number | bigint): R;
  toBeLessThanOrEqual(expected: number | bigint): R;
  toBeInstanceOf(expected: abstract new (...args: any[]) => any): R;
  toBeTypeOf(
    expected: "bigint" | "boolean" | "function" | "number" | "object" | "string" | "symbol" | "undefined",
  ): R;
  toBeOneOf(expected: Iterable<unknown>): R;
  toSatisfy(predicate: (value: any) => boolean): R;
  toContain(expected: unknown): R;
  toContainEqual(expected: unknown): R;
  toHaveLength(expected: number): R;
  toHaveProperty(path: string | readonly PropertyKey[], value?: unknown): R;
  toMatch(expected: string | RegExp): R;
  toThrow(expected?: string | RegExp | Error | (new (...args: any[]) => any) | object): R;
  toThrowError(expected?: string | RegExp | Error | (new (...args: any[]) => any) | object): R;

  toHaveBeenCalled(): R;
  toHaveBeenCalledOnce(): R;
  toHaveBeenCalledTimes(count: number): R;
  toHaveBeenCalledWith(...args: unknown[]): R;
  toHaveBeenCalledExactlyOnceWith(...args: unknown[]): R;
  toHaveBeenLastCalledWith(...args: unknown[]): R;
  toHaveBeenNthCalledWith(nth: number, ...args: unknown[]): R;
  toHaveBeenCalledBefore(mock: unknown): R;
  toHaveBeenCalledAfter(mock: unknown): R;
  toHaveReturned(): R;
  toHaveReturnedTimes(count: number): R;
  toHaveReturnedWith(value: unknown): R;
  toHaveLastReturnedWith(value: unknown): R;
  toHaveNthReturnedWith(nth: number, value: unknown): R;
  toHaveResolved(): R;
  toHaveResolvedWith(value: unknown): R;

  toMatchSnapshot(hint?: string): R;
  toMatchSnapshot(properties: object, hint?: string): R;
  toMatchInlineSnapshot(snapshot?: string): R;
  toMatchInlineSnapshot(properties: object, snapshot?: string): R;
  toThrowErrorMatchingSnapshot(hint?: string): R;
  toThrowErrorMatchingInlineSnapshot(snapshot?: string): R;
  toMatchFileSnapshot(path: string): Promise<void>;
  toPass(options?: { timeout?: number; intervals?: number[] }): Promise<void>;

  /** Matchers of `expect.extend`. */
  [custom: string]: any;
}

interface AsymmetricMatchers {
  arrayContaining(items: readonly unknown[]): any;
  arrayOf(item: unknown): any;
  closeTo(value: number, digits?: number): any;
  objectContaining(part: object): any;
  schemaMatching(schema: object): any;
  stringContaining(part: string): any;
  stringMatching(pattern: string | RegExp): any;
}

interface MatcherResult {
  pass: boolean;
  message?: string | (() => string);
  actual?: unknown;
  expected?: unknown;
}

interface MatcherContext {
  readonly isNot: boolean;
  readonly promise: "" | "resolves" | "rejects";
  readonly currentTestName?: string;
  equals(a: unknown, b: unknown, testers?: readonly unknown[], strict?: boolean): boolean;
  readonly utils: {
    matcherHint(name: string, received?: string, expected?: string, options?: object): string;
    printReceived(value: unknown): string;
    printExpected(value: unknown): string;
    stringify(value: unknown): string;
    diff(expected: unknown, received: unknown, options?: object): string | null;
    [name: string]: any;
  };
  readonly customTesters: readonly unknown[];
}

type Matcher = (
  this: MatcherContext,
  received: any,
  ...expected: any[]
) => MatcherResult | Promise<MatcherResult>;

interface ExpectApi extends AsymmetricMatchers {
  (actual?: unknown, message?: string): Matchers<void>;
  /** A failure is kept for the end of the test, which goes on. */
  soft(actual: unknown, message?: string): Matchers<void>;
  /** Asks for the value again until it fits. Times are milliseconds. */
  poll(
    value: () => unknown,
    options?: { timeout?: number; interval?: number; intervals?: number[]; message?: string },
  ): Matchers<Promise<void>>;
  any(constructor: unknown): any;
  anything(): any;
  readonly not: AsymmetricMatchers;
  assertions(count: number): void;
  hasAssertions(): void;
  unreachable(message?: string): never;
  fail(message?: string): never;
  configure(options: { soft?: boolean; timeout?: number; message?: string }): ExpectApi;
  extend(matchers: Record<string, Matcher>, options?: { when?: (received: any) => boolean }): void;
  addEqualityTesters(
    testers: readonly ((this: any, a: any, b: any, testers: any[]) => boolean | undefined)[],
  ): void;
  addSnapshotSerializer(serializer: object): void;
  getState(): any;
  setState(state: object): void;
  [custom: string]: any;
}

interface MockFunction<F extends (...args: any[]) => any = (...args: any[]) => any> {
  (...args: Parameters<F>): ReturnType<F>;
  new (...args: Parameters<F>): any;
  readonly mock: {
    readonly calls: Parameters<F>[];
    readonly lastCall: Parameters<F> | undefined;
    readonly results: { type: "return" | "throw" | "incomplete"; value: any }[];
    readonly settledResults: { type: "fulfilled" | "rejected" | "incomplete"; value: any }[];
    readonly instances: any[];
    readonly contexts: any[];
    readonly invocationCallOrder: number[];
  };
  getMockName(): string;
  getMockImplementation(): F | undefined;
  mockName(name: string): this;
  mockClear(): this;
  mockReset(): this;
  mockRestore(): void;
  mockImplementation(fn: F): this;
  mockImplementationOnce(fn: F): this;
  withImplementation(fn: F, callback: () => unknown): this | Promise<this>;
  mockReturnThis(): this;
  mockReturnValue(value: ReturnType<F>): this;
  mockReturnValueOnce(value: ReturnType<F>): this;
  mockResolvedValue(value: Awaited<ReturnType<F>>): this;
  mockResolvedValueOnce(value: Awaited<ReturnType<F>>): this;
  mockRejectedValue(error: unknown): this;
  mockRejectedValueOnce(error: unknown): this;
  mockThrow(error: unknown): this;
  mockThrowOnce(error: unknown): this;
}

interface MockApi {
  fn<F extends (...args: any[]) => any>(implementation?: F): MockFunction<F>;
  spyOn<T extends object, K extends keyof T>(object: T, key: K, accessor?: "get" | "set"): MockFunction<any>;
  replaceProperty<T extends object, K extends keyof T>(
    object: T,
    key: K,
    value: T[K],
  ): { replaceValue(value: T[K]): unknown; restore(): void };
  isMockFunction(value: unknown): value is MockFunction;
  mocked<T>(value: T): T;
  mockObject<T>(value: T): T;
  clearAllMocks(): MockApi;
  resetAllMocks(): MockApi;
  restoreAllMocks(): MockApi;

  useFakeTimers(options?: {
    now?: number | Date;
    toFake?: string[];
    doNotFake?: string[];
    timerLimit?: number;
    advanceTimers?: boolean | number;
  }): MockApi;
  useRealTimers(): MockApi;
  isFakeTimers(): boolean;
  setSystemTime(time?: number | string | Date): MockApi;
  getMockedSystemTime(): Date | null;
  getRealSystemTime(): number;
  now(): number;
  getTimerCount(): number;
  clearAllTimers(): MockApi;
  advanceTimersByTime(ms: number): MockApi;
  advanceTimersByTimeAsync(ms: number): Promise<MockApi>;
  advanceTimersToNextTimer(steps?: number): MockApi;
  advanceTimersToNextTimerAsync(steps?: number): Promise<MockApi>;
  advanceTimersToNextFrame(): MockApi;
  runAllTimers(): MockApi;
  runAllTimersAsync(): Promise<MockApi>;
  runOnlyPendingTimers(): MockApi;
  runOnlyPendingTimersAsync(): Promise<MockApi>;
  runAllTicks(): MockApi;

  /** Acts before the imports of the test file. */
  mock(specifier: string, factory?: (importOriginal: () => Promise<any>) => unknown, options?: object): any;
  unmock(specifier: string): any;
  doMock(specifier: string, factory?: (importOriginal: () => Promise<any>) => unknown): any;
  doUnmock(specifier: string): any;
  hoisted<T>(factory: () => T): T;
  importActual<T = any>(specifier: string): Promise<T>;
  importMock<T = any>(specifier: string): Promise<T>;
  requireActual(specifier: string): any;
  requireMock(specifier: string): any;
  resetModules(): any;

  stubGlobal(name: string, value: unknown): MockApi;
  unstubAllGlobals(): MockApi;
  stubEnv(name: string, value: string | boolean | undefined): MockApi;
  unstubAllEnvs(): MockApi;
  waitFor<T>(
    callback: () => T,
    options?: number | { timeout?: number; interval?: number },
  ): Promise<Awaited<T>>;
  waitUntil<T>(
    callback: () => T,
    options?: number | { timeout?: number; interval?: number },
  ): Promise<Awaited<T>>;
  /** Limit of the tests that follow, in milliseconds. */
  setTimeout(timeoutMs: number): MockApi;
  setConfig(config: { testTimeout?: number; hookTimeout?: number; retry?: number }): MockApi;
  retryTimes(count: number): MockApi;
}

declare var describe: DescribeApi;
declare var suite: DescribeApi;
declare var test: TestApi;
declare var it: TestApi;
declare var fit: TestApi;
declare var xit: TestApi;
declare var xtest: TestApi;
declare var fdescribe: DescribeApi;
declare var xdescribe: DescribeApi;
declare function beforeAll(fn: HookFunction, timeout?: number): void;
declare function afterAll(fn: HookFunction, timeout?: number): void;
declare function beforeEach(fn: HookFunction, timeout?: number): void;
declare function afterEach(fn: HookFunction, timeout?: number): void;
declare function onTestFinished(fn: () => unknown): void;
declare function onTestFailed(fn: () => unknown): void;
declare var expect: ExpectApi;
declare var mock: MockApi;
declare var jest: MockApi;
declare var vi: MockApi;
declare var vitest: MockApi;

/** Accepts every chain of calls: types are checked by the checker, not while tests run. */
declare var expectTypeOf: any;
declare function assertType(value: unknown): void;

declare module "vitest" {
  const api: {
    describe: DescribeApi;
    test: TestApi;
    expect: ExpectApi;
    mock: MockApi;
    hook: (fn: HookFunction, timeout?: number) => void;
    finished: (fn: () => unknown) => void;
  };
  export const describe: typeof api.describe;
  export const suite: typeof api.describe;
  export const test: typeof api.test;
  export const it: typeof api.test;
  export const expect: typeof api.expect;
  export const vi: typeof api.mock;
  export const vitest: typeof api.mock;
  export const beforeAll: typeof api.hook;
  export const afterAll: typeof api.hook;
  export const beforeEach: typeof api.hook;
  export const afterEach: typeof api.hook;
  export const onTestFinished: typeof api.finished;
  export const onTestFailed: typeof api.finished;
  export const expectTypeOf: any;
  export const assertType: (value: unknown) => void;
}

declare module "@jest/globals" {
  export { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test, vi as jest } from "vitest";
}

declare module "bun:test" {
  export {
    afterAll,
    afterEach,
    beforeAll,
    beforeEach,
    describe,
    expect,
    it,
    test,
    vi,
    vi as jest,
  } from "vitest";
  export const mock: MockApi["fn"] & { module: MockApi["mock"]; restore: MockApi["restoreAllMocks"] };
  export const spyOn: MockApi["spyOn"];
  export const setSystemTime: MockApi["setSystemTime"];
}

declare module "node:test" {
  const test: any;
  export default test;
  export { afterEach, beforeEach, describe, it, suite, test } from "vitest";
  export { afterAll as after, beforeAll as before } from "vitest";
  export const mock: any;
}
