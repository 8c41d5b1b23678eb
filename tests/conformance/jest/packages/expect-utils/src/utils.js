// Stands in for Jest's module of equality functions: ours, from the source of the test framework.
import { followPath } from "/framework/expect/testers.js";

export {
  arrayBufferEquality,
  iterableEquality,
  objectSubset as getObjectSubset,
  subsetEquality,
  typeEquality,
} from "/framework/expect/testers.js";

/** Jest's names for what `followPath` gives. */
export function getPath(object, path) {
  const { value, found, defined, lastObject, traversed } = followPath(object, path);
  const broken = traversed.length < path.split(".").length - 1;
  return {
    ...(broken ? {} : { endPropIsDefined: defined }),
    hasEndProp: found,
    lastTraversedObject: lastObject,
    traversedPath: traversed,
    value,
  };
}

/** Ours has no such function. */
export const emptyObject = undefined;
