// What every program finds besides the language and the web platform.

/** The global object. */
declare var self: typeof globalThis;
/** The global object, by its name in Node.js. */
declare var global: typeof globalThis;

declare var navigator: {
  readonly userAgent: string;
  readonly language: string;
  readonly languages: readonly string[];
  readonly hardwareConcurrency: number;
  readonly onLine: boolean;
};

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
