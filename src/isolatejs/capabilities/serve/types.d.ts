// App servers: the program registers one handler and the embedder sends it requests.

interface ServeOptions<T = any> {
  /** Answers a request. To accept a WebSocket call `server.upgrade(request)` and return nothing. */
  fetch(
    request: Request,
    server: Server<T>,
  ): Response | void | undefined | Promise<Response | void | undefined>;
  websocket?: ServeWebSocketHandlers<T>;
}

interface ServeWebSocketHandlers<T = any> {
  open?(ws: ServerWebSocket<T>): void | Promise<void>;
  /** Text arrives as a string, binary as an ArrayBuffer. */
  message?(ws: ServerWebSocket<T>, message: string | ArrayBuffer): void | Promise<void>;
  close?(ws: ServerWebSocket<T>, code: number, reason: string): void | Promise<void>;
  error?(ws: ServerWebSocket<T>, error: Error): void | Promise<void>;
}

interface ServerWebSocket<T = any> {
  /** What `upgrade` was given as `data`. */
  readonly data: T;
  /** 0 connecting, 1 open, 2 closing, 3 closed. */
  readonly readyState: number;
  send(message: string | ArrayBuffer | ArrayBufferView | Blob): void;
  close(code?: number, reason?: string): void;
}

interface Server<T = any> {
  /** Turns this request into a WebSocket; false when it asked for none. */
  upgrade(request: Request, options?: { data?: T; headers?: HeadersInit }): boolean;
}

/** Registers the request handler of this program. The last call wins. */
declare function serve<T = any>(options: ServeOptions<T>): void;
