// Stands in for `jest-mock`: the functions behind `jest` in the test runtime.
const { jest } = globalThis;
export const { fn, mocked, replaceProperty, spyOn } = jest;

/** Jest's class, one for each realm. Metadata is the value itself: only what is made from it can be compared. */
export class ModuleMocker {
  fn = fn;
  spyOn = spyOn;
  replaceProperty = replaceProperty;
  isMockFunction = jest.isMockFunction;
  clearAllMocks = jest.clearAllMocks;
  resetAllMocks = jest.resetAllMocks;
  restoreAllMocks = jest.restoreAllMocks;

  getMetadata(value) {
    return { of: value };
  }

  generateFromMetadata({ of }) {
    return jest.mockObject(of);
  }
}
