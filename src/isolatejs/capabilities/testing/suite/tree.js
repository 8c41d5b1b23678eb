// @ts-check
// Suites and tests as the file defines them, and which of them a run takes.

/** @typedef {"run" | "only" | "skip" | "todo"} Mode */
/** @typedef {"beforeAll" | "afterAll" | "beforeEach" | "afterEach"} HookKind */
/** @typedef {{fn: Function, timeoutMs: number | undefined, site: import("./stack.js").CallSite}} Hook */
/**
 * @typedef {object} NodeOptions
 * @property {Mode} [mode] @property {boolean} [concurrent] @property {boolean} [fails]
 * @property {number} [timeoutMs] @property {number} [retry] @property {number} [repeats]
 * @property {import("./stack.js").CallSite} [site] where it is defined
 * @property {any} [fixtures]
 * @property {any[]} [args] arguments of `each`, given before the context
 */

export class Suite {
  /** @type {Array<Suite | Test>} */ children = [];
  /** @type {Record<HookKind, Hook[]>} */ hooks = {
    beforeAll: [],
    afterAll: [],
    beforeEach: [],
    afterEach: [],
  };
  /** @type {Promise<any>[]} bodies that are still being run */ pending = [];
  /** @type {Array<() => void>} bodies to run when the file has been evaluated */ deferred = [];
  /** @type {Error | null} */ definitionError = null;
  id = 0;

  /** @param {string} title @param {Suite | null} parent @param {NodeOptions} [options] */
  constructor(title, parent, options = {}) {
    this.title = title;
    this.parent = parent;
    this.options = options;
    this.mode = options.mode ?? "run";
    /** @type {number} */
    this.depth = parent === null ? -1 : parent.depth + 1;
  }

  /** Forgets what its body has defined. */
  clear() {
    this.children = [];
    this.hooks = { beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] };
  }

  /** Titles from the outermost suite down; the root has none. @returns {string[]} */
  get path() {
    return this.parent === null ? [] : [...this.parent.path, this.title];
  }

  /** @template {keyof NodeOptions} K @param {K} name @returns {NodeOptions[K]} the nearest suite's value */
  inherited(name) {
    return this.options[name] ?? this.parent?.inherited(name);
  }

  /** @returns {Generator<Test>} */
  *tests() {
    for (const child of this.children) {
      if (child instanceof Suite) yield* child.tests();
      else yield child;
    }
  }

  /** @returns {Generator<Suite>} this and all below */
  *suites() {
    yield this;
    for (const child of this.children) {
      if (child instanceof Suite) yield* child.suites();
    }
  }
}

export class Test {
  id = 0;
  /** @type {"run" | "skip" | "todo"} decided by selectTests */ plan = "run";
  /** @type {string | undefined} why it is skipped */ reason;

  /** @param {string} title @param {Suite} suite @param {Function | undefined} fn @param {NodeOptions} options */
  constructor(title, suite, fn, options) {
    this.title = title;
    this.suite = suite;
    this.fn = fn;
    this.options = options;
    this.mode = options.mode ?? "run";
  }

  get titles() {
    return [...this.suite.path, this.title];
  }

  /** @template {keyof NodeOptions} K @param {K} name @returns {NodeOptions[K]} its own value or the nearest suite's */
  setting(name) {
    return this.options[name] ?? this.suite.inherited(name);
  }
}

/** @param {Suite | Test} node @returns {boolean} */
function hasOnlyBelow(node) {
  if (node instanceof Test) return node.mode === "only";
  return node.children.some((child) => child.mode === "only" || hasOnlyBelow(child));
}

/** Names are matched as Jest writes them and as results do. @param {RegExp} pattern @param {string[]} titles */
function matches(pattern, titles) {
  return pattern.test(titles.join(" ")) || pattern.test(titles.join(" > "));
}

/**
 * Decides for every test whether it runs: only, skip and todo, and the name filter.
 * @param {Suite} root @param {{pattern?: RegExp | null, ids?: Set<number> | null}} filter
 */
export function selectTests(root, { pattern = null, ids = null }) {
  const onlyMode = hasOnlyBelow(root);
  let nextSuite = 0;
  let nextTest = 0;
  for (const suite of root.suites()) suite.id = nextSuite++;
  for (const test of root.tests()) test.id = ++nextTest;

  /** @param {Suite} suite @param {boolean} chosen @param {"run" | "skip" | "todo"} inherited */
  const visit = (suite, chosen, inherited) => {
    for (const child of suite.children) {
      const own = child.mode === "skip" || child.mode === "todo" ? child.mode : inherited;
      if (child instanceof Suite) {
        const below = hasOnlyBelow(child);
        visit(child, (child.mode === "only" || chosen) && !below, own);
        continue;
      }
      child.plan = own;
      if (own === "run" && onlyMode && !chosen && child.mode !== "only") {
        child.plan = "skip";
      }
      if (child.plan === "run" && pattern !== null && !matches(pattern, child.titles)) {
        child.plan = "skip";
        child.reason = "its name does not match the pattern";
      }
      if (child.plan === "run" && ids !== null && !ids.has(child.id)) child.plan = "skip";
      if (child.plan === "run" && child.fn === undefined) child.plan = "todo";
    }
  };
  visit(root, !onlyMode, "run");
}
