// Runs programs. A program is a module: strict, its own scope, imports, top-level await. Its value is that of
// its last expression, else its default export.
//
// Most small programs neither import nor await. They run as strict `eval` code, which is the same for them
// (own scope, completion value from V8 itself) and needs no module machinery; everything else, and every
// program that V8 refuses, goes to the linker.
// @ts-check

import { core, runNextTurn } from "../../guest/engine.js";
import { describeError, rememberProgram } from "../../guest/errors.js";
import { loadAcorn } from "../../guest/linker/parser.js";
import { hasPendingTimers, pause } from "../../guest/timers.js";
import {
  ObjectDefineProperty,
  PromisePrototypeThen,
  PromiseWithResolvers,
  queueMicrotask,
  RegExpPrototypeExec,
  SafeMap,
  StringPrototypeIncludes,
  StringPrototypeSlice,
  web,
} from "../../guest/primordials.js";

/** Words and forms whose meaning differs between eval code and a module, or that only a module can hold. */
const NEEDS_MODULE =
  /\b(?:import|export|await|this|arguments|eval|yield|new\s*\.\s*target|enum|namespace|process|Buffer)\b|<!--|-->|^\s*\{|^#!/;
/** Without a call, a tag or an accessor, nothing in the program can have left a promise behind. */
const CALLS_NOTHING = /^[^(`]*$/;
/** A name that can stand in `sourceURL`, and not one of CommonJS. */
const SAFE_FILENAME = /^[^\s'"#?]+(?<!\.c[jt]s)$/i;

/** Strict, sees no binding of the kernel, `this` is undefined as in a module. @type {(source: string) => any} */
const strictEval = (0, eval)(
  '"use strict"; (function () { return (__isolatejs_program__) => eval(__isolatejs_program__); }).call(undefined)',
);

const IDLE_CHECK_MS = 5;
/** As in limits.py. */
const ESCAPED_ERROR_LIMIT = 10_000;

/** Ids of running programs, and how to fail each. @type {Map<number, (error: any) => void>} */
const running = new SafeMap();
const programOf = new core.AsyncVariable();
let lastId = 0;

/** @param {import("../../guest/kernel.js").Kernel} kernel */
export function install(kernel) {
  kernel.channel.handle("evaluation", programs(kernel));
  watchEscapes(kernel);
}

/** What answers the host's messages. @param {import("../../guest/kernel.js").Kernel} kernel */
export function programs(kernel) {
  return {
    /** @param {{code: string, filename: string}} message */
    evaluateProgram({ code, filename }) {
      const quick = quickly(kernel, code, filename);
      return quick === undefined ? slowly(kernel, code, filename) : quick;
    },
    async awaitIdle() {
      await nextTurn();
      while (hasPendingTimers() || kernel.channel.isWaiting) await pause(IDLE_CHECK_MS);
      return null;
    },
  };
}

/** When microtasks and immediates that were due have run. @returns {Promise<void>} */
const nextTurn = () => new Promise((resolve) => runNextTurn(() => runNextTurn(resolve)));

/** Run a program that is plain strict code; undefined when it has to be a module. */
function quickly(
  /** @type {import("../../guest/kernel.js").Kernel} */ kernel,
  /** @type {string} */ code,
  /** @type {string} */ filename,
) {
  if (
    RegExpPrototypeExec(NEEDS_MODULE, code) !== null || RegExpPrototypeExec(SAFE_FILENAME, filename) === null
  ) {
    return undefined;
  }
  rememberProgram(filename, code);
  const source = `${code}\n//# sourceURL=${filename}`;
  if (RegExpPrototypeExec(CALLS_NOTHING, code) !== null) {
    /** @type {any} */
    let value;
    try {
      value = strictEval(source);
    } catch (error) {
      if (isEarlyError(error)) return undefined;
      throw error;
    }
    return kernel.channel.replyWith(value);
  }
  return inProgram(kernel, code, () => {
    try {
      return strictEval(source);
    } catch (error) {
      if (isEarlyError(error)) return slowly(kernel, code, filename, true);
      throw error;
    }
  });
}

/** Whether V8 refused the text, rather than the program threw: nothing of it ran. @param {any} error */
function isEarlyError(error) {
  return error instanceof SyntaxError && !`${error.stack}`.includes("\n    at ");
}

/**
 * @param {import("../../guest/kernel.js").Kernel} kernel @param {string} code @param {string} filename
 * @param {boolean} [bare] give the value itself
 */
async function slowly(kernel, code, filename, bare = false) {
  rememberProgram(filename, null);
  const linker = await kernel.linker();
  const run = async () => (await linker.evaluateModule(code, filename, { completion: true })).completion;
  return bare ? await run() : await inProgram(kernel, code, run);
}

/**
 * Run a program so that rejections which nobody handles fail it, and answer with its value.
 * @param {import("../../guest/kernel.js").Kernel} kernel @param {string} code @param {() => any} program
 */
function inProgram(kernel, code, program) {
  const { promise, resolve, reject } = PromiseWithResolvers();
  lastId += 1;
  const id = lastId;
  running.set(id, reject);
  const previous = programOf.enter(id);
  /** @type {any} */
  let value;
  try {
    value = program();
  } catch (error) {
    reject(error);
  } finally {
    core.setAsyncContext(previous);
  }
  // A promise is waited for, as a console would show what it gives.
  PromisePrototypeThen(
    Promise.resolve(value),
    (/** @type {any} */ settled) => runNextTurn(() => resolve(settled)),
    reject,
  );
  return answer(kernel, id, promise, code);
}

/**
 * Awaits only: a promise given to another promise would go through the program's `then`.
 * @param {import("../../guest/kernel.js").Kernel} kernel @param {number} id @param {Promise<any>} value @param {string} code
 */
async function answer(kernel, id, value, code) {
  try {
    return await replyWith(kernel, await value, code);
  } finally {
    running.delete(id);
  }
}

/** As much of a text as the host takes. @param {string} text */
const shortened = (text) => StringPrototypeSlice(text, 0, ESCAPED_ERROR_LIMIT);

/**
 * The answer with a program's value. What its last statement assigns stays the program's own: a body in it is not read
 * away, and that it cannot cross is no error.
 * @param {import("../../guest/kernel.js").Kernel} kernel @param {any} value @param {string} code
 */
async function replyWith(kernel, value, code) {
  if (hasBody(value) && !value.bodyUsed && await endsInAssignment(code)) {
    return kernel.channel.replyWith(value.clone());
  }
  try {
    return await kernel.channel.replyWith(value);
  } catch (error) {
    if (await endsInAssignment(code)) return kernel.channel.replyWith(undefined);
    throw error;
  }
}

/** Without loading the engine's classes for plain values. @param {any} value */
function hasBody(value) {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype || prototype === Array.prototype) return false;
  return value instanceof web.Response || value instanceof web.Request;
}

/** Whether the last statement of a program is an assignment. @param {string} code */
async function endsInAssignment(code) {
  if (!StringPrototypeIncludes(code, "=")) return false;
  const parse = await loadAcorn();
  try {
    const { body } = parse(code);
    let { expression } = body[body.length - 1] ?? {};
    while (expression?.type === "ParenthesizedExpression") ({ expression } = expression);
    return expression?.type === "AssignmentExpression";
  } catch {
    return false; // TypeScript, or what only a program's own eval can read
  }
}

/** Errors that no promise chain carries to the host on its own. @param {import("../../guest/kernel.js").Kernel} kernel */
function watchEscapes(kernel) {
  const escaped = (/** @type {((error: any) => void) | undefined} */ fail, /** @type {any} */ error) => {
    if (kernel.claimEscape?.(error) === true) return;
    if (fail !== undefined) {
      fail(error);
      return;
    }
    const { name, message, stack = "" } = describeError(error);
    kernel.channel.note("evaluation.errorEscaped", {
      name: shortened(name),
      message: shortened(message),
      stack: shortened(stack),
    });
  };
  /** @param {any} event @param {any} error @param {string} name of Node's event @param {any[]} details its arguments */
  const hear = (event, error, name, details) => {
    const isPrevented = preventedByProgram(event);
    const fail = running.get(programOf.get());
    // Listeners of the program come after this one.
    queueMicrotask(() => {
      if (isPrevented() || kernel.processNow()?.emit(name, error, ...details)) return;
      escaped(fail, error);
    });
  };
  globalThis.addEventListener("unhandledrejection", (event) => {
    hear(event, event.reason, "unhandledRejection", [event.promise]);
  });
  globalThis.addEventListener("error", (event) => {
    hear(event, event.error ?? new Error(event.message), "uncaughtException", ["uncaughtException"]);
  });
}

/**
 * Keeps the engine from ending the process, and tells whether the program wanted the same.
 * @param {any} event @returns {() => boolean}
 */
function preventedByProgram(event) {
  let isPrevented = false;
  event.preventDefault();
  ObjectDefineProperty(event, "preventDefault", {
    value: () => void (isPrevented = true),
    configurable: true,
  });
  return () => isPrevented;
}

const { Array, Object, Promise, SyntaxError } = globalThis;
