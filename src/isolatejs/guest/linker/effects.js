// @ts-check
// One algorithm, two ways to wait. `import` may wait, `require` must not: what both need is written as a
// generator that yields effects, and run by the driver that fits.

/**
 * @typedef {object} Effect
 * @property {() => Promise<any>} later
 * @property {() => any} now  throws when there is no way to do it without waiting
 */

/**
 * @template T
 * @param {Generator<Effect, T, any>} steps
 * @returns {Promise<T>}
 */
export async function runLater(steps) {
  let step = steps.next();
  while (!step.done) {
    let value;
    try {
      value = await step.value.later();
    } catch (error) {
      step = steps.throw(error);
      continue;
    }
    step = steps.next(value);
  }
  return step.value;
}

/**
 * @template T
 * @param {Generator<Effect, T, any>} steps
 * @returns {T}
 */
export function runNow(steps) {
  let step = steps.next();
  while (!step.done) {
    let value;
    try {
      value = step.value.now();
    } catch (error) {
      step = steps.throw(error);
      continue;
    }
    step = steps.next(value);
  }
  return step.value;
}

/**
 * Several algorithms at once; in turn when waiting is not possible.
 * @param {Generator<Effect, any, any>[]} all
 * @returns {Effect}
 */
export function together(all) {
  return {
    later: () => Promise.all(all.map(runLater)),
    now: () => all.map(runNow),
  };
}
