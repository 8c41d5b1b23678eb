// App servers: the program registers its handlers and the embedder sends it requests and WebSockets.

interface ServeOptions<T = any> {
  /**
   * Answers a request. To accept a WebSocket call `server.upgrade(request)` and return nothing. What throws, or
   * gives no Response, is answered with what `error` says, else with status 500.
   */
  fetch(
    request: Request,
    server: Server<T>,
    context: ServeContext,
  ): Response | void | undefined | Promise<Response | void | undefined>;
  /** Answers a request whose handler failed. */
  error?(error: unknown): Response | Promise<Response>;
  websocket?: ServeWebSocketHandlers<T>;
}

interface ServeWebSocketHandlers<T = any> {
  open?(ws: ServerWebSocket<T>): void | Promise<void>;
  /** Text arrives as a string, binary as an ArrayBuffer. */
  message?(ws: ServerWebSocket<T>, message: string | ArrayBuffer): void | Promise<void>;
  close?(ws: ServerWebSocket<T>, code: number, reason: string): void | Promise<void>;
  error?(ws: ServerWebSocket<T>, error: Error): void | Promise<void>;
  /** What waited for a slow client has been sent; see `bufferedAmount`. */
  drain?(ws: ServerWebSocket<T>): void | Promise<void>;
}

interface ServerWebSocket<T = any> {
  /** What `upgrade` was given as `data`. */
  data: T;
  /** 0 connecting, 1 open, 2 closing, 3 closed. */
  readonly readyState: number;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
  /** The subprotocol that was chosen, "" for none. */
  readonly protocol: string;
  /** Bytes that wait for the client to read. Beyond 16 MB the connection is closed with code 1013. */
  readonly bufferedAmount: number;
  binaryType: "arraybuffer";
  /** Sends text, or bytes as they are now. Nothing happens once the socket is closing. */
  send(message: string | ArrayBuffer | ArrayBufferView | Blob): void;
  /** Closes when what was sent before is on its way. `code` is 1000 to 4999, `reason` at most 123 bytes. */
  close(code?: number, reason?: string): void;
  /** Closes at once, with code 1001. */
  terminate(): void;
}

interface Server<T = any> {
  /**
   * Turns this request into a WebSocket; false when the client did not ask for one, or the request has been
   * answered. `protocol` is used if the client offers it.
   */
  upgrade(request: Request, options?: { data?: T; headers?: HeadersInit; protocol?: string }): boolean;
  /** Work that goes on after the response; call it while a request is handled. */
  waitUntil(promise: Promise<unknown>): void;
  readonly pendingRequests: number;
  readonly pendingWebSockets: number;
}

interface ServeContext {
  /** Work that goes on after the response of this request. */
  waitUntil(promise: Promise<unknown>): void;
  /** Does nothing; it is there for programs written for other platforms. */
  passThroughOnException(): void;
}

/** Registers the handlers of this program. The last call wins. */
declare function serve<T = any>(options: ServeOptions<T>): Server<T>;
