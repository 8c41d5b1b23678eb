// Stands in for `jest-matcher-utils`: what matchers of the test runtime get as `this.utils`.
import { utils } from "@jest/expect-utils";

export const {
  BOLD_WEIGHT,
  DIM_COLOR,
  EXPECTED_COLOR,
  INVERTED_COLOR,
  RECEIVED_COLOR,
  SUGGEST_TO_CONTAIN_EQUAL,
  diff,
  ensureActualIsNumber,
  ensureExpectedIsNonNegativeInteger,
  ensureExpectedIsNumber,
  ensureNoExpected,
  ensureNumbers,
  getLabelPrinter,
  matcherErrorMessage,
  matcherHint,
  pluralize,
  printDiffOrStringify,
  printExpected,
  printReceived,
  printWithType,
  replaceMatchedToAsymmetricMatcher,
  stringify,
} = utils;
export const MatcherHintOptions = undefined; // a type, which Jest's files import among the values
