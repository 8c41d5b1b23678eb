// @ts-check
// Stack traces as the user should see them: without frames of the kernel, the test framework or the engine.

const OWN_ROOT = new URL("../../../", import.meta.url).href;
const FRAME = /^\s*at /;
const LOCATION =
  /(?:\(|at (?:async )?)((?:[a-z]+:\/\/|\/|[A-Za-z]:|[^\s()]+\.[jt]sx?)[^()\s]*?):(\d{1,9}):(\d{1,9})\)?$/;

/** @param {string} line */
function isHidden(line) {
  return line.includes(OWN_ROOT) || /\((?:ext|node|deno):|at (?:async )?(?:ext|node|deno):/.test(line) ||
    line.includes("<anonymous>)");
}

/** The user's frames of an error, one line each. @param {any} error @returns {string[]} */
export function visibleFrames(error) {
  const stack = typeof error?.stack === "string" ? error.stack : "";
  return stack.split("\n").filter((/** @type {string} */ line) => FRAME.test(line) && !isHidden(line))
    .map((/** @type {string} */ line) => line.trim());
}

/** Frames for a message, indented; empty if there are none. @param {any} error */
export function visibleStack(error) {
  const frames = visibleFrames(error);
  return frames.length === 0 ? "" : `\n${frames.map((frame) => `      ${frame}`).join("\n")}`;
}

/**
 * The place of a frame.
 * @param {string} frame @returns {{filename: string, line: number, column: number} | null}
 */
export function frameLocation(frame) {
  const match = LOCATION.exec(frame);
  if (match === null) return null;
  const filename = match[1].startsWith("file://") ? match[1].slice("file://".length) : match[1];
  return { filename, line: Number(match[2]), column: Number(match[3]) };
}

/** A place in the program that is only looked up when somebody asks. */
export class CallSite {
  /** @type {{stack?: string}} */ #holder = {};

  /** @param {Function} above the frames of this function and below do not count */
  constructor(above) {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 6;
    Error.captureStackTrace(this.#holder, above);
    Error.stackTraceLimit = limit;
  }

  /** @returns {{filename: string, line: number, column: number} | null} */
  get location() {
    const [frame] = visibleFrames(this.#holder);
    return frame === undefined ? null : frameLocation(frame);
  }
}

/** Where the program is now, or was when `error` got its stack: its nearest frame. @param {Error} [error] */
export function callerLocation(error = new Error()) {
  const [frame] = visibleFrames(error);
  return frame === undefined ? null : frameLocation(frame);
}
