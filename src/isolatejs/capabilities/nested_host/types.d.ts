// The module that lets a program create runtimes of its own, under its parent's policy.

declare module "@ricsam/isolate" {
  export type ToolFunction = (...args: any[]) => any;
  export interface ToolGroup {
    [name: string]: ToolFunction | ToolGroup;
  }

  export interface HostBindings {
    console?: ConsoleBindings | ((entry: ConsoleEntry) => void);
    fetch?: (request: Request, context: HostCallContext) => Response | Promise<Response>;
    files?: unknown;
    modules?: ModuleResolver;
    tools?: Record<string, ToolFunction | ToolGroup>;
    /** The program's own `browser`, handed on. */
    browser?: unknown;
  }

  export interface ConsoleBindings {
    onEntry?(entry: ConsoleEntry): void;
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
    resourceId?: string;
    requestId?: string;
    metadata?: Record<string, unknown>;
  }

  export interface RuntimeOptions {
    bindings?: HostBindings;
    cwd?: string;
    executionTimeout?: number;
    memoryLimitMB?: number;
  }

  export interface AppServerOptions extends RuntimeOptions {
    key?: string;
    entry: string;
    entryFilename?: string;
  }

  export interface TestRuntimeOptions extends RuntimeOptions {
    key?: string;
  }

  export interface EvalOptions {
    filename?: string;
    executionTimeout?: number;
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
    eval(code: string, options?: EvalOptions | string): Promise<any>;
    dispose(options?: { hard?: boolean; reason?: string }): Promise<void>;
    diagnostics(): Promise<any>;
    readonly events: {
      on(name: string, handler: (payload: any) => void): () => void;
      emit(name: string, payload?: unknown): Promise<void>;
    };
  }

  export interface TestRuntime {
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
    disposeNamespace(key: string, options?: { reason?: string }): Promise<void>;
    diagnostics(): Promise<any>;
    close(): Promise<void>;
  }

  export type ModuleSource = string | null | undefined | { source?: string; code?: string; filename?: string; resolveDir?: string };

  export interface ModuleResolver {
    virtual(
      specifier: string,
      source: string | (() => ModuleSource | Promise<ModuleSource>),
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
