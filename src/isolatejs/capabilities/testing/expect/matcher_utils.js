// @ts-check
// `this.utils` of custom matchers.

import * as messages from "./messages.js";
import { iterableEquality, subsetEquality } from "./testers.js";

export const matcherUtils = Object.freeze({ ...messages, iterableEquality, subsetEquality });
