// @ts-check
// What assertions need to know of the test that they run in. Concurrent tests have a state each: the
// runner tells which one is current.

/**
 * @typedef {object} ExpectState
 * @property {number} assertionCalls
 * @property {number | null} expectedAssertionsNumber
 * @property {Error} [expectedAssertionsNumberError]
 * @property {boolean} isExpectingAssertions
 * @property {Error} [isExpectingAssertionsError]
 * @property {number} numPassingAsserts
 * @property {any[]} suppressedErrors failures of soft assertions
 * @property {string} [currentTestName] titles joined by spaces
 * @property {string} [testPath]
 * @property {any} [snapshotState]
 */

/** @returns {ExpectState} */
export function freshState() {
  return {
    assertionCalls: 0,
    expectedAssertionsNumber: null,
    isExpectingAssertions: false,
    numPassingAsserts: 0,
    suppressedErrors: [],
  };
}

const outsideTests = freshState();
/** @type {() => ExpectState | undefined} */
let current = () => undefined;
/** @type {any[]} */
const testers = [];

/** Says how to find the state of the running test. @param {() => ExpectState | undefined} find */
export function locateState(find) {
  current = find;
}

/** @returns {ExpectState} */
export function matcherState() {
  return current() ?? outsideTests;
}

/** @param {Partial<ExpectState>} changes */
export function changeState(changes) {
  Object.assign(matcherState(), changes);
}

export function customTesters() {
  return testers;
}

/** @param {any} added */
export function addCustomTesters(added) {
  if (!Array.isArray(added)) {
    throw new TypeError(
      `expect.customEqualityTesters: Must be set to an array of Testers. Was given "${typeof added}"`,
    );
  }
  testers.push(...added);
}
