// What every program finds besides the language and the web platform.

/** The global object. */
declare var self: typeof globalThis;
/** The global object, by its name in Node.js. */
declare var global: typeof globalThis;

interface Navigator {
  readonly userAgent: string;
  readonly language: string;
  readonly languages: readonly string[];
  readonly hardwareConcurrency: number;
  readonly onLine: boolean;
}

declare var navigator: Navigator;

declare var onerror: ((event: ErrorEvent) => void) | null;
declare var onunhandledrejection: ((event: PromiseRejectionEvent) => void) | null;

declare function addEventListener(
  type: string,
  listener: ((event: any) => void) | { handleEvent(event: any): void } | null,
  options?: boolean | AddEventListenerOptions,
): void;
declare function removeEventListener(
  type: string,
  listener: ((event: any) => void) | { handleEvent(event: any): void } | null,
  options?: boolean | EventListenerOptions,
): void;

/** POSIX paths, as in node:path. `resolve` starts at the working directory of the runtime. */
declare var path: {
  readonly sep: "/";
  readonly delimiter: ":";
  basename(path: string, suffix?: string): string;
  dirname(path: string): string;
  extname(path: string): string;
  format(parts: { root?: string; dir?: string; base?: string; name?: string; ext?: string }): string;
  isAbsolute(path: string): boolean;
  join(...paths: string[]): string;
  matchesGlob(path: string, pattern: string): boolean;
  normalize(path: string): string;
  parse(path: string): { root: string; dir: string; base: string; name: string; ext: string };
  relative(from: string, to: string): string;
  resolve(...paths: string[]): string;
  toNamespacedPath(path: string): string;
  readonly posix: typeof path;
  readonly win32: any;
};

/** What a module knows of itself. */
interface ImportMeta {
  /** The module's own address. */
  url: string;
  /** Its path, for a module that has one. */
  filename?: string;
  /** The folder of its path. */
  dirname?: string;
  /** Whether this is the program itself. */
  main: boolean;
  resolve(specifier: string): string;
}
