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

interface BrowserFactory {
  newContext(options?: BrowserContextOptions): Promise<BrowserContext>;
  contexts(): Promise<BrowserContext[]>;
}

declare var browser: BrowserFactory;

interface BrowserContext {
  newPage(): Promise<Page>;
  pages(): Promise<Page[]>;
  close(): Promise<void>;
  cookies(urls?: string | string[]): Promise<BrowserCookie[]>;
  addCookies(cookies: BrowserCookie[]): Promise<void>;
  clearCookies(
    options?: { name?: string | RegExp; domain?: string | RegExp; path?: string | RegExp },
  ): Promise<void>;
  storageState(options?: { path?: string; indexedDB?: boolean }): Promise<StorageState>;
  newCDPSession(page: Page): Promise<CDPSession>;
  setDefaultTimeout(timeoutMs: number): Promise<void>;
  setDefaultNavigationTimeout(timeoutMs: number): Promise<void>;
  setExtraHTTPHeaders(headers: Record<string, string>): Promise<void>;
}

interface CDPSession {
  send(method: string, params?: object): Promise<any>;
  on(event: string, listener: (params: any) => void): this;
  once(event: string, listener: (params: any) => void): this;
  off(event: string, listener: (params: any) => void): this;
  detach(): Promise<void>;
}

type LoadState = "load" | "domcontentloaded" | "networkidle" | "commit";
type UrlMatch = string | RegExp | ((url: URL) => boolean);
type PageFunction<A, R> = string | ((arg: A) => R | Promise<R>);

interface NavigationOptions {
  timeout?: number;
  waitUntil?: LoadState;
}

interface ActionOptions {
  timeout?: number;
  force?: boolean;
  noWaitAfter?: boolean;
  trial?: boolean;
}

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

interface TextOptions {
  exact?: boolean;
}

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
  dispatchEvent(type: string, eventInit?: object, options?: { timeout?: number }): Promise<void>;
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
  timeout?: number;
}

type SelectorActions = {
  [K in keyof Actions]: Actions[K] extends (...args: infer A) => infer R ? (selector: string, ...args: A) => R
    : never;
};

interface Frame extends LocatorFactory, SelectorActions {
  url(): string;
  name(): string;
  title(): Promise<string>;
  content(): Promise<string>;
  setContent(html: string, options?: NavigationOptions): Promise<void>;
  goto(url: string, options?: NavigationOptions & { referer?: string }): Promise<PageResponse | null>;
  evaluate<R = any, A = any>(fn: PageFunction<A, R>, arg?: A): Promise<R>;
  waitForSelector(selector: string, options?: { state?: string; timeout?: number }): Promise<any>;
  waitForFunction<R = any, A = any>(
    fn: PageFunction<A, R>,
    arg?: A,
    options?: { timeout?: number },
  ): Promise<any>;
  waitForLoadState(state?: LoadState, options?: { timeout?: number }): Promise<void>;
  waitForTimeout(timeoutMs: number): Promise<void>;
  waitForURL(url: UrlMatch, options?: NavigationOptions): Promise<void>;
}

interface Page extends Frame {
  readonly keyboard: Keyboard;
  readonly mouse: Mouse;
  readonly request: PageRequestApi;
  context(): BrowserContext;
  target(): { createCDPSession(): Promise<CDPSession> };
  mainFrame(): Frame;
  frames(): Frame[] | Promise<Frame[]>;
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
  addInitScript(
    script: string | (() => void) | { content?: string; path?: string },
    arg?: unknown,
  ): Promise<void>;
  addScriptTag(options: { url?: string; content?: string; type?: string }): Promise<any>;
  addStyleTag(options: { url?: string; content?: string }): Promise<any>;
  waitForRequest(match: UrlMatch, options?: { timeout?: number }): Promise<any>;
  waitForResponse(match: UrlMatch, options?: { timeout?: number }): Promise<PageResponse>;
  waitForEvent(event: string, options?: { timeout?: number }): Promise<any>;
  on(event: string, listener: (payload: any) => void): this;
  once(event: string, listener: (payload: any) => void): this;
  off(event: string, listener: (payload: any) => void): this;
}

interface PageResponse {
  url(): string;
  status(): number;
  statusText(): string;
  ok(): boolean;
  headers(): Record<string, string>;
  text(): Promise<string>;
  json(): Promise<any>;
  body(): Promise<Uint8Array>;
}

interface PageRequestApi {
  fetch(url: string, options?: object): Promise<PageResponse>;
  get(url: string, options?: object): Promise<PageResponse>;
  post(url: string, options?: object): Promise<PageResponse>;
  put(url: string, options?: object): Promise<PageResponse>;
  patch(url: string, options?: object): Promise<PageResponse>;
  delete(url: string, options?: object): Promise<PageResponse>;
  head(url: string, options?: object): Promise<PageResponse>;
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
  toHaveURL(expected: string | RegExp, options?: { timeout?: number }): Promise<void>;
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
  toHaveRole(role: string, options?: { timeout?: number }): Promise<void>;
  toHaveAccessibleName(name: string | RegExp, options?: { timeout?: number }): Promise<void>;
  toHaveAccessibleDescription(description: string | RegExp, options?: { timeout?: number }): Promise<void>;
}
