// The browser factory: Playwright's surface, as far as it crosses. There is no implicit page or context:
// `const ctx = await browser.newContext(); const page = await ctx.newPage();`

interface BrowserContextOptions {
  viewport?: { width: number; height: number } | null;
  baseURL?: string;
  userAgent?: string;
  locale?: string;
  timezoneId?: string;
  colorScheme?: "light" | "dark" | "no-preference" | null;
  extraHTTPHeaders?: Record<string, string>;
  storageState?: string | StorageState;
  /** Id of a browser profile of this runtime, for example `auth/main`. */
  profile?: string | BrowserProfileOptions;
  [option: string]: unknown;
}

interface BrowserProfileOptions {
  id: string;
  mode?: "storage" | "persistent";
  reset?: boolean;
  autosave?: boolean;
  indexedDB?: boolean;
}

interface StorageState {
  cookies: BrowserCookie[];
  origins: { origin: string; localStorage: { name: string; value: string }[] }[];
}

interface BrowserCookie {
  name: string;
  value: string;
  url?: string;
  domain?: string;
  path?: string;
  expires?: number;
  httpOnly?: boolean;
  secure?: boolean;
  sameSite?: "Strict" | "Lax" | "None";
}

interface BrowserFactory { /** Not there: the embedder closes its browser. */ readonly close?: undefined; newContext(options?: BrowserContextOptions): Promise<BrowserContext>; contexts(): BrowserContext[]; isConnected(): boolean; }

declare var browser: BrowserFactory;

interface BrowserContext extends Routing, Emitter<ContextEvents>, AsyncDisposable {
  readonly request: PageRequestApi;
  readonly clock: PageClock;
  newPage(): Promise<Page>;
  pages(): Page[];
  backgroundPages(): Page[];
  serviceWorkers(): PageWorker[];
  close(options?: { reason?: string }): Promise<void>;
  isClosed(): boolean;
  cookies(urls?: string | readonly string[]): Promise<BrowserCookie[]>;
  addCookies(cookies: readonly BrowserCookie[]): Promise<void>;
  clearCookies(options?: { name?: string | RegExp; domain?: string | RegExp; path?: string | RegExp }): Promise<void>;
  storageState(options?: { path?: string; indexedDB?: boolean }): Promise<StorageState>;
  newCDPSession(page: Page | Frame): Promise<CDPSession>;
  grantPermissions(permissions: readonly string[], options?: { origin?: string }): Promise<void>;
  clearPermissions(): Promise<void>;
  setGeolocation(geolocation: { latitude: number; longitude: number; accuracy?: number } | null): Promise<void>;
  setOffline(offline: boolean): Promise<void>;
  setDefaultTimeout(timeoutMs: number): Promise<void>;
  setDefaultNavigationTimeout(timeoutMs: number): Promise<void>;
  setExtraHTTPHeaders(headers: Record<string, string>): Promise<void>;
}

/** Listeners by event name, and waiting for one event. */
interface Emitter<Events> {
  on: Listen<this, Events>;
  once: Listen<this, Events>;
  addListener: Listen<this, Events>;
  off: Listen<this, Events>;
  removeListener: Listen<this, Events>;
  removeAllListeners(event?: keyof Events): this;
  waitForEvent<K extends keyof Events>(event: K, options?: EventMatch<Events[K]>): Promise<Events[K]>;
}

type Listen<Self, Events> = <K extends keyof Events>(event: K, listener: (payload: Events[K]) => any) => Self;
type EventMatch<T> = ((payload: T) => boolean | Promise<boolean>) | { predicate?: (payload: T) => boolean | Promise<boolean>; timeout?: number };

interface NetworkEvents extends Record<"request" | "requestfailed" | "requestfinished", PageRequest> {
  response: PageResponse;
  console: ConsoleMessage;
  dialog: Dialog;
}

interface ContextEvents extends NetworkEvents {
  close: BrowserContext;
  page: Page;
  weberror: WebError;
  serviceworker: PageWorker;
  backgroundpage: Page;
}

interface PageEvents extends NetworkEvents, Record<"frameattached" | "framedetached" | "framenavigated", Frame>, Record<"close" | "crash" | "domcontentloaded" | "load" | "popup", Page> {
  pageerror: Error;
  download: Download;
  filechooser: FileChooser;
  websocket: PageWebSocket;
  worker: PageWorker;
}

/** What pages and contexts have in common. */
interface Routing {
  route(url: UrlMatch, handler: RouteHandler, options?: { times?: number }): Promise<Disposing>;
  unroute(url: UrlMatch, handler?: RouteHandler): Promise<void>;
  unrouteAll(options?: { behavior?: "wait" | "ignoreErrors" | "default" }): Promise<void>;
  routeWebSocket(url: UrlMatch, handler: (socket: WebSocketRoute) => any): Promise<void>;
  exposeFunction(name: string, callback: (...args: any[]) => any): Promise<Disposing>;
  addInitScript<A = any>(script: string | ((arg: A) => any) | { content?: string; path?: string }, arg?: A): Promise<Disposing>;
}

type RouteHandler = (route: Route, request: PageRequest) => any;

interface Disposing extends AsyncDisposable { dispose(): Promise<void>; }

interface CDPSession {
  send(method: string, params?: object): Promise<any>;
  on(event: string, listener: (params: any) => void): this;
  once(event: string, listener: (params: any) => void): this;
  off(event: string, listener: (params: any) => void): this;
  detach(): Promise<void>;
}

type LoadState = "load" | "domcontentloaded" | "networkidle" | "commit";
type UrlMatch = string | RegExp | ((url: URL) => boolean);
type PageFunction<A, R> = string | ((arg: Unboxed<A>) => R | Promise<R>);
type OnElement<R, A> = string | ((element: any, arg: Unboxed<A>) => R | Promise<R>);
/** In the page, handles are what they stand for. */
type Unboxed<A> = A extends JSHandle ? any
  : A extends Date | RegExp | Uint8Array ? A
  : A extends object ? { [K in keyof A]: Unboxed<A[K]> }
  : A;
type RequestMatch = string | RegExp | ((request: PageRequest) => boolean | Promise<boolean>);
type ResponseMatch = string | RegExp | ((response: PageResponse) => boolean | Promise<boolean>);

interface NavigationOptions { timeout?: number; waitUntil?: LoadState; }

interface ActionOptions { timeout?: number; force?: boolean; noWaitAfter?: boolean; trial?: boolean; }

interface ClickOptions extends ActionOptions {
  button?: "left" | "right" | "middle";
  clickCount?: number;
  delay?: number;
  modifiers?: ("Alt" | "Control" | "ControlOrMeta" | "Meta" | "Shift")[];
  position?: { x: number; y: number };
}

interface RoleOptions {
  name?: string | RegExp;
  exact?: boolean;
  checked?: boolean;
  disabled?: boolean;
  expanded?: boolean;
  includeHidden?: boolean;
  level?: number;
  pressed?: boolean;
  selected?: boolean;
}

interface TextOptions { exact?: boolean; }

interface LocatorOptions {
  has?: Locator;
  hasNot?: Locator;
  hasText?: string | RegExp;
  hasNotText?: string | RegExp;
  visible?: boolean;
}

interface LocatorFactory {
  locator(selector: string, options?: LocatorOptions): Locator;
  getByRole(role: string, options?: RoleOptions): Locator;
  getByText(text: string | RegExp, options?: TextOptions): Locator;
  getByLabel(text: string | RegExp, options?: TextOptions): Locator;
  getByPlaceholder(text: string | RegExp, options?: TextOptions): Locator;
  getByAltText(text: string | RegExp, options?: TextOptions): Locator;
  getByTitle(text: string | RegExp, options?: TextOptions): Locator;
  getByTestId(testId: string | RegExp): Locator;
  frameLocator(selector: string): FrameLocator;
}

interface FrameLocator extends LocatorFactory {
  first(): FrameLocator;
  last(): FrameLocator;
  nth(index: number): FrameLocator;
  owner(): Locator;
}

interface Actions {
  click(options?: ClickOptions): Promise<void>;
  dblclick(options?: ClickOptions): Promise<void>;
  tap(options?: ActionOptions): Promise<void>;
  hover(options?: ActionOptions): Promise<void>;
  fill(value: string, options?: ActionOptions): Promise<void>;
  press(key: string, options?: ActionOptions & { delay?: number }): Promise<void>;
  check(options?: ActionOptions): Promise<void>;
  uncheck(options?: ActionOptions): Promise<void>;
  setChecked(checked: boolean, options?: ActionOptions): Promise<void>;
  selectOption(values: SelectValue | SelectValue[] | null, options?: ActionOptions): Promise<string[]>;
  setInputFiles(files: InputFile | InputFile[], options?: ActionOptions): Promise<void>;
  focus(options?: { timeout?: number }): Promise<void>;
  textContent(options?: { timeout?: number }): Promise<string | null>;
  innerText(options?: { timeout?: number }): Promise<string>;
  innerHTML(options?: { timeout?: number }): Promise<string>;
  inputValue(options?: { timeout?: number }): Promise<string>;
  getAttribute(name: string, options?: { timeout?: number }): Promise<string | null>;
  isVisible(options?: { timeout?: number }): Promise<boolean>;
  isHidden(options?: { timeout?: number }): Promise<boolean>;
  isEnabled(options?: { timeout?: number }): Promise<boolean>;
  isDisabled(options?: { timeout?: number }): Promise<boolean>;
  isEditable(options?: { timeout?: number }): Promise<boolean>;
  isChecked(options?: { timeout?: number }): Promise<boolean>;
  type(text: string, options?: { delay?: number; timeout?: number }): Promise<void>;
  dispatchEvent(type: string, eventInit?: object, options?: { timeout?: number }): Promise<void>;
}

type SelectValue = string | { value?: string; label?: string; index?: number };
type InputFile = string | { name: string; mimeType: string; buffer: Uint8Array };

interface Locator extends LocatorFactory, Actions {
  first(): Locator;
  last(): Locator;
  nth(index: number): Locator;
  and(other: Locator): Locator;
  or(other: Locator): Locator;
  filter(options?: LocatorOptions): Locator;
  all(): Promise<Locator[]>;
  count(): Promise<number>;
  allTextContents(): Promise<string[]>;
  allInnerTexts(): Promise<string[]>;
  boundingBox(
    options?: { timeout?: number },
  ): Promise<{ x: number; y: number; width: number; height: number } | null>;
  blur(options?: { timeout?: number }): Promise<void>;
  clear(options?: ActionOptions): Promise<void>;
  pressSequentially(text: string, options?: { delay?: number; timeout?: number }): Promise<void>;
  dragTo(target: Locator, options?: ActionOptions): Promise<void>;
  drop(payload: { files?: InputFile | InputFile[]; data?: Record<string, string> }, options?: ActionOptions): Promise<void>;
  page(): Page;
  contentFrame(): FrameLocator;
  describe(description: string): Locator;
  description(): string | null;
  highlight(): Promise<void>;
  ariaSnapshot(options?: { timeout?: number }): Promise<string>;
  elementHandle(options?: { timeout?: number }): Promise<ElementHandle>;
  elementHandles(): Promise<ElementHandle[]>;
  evaluateHandle<R = any, A = any>(fn: OnElement<R, A>, arg?: A): Promise<JSHandle>;
  scrollIntoViewIfNeeded(options?: { timeout?: number }): Promise<void>;
  selectText(options?: ActionOptions): Promise<void>;
  screenshot(options?: ScreenshotOptions): Promise<Uint8Array>;
  evaluate<R = any, A = any>(
    fn: PageFunction<any, R> | ((element: any, arg: A) => R | Promise<R>),
    arg?: A,
  ): Promise<R>;
  evaluateAll<R = any, A = any>(
    fn: string | ((elements: any[], arg: A) => R | Promise<R>),
    arg?: A,
  ): Promise<R>;
  waitFor(
    options?: { state?: "attached" | "detached" | "visible" | "hidden"; timeout?: number },
  ): Promise<void>;
}

interface ScreenshotOptions {
  /** A path in the runtime's files. */
  path?: string;
  type?: "png" | "jpeg";
  quality?: number;
  fullPage?: boolean;
  clip?: { x: number; y: number; width: number; height: number };
  omitBackground?: boolean;
  animations?: "disabled" | "allow";
  caret?: "hide" | "initial";
  scale?: "css" | "device";
  mask?: Locator[];
  maskColor?: string;
  style?: string;
  stylePath?: string | string[];
  timeout?: number;
}

type SelectorActions = {
  [K in keyof Actions]: Actions[K] extends (...args: infer A) => infer R ? (selector: string, ...args: A) => R
    : never;
};

interface Frame extends LocatorFactory, SelectorActions {
  url(): string;
  page(): Page;
  name(): string;
  parentFrame(): Frame | null;
  childFrames(): Frame[];
  isDetached(): boolean;
  frameElement(): Promise<ElementHandle>;
  title(): Promise<string>;
  content(): Promise<string>;
  setContent(html: string, options?: NavigationOptions): Promise<void>;
  goto(url: string, options?: NavigationOptions & { referer?: string }): Promise<PageResponse | null>;
  evaluate<R = any, A = any>(fn: PageFunction<A, R>, arg?: A): Promise<R>;
  evaluateHandle<R = any, A = any>(fn: PageFunction<A, R>, arg?: A): Promise<JSHandle>;
  $(selector: string): Promise<ElementHandle | null>;
  $$(selector: string): Promise<ElementHandle[]>;
  $eval<R = any, A = any>(selector: string, fn: OnElement<R, A>, arg?: A): Promise<R>;
  $$eval<R = any, A = any>(selector: string, fn: string | ((elements: any[], arg: A) => R | Promise<R>), arg?: A): Promise<R>;
  addScriptTag(options: { url?: string; path?: string; content?: string; type?: string }): Promise<ElementHandle>;
  addStyleTag(options: { url?: string; path?: string; content?: string }): Promise<ElementHandle>;
  dragAndDrop(source: string, target: string, options?: ActionOptions): Promise<void>;
  waitForSelector(selector: string, options?: { state?: string; timeout?: number }): Promise<ElementHandle | null>;
  waitForNavigation(options?: NavigationOptions & { url?: UrlMatch }): Promise<PageResponse | null>;
  waitForFunction<R = any, A = any>(
    fn: PageFunction<A, R>,
    arg?: A,
    options?: { timeout?: number },
  ): Promise<any>;
  waitForLoadState(state?: LoadState, options?: { timeout?: number }): Promise<void>;
  waitForTimeout(timeoutMs: number): Promise<void>;
  waitForURL(url: UrlMatch, options?: NavigationOptions): Promise<void>;
}

interface Page extends Omit<Frame, "page" | "name" | "parentFrame" | "childFrames" | "isDetached" | "frameElement">, Routing, Emitter<PageEvents>, AsyncDisposable {
  readonly keyboard: Keyboard;
  readonly mouse: Mouse;
  readonly touchscreen: { tap(x: number, y: number): Promise<void> };
  readonly clock: PageClock;
  readonly localStorage: PageStorage;
  readonly sessionStorage: PageStorage;
  readonly request: PageRequestApi;
  context(): BrowserContext;
  target(): { createCDPSession(): Promise<CDPSession> };
  mainFrame(): Frame;
  frames(): Frame[];
  workers(): PageWorker[];
  opener(): Promise<Page | null>;
  frame(selector: string | { name?: string; url?: UrlMatch }): Frame | null;
  close(options?: { runBeforeUnload?: boolean; reason?: string }): Promise<void>;
  isClosed(): boolean;
  reload(options?: NavigationOptions): Promise<PageResponse | null>;
  goBack(options?: NavigationOptions): Promise<PageResponse | null>;
  goForward(options?: NavigationOptions): Promise<PageResponse | null>;
  bringToFront(): Promise<void>;
  screenshot(options?: ScreenshotOptions): Promise<Uint8Array>;
  pdf(options?: { path?: string; [option: string]: unknown }): Promise<Uint8Array>;
  setViewportSize(size: { width: number; height: number }): Promise<void>;
  viewportSize(): { width: number; height: number } | null;
  emulateMedia(
    options?: {
      media?: "screen" | "print" | null;
      colorScheme?: string | null;
      reducedMotion?: string | null;
    },
  ): Promise<void>;
  setExtraHTTPHeaders(headers: Record<string, string>): Promise<void>;
  setDefaultTimeout(timeoutMs: number): Promise<void>;
  setDefaultNavigationTimeout(timeoutMs: number): Promise<void>;
  waitForRequest(match: RequestMatch, options?: { timeout?: number }): Promise<PageRequest>;
  waitForResponse(match: ResponseMatch, options?: { timeout?: number }): Promise<PageResponse>;
  ariaSnapshot(options?: { timeout?: number }): Promise<string>;
  addLocatorHandler(locator: Locator, handler: (locator: Locator) => any, options?: { times?: number; noWaitAfter?: boolean }): Promise<void>;
  removeLocatorHandler(locator: Locator): Promise<void>;
  requestGC(): Promise<void>;
  consoleMessages(): Promise<ConsoleMessage[]>;
  pageErrors(): Promise<Error[]>;
  requests(): Promise<PageRequest[]>;
}

interface ApiResponse {
  url(): string;
  status(): number;
  statusText(): string;
  ok(): boolean;
  headers(): Record<string, string>;
  text(): Promise<string>;
  json(): Promise<any>;
  body(): Promise<Uint8Array>;
}

interface PageResponse extends ApiResponse {
  allHeaders(): Promise<Record<string, string>>;
  headerValue(name: string): Promise<string | null>;
  headerValues(name: string): Promise<string[]>;
  headersArray(): Promise<{ name: string; value: string }[]>;
  finished(): Promise<null | Error>;
  frame(): Frame;
  fromServiceWorker(): boolean;
  request(): PageRequest;
}

interface PageRequest {
  url(): string;
  method(): string;
  headers(): Record<string, string>;
  allHeaders(): Promise<Record<string, string>>;
  headerValue(name: string): Promise<string | null>;
  postData(): string | null;
  postDataBuffer(): Uint8Array | null;
  postDataJSON(): any;
  resourceType(): string;
  failure(): any;
  frame(): Frame;
  isNavigationRequest(): boolean;
  redirectedFrom(): PageRequest | null;
  redirectedTo(): PageRequest | null;
  response(): Promise<PageResponse | null>;
  timing(): any;
}

interface RequestOverrides { url?: string; method?: string; headers?: Record<string, string>; postData?: string | Uint8Array | object; }

interface FulfilOptions extends Omit<RequestOverrides, "method" | "url" | "postData"> {
  status?: number;
  contentType?: string;
  body?: string | Uint8Array;
  json?: any;
  path?: string;
  response?: ApiResponse;
}

interface Route {
  request(): PageRequest;
  abort(errorCode?: string): Promise<void>;
  continue(options?: RequestOverrides): Promise<void>;
  fallback(options?: RequestOverrides): Promise<void>;
  fetch(options?: RequestOverrides & { timeout?: number; maxRedirects?: number }): Promise<ApiResponse>;
  fulfill(options?: FulfilOptions): Promise<void>;
}

interface WebSocketRoute {
  url(): string;
  send(message: string | Uint8Array): void;
  close(options?: { code?: number; reason?: string }): Promise<void>;
  connectToServer(): WebSocketRoute;
  onMessage(handler: (message: string | Uint8Array) => any): void;
  onClose(handler: (code: number | undefined, reason: string | undefined) => any): void;
}

interface PageWebSocket extends Emitter<{ close: any; framereceived: any; framesent: any; socketerror: string }> {
  url(): string;
  isClosed(): boolean;
}

interface PageWorker extends Emitter<{ close: PageWorker; console: ConsoleMessage }> {
  url(): string;
  evaluate<R = any, A = any>(fn: PageFunction<A, R>, arg?: A): Promise<R>;
  evaluateHandle<R = any, A = any>(fn: PageFunction<A, R>, arg?: A): Promise<JSHandle>;
}

interface JSHandle extends AsyncDisposable {
  asElement(): ElementHandle | null;
  dispose(): Promise<void>;
  evaluate<R = any, A = any>(fn: OnElement<R, A>, arg?: A): Promise<R>;
  evaluateHandle<R = any, A = any>(fn: OnElement<R, A>, arg?: A): Promise<JSHandle>;
  getProperties(): Promise<Map<string, JSHandle>>;
  getProperty(name: string): Promise<JSHandle>;
  jsonValue(): Promise<any>;
}

interface ElementHandle extends JSHandle, Actions {
  $(selector: string): Promise<ElementHandle | null>;
  $$(selector: string): Promise<ElementHandle[]>;
  boundingBox(): Promise<{ x: number; y: number; width: number; height: number } | null>;
  contentFrame(): Promise<Frame | null>;
  ownerFrame(): Promise<Frame | null>;
  screenshot(options?: ScreenshotOptions): Promise<Uint8Array>;
}

interface ConsoleMessage {
  type(): string;
  text(): string;
  args(): JSHandle[];
  location(): { url: string; lineNumber: number; columnNumber: number };
  page(): Page | null;
}

interface WebError { error(): Error; page(): Page | null; }

interface Dialog {
  type(): string;
  message(): string;
  defaultValue(): string;
  accept(promptText?: string): Promise<void>;
  dismiss(): Promise<void>;
  page(): Page | null;
}

interface Download {
  url(): string;
  suggestedFilename(): string;
  failure(): Promise<string | null>;
  cancel(): Promise<void>;
  delete(): Promise<void>;
  page(): Page;
  /** Into the runtime's files. */
  saveAs(path: string): Promise<void>;
}

interface FileChooser {
  element(): ElementHandle;
  isMultiple(): boolean;
  page(): Page;
  setFiles(files: InputFile | InputFile[], options?: ActionOptions): Promise<void>;
}

interface PageClock {
  install(options?: { time?: number | string | Date }): Promise<void>;
  fastForward(ticks: number | string): Promise<void>;
  runFor(ticks: number | string): Promise<void>;
  pauseAt(time: number | string | Date): Promise<void>;
  resume(): Promise<void>;
  setFixedTime(time: number | string | Date): Promise<void>;
  setSystemTime(time: number | string | Date): Promise<void>;
}

interface PageStorage {
  getItem(name: string): Promise<string | null>;
  items(): Promise<{ name: string; value: string }[]>;
  setItem(name: string, value: string): Promise<void>;
  removeItem(name: string): Promise<void>;
  clear(): Promise<void>;
}

interface PageRequestApi {
  fetch(url: string | PageRequest, options?: object): Promise<ApiResponse>;
  get(url: string, options?: object): Promise<ApiResponse>;
  post(url: string, options?: object): Promise<ApiResponse>;
  put(url: string, options?: object): Promise<ApiResponse>;
  patch(url: string, options?: object): Promise<ApiResponse>;
  delete(url: string, options?: object): Promise<ApiResponse>;
  head(url: string, options?: object): Promise<ApiResponse>;
}

interface Keyboard {
  down(key: string): Promise<void>;
  up(key: string): Promise<void>;
  press(key: string, options?: { delay?: number }): Promise<void>;
  type(text: string, options?: { delay?: number }): Promise<void>;
  insertText(text: string): Promise<void>;
}

interface Mouse {
  move(x: number, y: number, options?: { steps?: number }): Promise<void>;
  click(
    x: number,
    y: number,
    options?: { button?: string; clickCount?: number; delay?: number },
  ): Promise<void>;
  dblclick(x: number, y: number, options?: { button?: string; delay?: number }): Promise<void>;
  down(options?: { button?: string; clickCount?: number }): Promise<void>;
  up(options?: { button?: string; clickCount?: number }): Promise<void>;
  wheel(deltaX: number, deltaY: number): Promise<void>;
}

/** Matchers of pages and locators; they wait until the condition holds. */
interface Matchers<R> {
  toHaveTitle(expected: string | RegExp, options?: { timeout?: number }): Promise<void>;
  toHaveURL(expected: string | RegExp | ((url: URL) => boolean), options?: { timeout?: number }): Promise<void>;
  toBeVisible(options?: { timeout?: number; visible?: boolean }): Promise<void>;
  toBeHidden(options?: { timeout?: number }): Promise<void>;
  toBeAttached(options?: { timeout?: number }): Promise<void>;
  toBeEnabled(options?: { timeout?: number }): Promise<void>;
  toBeDisabled(options?: { timeout?: number }): Promise<void>;
  toBeEditable(options?: { timeout?: number }): Promise<void>;
  toBeChecked(options?: { timeout?: number; checked?: boolean }): Promise<void>;
  toBeEmpty(options?: { timeout?: number }): Promise<void>;
  toBeFocused(options?: { timeout?: number }): Promise<void>;
  toBeInViewport(options?: { timeout?: number; ratio?: number }): Promise<void>;
  toHaveText(
    expected: string | RegExp | readonly (string | RegExp)[],
    options?: { timeout?: number; ignoreCase?: boolean },
  ): Promise<void>;
  toContainText(
    expected: string | RegExp | readonly (string | RegExp)[],
    options?: { timeout?: number; ignoreCase?: boolean },
  ): Promise<void>;
  toHaveCount(count: number, options?: { timeout?: number }): Promise<void>;
  toHaveValue(value: string | RegExp, options?: { timeout?: number }): Promise<void>;
  toHaveValues(values: readonly (string | RegExp)[], options?: { timeout?: number }): Promise<void>;
  toHaveAttribute(name: string, value?: string | RegExp, options?: { timeout?: number }): Promise<void>;
  toHaveClass(
    expected: string | RegExp | readonly (string | RegExp)[],
    options?: { timeout?: number },
  ): Promise<void>;
  toContainClass(expected: string | readonly string[], options?: { timeout?: number }): Promise<void>;
  toHaveCSS(name: string, value: string | RegExp, options?: { timeout?: number }): Promise<void>;
  toHaveId(id: string | RegExp, options?: { timeout?: number }): Promise<void>;
  toHaveJSProperty(name: string, value: unknown, options?: { timeout?: number }): Promise<void>;
  toHaveAccessibleErrorMessage(message: string | RegExp, options?: { timeout?: number }): Promise<void>;
  toMatchAriaSnapshot(snapshot: string, options?: { timeout?: number }): Promise<void>;
  toBeOK(): Promise<void>;
  toHaveRole(role: string, options?: { timeout?: number }): Promise<void>;
  toHaveAccessibleName(name: string | RegExp, options?: { timeout?: number }): Promise<void>;
  toHaveAccessibleDescription(description: string | RegExp, options?: { timeout?: number }): Promise<void>;
}
