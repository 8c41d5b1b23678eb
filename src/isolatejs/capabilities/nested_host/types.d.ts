// The module that lets a program create runtimes of its own, under its parent's policy.

declare module "@ricsam/isolate" {
  export type ToolFunction = (...args: any[]) => any;
  export interface ToolGroup {
    [name: string]: ToolFunction | ToolGroup;
  }

  /** What a child gets: functions of this program, and this runtime's own browser. */
  export interface HostBindings {
    console?: ConsoleBindings | ((entry: ConsoleEntry, context: HostCallContext) => void);
    fetch?: (request: Request, context: HostCallContext) => Response | Promise<Response>;
    files?: FileBindings;
    modules?: ModuleResolver | { resolve(specifier: string, importer: any): ModuleSource | Promise<ModuleSource> };
    tools?: Record<string, ToolFunction | ToolGroup>;
    /** The program's own `browser`, handed on. */
    browser?: unknown;
  }

  /** Some of the file methods; an operation that needs another one fails with ENOSYS. */
  export interface FileBindings {
    readFile?(path: string, context?: any): Uint8Array | ArrayBuffer | string | Promise<Uint8Array | ArrayBuffer | string>;
    writeFile?(path: string, data: Uint8Array<ArrayBuffer>, context?: any): unknown;
    unlink?(path: string, context?: any): unknown;
    readdir?(path: string, context?: any): any;
    mkdir?(path: string, options?: any, context?: any): unknown;
    rmdir?(path: string, context?: any): unknown;
    stat?(path: string, context?: any): any;
    rename?(path: string, newPath: string, context?: any): unknown;
  }

  export interface ConsoleBindings {
    onEntry?(entry: ConsoleEntry, context: HostCallContext): void;
  }

  export interface ConsoleEntry {
    type: string;
    level?: string;
    stdout?: string;
    [field: string]: any;
  }

  export interface HostCallContext {
    signal: AbortSignal;
    runtimeId: string;
    resourceId: string;
    requestId?: string;
    metadata: Record<string, any>;
  }

  /** What a child's own nested hosts may do; never more than its parent's. */
  export interface NestedHostPolicy {
    fetch?: "inherit" | "disabled";
    maxTotalResources?: number;
    maxRuntimes?: number;
    maxAppServers?: number;
    maxMemoryLimitMB?: number;
    /** Of the child and all that it creates, together. */
    maxTotalMemoryMB?: number;
    maxExecutionTimeoutMs?: number;
    maxAppServerLifetimeMs?: number;
  }

  export interface RuntimeOptions {
    bindings?: HostBindings;
    cwd?: string;
    key?: string;
    executionTimeout?: number;
    executionTimeoutMs?: number;
    memoryLimitMB?: number;
    nestedHost?: NestedHostPolicy | boolean;
  }
  export type CreateRuntimeOptions = RuntimeOptions;
  export type CreateTestRuntimeOptions = TestRuntimeOptions;
  export type CreateAppServerOptions = AppServerOptions;
  export type CreateNamespacedRuntimeOptions = RuntimeOptions;
  export type RunResults = TestRunResult;

  /** Either `entry`, the specifier of a module, or `code`. */
  export interface AppServerOptions extends RuntimeOptions {
    entry?: string;
    code?: string;
    entryFilename?: string;
    webSockets?: { onCommand?(command: WebSocketCommand, context: HostCallContext): unknown };
  }

  /** What the program of an app server wants done with one of its WebSockets. */
  export type WebSocketCommand =
    | { type: "message"; connectionId: string; data: string | Uint8Array<ArrayBuffer> }
    | { type: "close"; connectionId: string; code: number; reason: string };

  export interface TestRuntimeOptions extends RuntimeOptions {}

  export interface EvalOptions {
    filename?: string;
    executionTimeout?: number;
    executionTimeoutMs?: number;
    signal?: AbortSignal;
  }

  export interface RunOptions {
    filename?: string;
    timeoutMs?: number;
    signal?: AbortSignal;
  }

  export interface TestEvents {
    onEvent(handler: (event: any) => void): () => void;
  }

  export interface TestRunResult {
    success: boolean;
    passed: number;
    failed: number;
    skipped: number;
    todo: number;
    total: number;
    duration: number;
    suites: any[];
    tests: any[];
  }

  export interface ScriptRuntime {
    readonly id: string;
    eval(code: string, options?: EvalOptions | string): Promise<any>;
    dispose(options?: { hard?: boolean; reason?: string }): Promise<void>;
    diagnostics(): Promise<any>;
    readonly events: {
      on(name: string, handler: (payload: any) => void): () => void;
      emit(name: string, payload?: unknown): Promise<void>;
    };
  }

  export interface TestRuntime {
    readonly id: string;
    run(code: string, options?: RunOptions): Promise<TestRunResult>;
    dispose(options?: { hard?: boolean; reason?: string }): Promise<void>;
    diagnostics(): Promise<any>;
    readonly test: TestEvents;
  }

  export interface NamespacedRuntime extends ScriptRuntime {
    runTests(code: string, options?: RunOptions): Promise<TestRunResult>;
    readonly test: TestEvents;
  }

  export type HandleResult =
    | { type: "response"; response: Response }
    | { type: "websocket"; upgradeData: { connectionId: string; [field: string]: any } };

  export interface AppServer {
    readonly id: string;
    handle(
      request: Request,
      options?: { requestId?: string; metadata?: Record<string, unknown>; signal?: AbortSignal },
    ): Promise<HandleResult>;
    reload(reason?: string): Promise<void>;
    dispose(options?: { hard?: boolean; reason?: string }): Promise<void>;
    diagnostics(): Promise<any>;
    readonly ws: {
      open(connectionId: string): Promise<void>;
      message(connectionId: string, data: string | ArrayBuffer | ArrayBufferView): Promise<void>;
      close(connectionId: string, code?: number, reason?: string): Promise<void>;
      error(connectionId: string, error: Error): Promise<void>;
    };
  }

  export interface IsolateHost {
    createRuntime(options?: RuntimeOptions): Promise<ScriptRuntime>;
    createAppServer(options: AppServerOptions): Promise<AppServer>;
    createTestRuntime(options?: TestRuntimeOptions): Promise<TestRuntime>;
    getNamespacedRuntime(key: string, options?: RuntimeOptions): Promise<NamespacedRuntime>;
    disposeNamespace(key: string, options?: { reason?: string }): Promise<boolean>;
    diagnostics(): Promise<any>;
    close(): Promise<void>;
  }

  export type ModuleSource = string | null | undefined | { source?: string; code?: string; filename?: string; resolveDir?: string };

  export interface ModuleResolver {
    virtual(
      specifier: string,
      source: ModuleSource | Promise<ModuleSource> | (() => ModuleSource | Promise<ModuleSource>),
      options?: { filename?: string; resolveDir?: string; static?: boolean },
    ): this;
    sourceTree(prefix: string, loader: (path: string) => ModuleSource | Promise<ModuleSource>): this;
    fallback(loader: (specifier: string, importer: any) => ModuleSource | Promise<ModuleSource>): this;
  }

  export function createIsolateHost(options?: Record<string, unknown>): IsolateHost;
  export function createModuleResolver(): ModuleResolver;
}

declare module "isolatejs" {
  export * from "@ricsam/isolate";
}
