// Async context: the AsyncContext namespace of the TC39 proposal and the node:async_hooks module.

declare namespace AsyncContext {
  interface VariableOptions<T> {
    name?: string;
    defaultValue?: T;
  }

  /** A value that belongs to the current flow of execution and follows it across await, timers and events. */
  class Variable<T> {
    constructor(options?: VariableOptions<T>);
    readonly name: string;
    /** The value of the innermost `run` around this point, else the default value. */
    get(): T | undefined;
    /** Calls `func(...args)` with the value set, and returns what it returns. */
    run<R, A extends unknown[]>(value: T, func: (...args: A) => R, ...args: A): R;
    readonly [Symbol.toStringTag]: "AsyncContext.Variable";
  }

  /** All variables as they are at one moment. */
  class Snapshot {
    constructor();
    /** Calls `func(...args)` with the variables of the snapshot. */
    run<R, A extends unknown[]>(func: (...args: A) => R, ...args: A): R;
    /** A function that calls `fn` with the variables as they are now. */
    static wrap<T, A extends unknown[], R>(fn: (this: T, ...args: A) => R): (this: T, ...args: A) => R;
    readonly [Symbol.toStringTag]: "AsyncContext.Snapshot";
  }
}

declare module "node:async_hooks" {
  export class AsyncLocalStorage<T> {
    constructor(options?: { name?: string; defaultValue?: T });
    readonly name: string;
    getStore(): T | undefined;
    run<R, A extends unknown[]>(store: T, callback: (...args: A) => R, ...args: A): R;
    exit<R, A extends unknown[]>(callback: (...args: A) => R, ...args: A): R;
    enterWith(store: T): void;
    disable(): void;
    static bind<F extends (...args: any[]) => any>(fn: F): F;
    static snapshot(): <R, A extends unknown[]>(fn: (...args: A) => R, ...args: A) => R;
  }

  export interface AsyncResourceOptions {
    triggerAsyncId?: number;
    requireManualDestroy?: boolean;
  }

  export class AsyncResource {
    constructor(type: string, options?: number | AsyncResourceOptions);
    runInAsyncScope<T, R, A extends unknown[]>(fn: (this: T, ...args: A) => R, thisArg?: T, ...args: A): R;
    emitDestroy(): this;
    asyncId(): number;
    triggerAsyncId(): number;
    bind<F extends (...args: any[]) => any>(fn: F, thisArg?: unknown): F;
    static bind<F extends (...args: any[]) => any>(fn: F, type?: string, thisArg?: unknown): F;
  }

  export interface HookCallbacks {
    init?(asyncId: number, type: string, triggerAsyncId: number, resource: any): void;
    before?(asyncId: number): void;
    after?(asyncId: number): void;
    destroy?(asyncId: number): void;
    promiseResolve?(asyncId: number): void;
  }

  export interface AsyncHook {
    enable(): this;
    disable(): this;
  }

  export function createHook(callbacks: HookCallbacks): AsyncHook;
  export function executionAsyncId(): number;
  export function triggerAsyncId(): number;
  export function executionAsyncResource(): any;
  export const asyncWrapProviders: Readonly<Record<string, number>>;
}

declare module "async_hooks" {
  export * from "node:async_hooks";
}
