// @ts-check
// `node:tty`: nothing here is a terminal.

/** @returns {any} */
export function createTty() {
  return { isatty: () => false, ReadStream: noStream("ReadStream"), WriteStream: noStream("WriteStream") };
}

/** @param {string} name */
function noStream(name) {
  return class {
    constructor() {
      throw Object.assign(new Error(`tty.${name} is not available in this sandbox`), {
        code: "ERR_ACCESS_DENIED",
      });
    }
  };
}
