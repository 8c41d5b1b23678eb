// @ts-check
// What node:test adds to the context of a test: `t.test`, `t.plan`, `t.diagnostic`, `t.mock`, hooks of `t`.

/**
 * @param {any} attempt @param {any} context @param {(run: () => any, timeoutMs: number, what: string) => any} withTimeout
 */
export function nodeTestContext(attempt, context, withTimeout) {
  /** @type {Array<() => any>} */
  const before = [];
  /** @type {Array<() => any>} */
  const after = [];
  let started = 0;

  /** A subtest runs at once; its failure is the test's. @param {any} title @param {...any} rest */
  const subtest = async (title, ...rest) => {
    const fn = rest.findLast((item) => typeof item === "function") ??
      (typeof title === "function" ? title : undefined);
    const options = rest.find((item) => typeof item === "object" && item !== null) ?? {};
    const name = typeof title === "string" ? title : fn?.name || "<anonymous>";
    started++;
    if (fn === undefined || options.skip || options.todo) return;
    const own = { ...context, name, fullName: `${context.fullName} > ${name}` };
    Object.assign(own, nodeTestContext(attempt, own, withTimeout));
    try {
      for (const hook of before) await hook();
      await withTimeout(
        () => fn(own),
        options.timeout ?? attempt.settings.timeoutMs,
        `the subtest "${name}"`,
      );
    } catch (/** @type {any} */ error) {
      if (error instanceof Error) error.message = `${name}: ${error.message}`;
      attempt.fail(error);
    } finally {
      for (const hook of after) await hook();
    }
  };

  return {
    test: subtest,
    it: subtest,
    diagnostic: () => {},
    todo: (/** @type {string} */ message) => context.skip(message ?? "todo"),
    runOnly: () => {},
    beforeEach: (/** @type {() => any} */ fn) => void before.push(fn),
    afterEach: (/** @type {() => any} */ fn) => void after.push(fn),
    before: (/** @type {() => any} */ fn) => fn(),
    after: (/** @type {() => any} */ fn) => context.onTestFinished(fn),
    /** The number of assertions (`t.assert`) and subtests that the test must make. @param {number} count */
    plan: (count) => {
      context.onTestFinished(() => {
        const made = started + attempt.state.assertionCalls;
        if (made !== count) throw new Error(`plan expected ${count} assertions but received ${made}`);
      });
    },
  };
}
