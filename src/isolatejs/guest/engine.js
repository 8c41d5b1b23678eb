// What the kernel keeps of the engine, captured before `Deno` is taken away from programs.
// @ts-check

/** @type {any} */
const Engine = /** @type {any} */ (globalThis).Deno;

/** The engine's internals: its Console class and value formatter. @type {any} */
export const internals = Engine[Engine.internal];
/** The engine's core: async context, immediates. @type {any} */
export const core = internals.core;
/** The engine's value formatter. @type {(value: any, options?: any) => string} */
export const inspect = Engine.inspect;
export const stdin = Engine.stdin;
export const stdout = Engine.stdout;
/** Nobody has asked for this process yet: there is time to load ahead. @type {boolean} */
export const waitsWarm = Engine.args.includes("--warm");
/** Where it is, unless the sandbox has no root of its own and says so. @type {string} */
const syncReplies = Engine.args.find((/** @type {string} */ item) => item[0] !== "-") ?? "/sync-replies";
/** Opens the FIFO that carries the replies to synchronous calls; undefined on a system that has none. */
export const openSyncReplies = Engine.args.includes("--no-sync-replies")
  ? undefined
  : () => Engine.openSync(syncReplies);
/** The rest of the engine, for the few who need it. */
export const engine = Engine;

/** Node's globals as the engine defines them: reading one boots its Node layer. */
export const processDescriptor = Object.getOwnPropertyDescriptor(globalThis, "process");
export const bufferDescriptor = Object.getOwnPropertyDescriptor(globalThis, "Buffer");

/**
 * Run something of the engine's Node layer that may load more of it: the layer looks for `Deno` while it loads.
 * @template T @param {() => T} fn @returns {T}
 */
export function withEngine(fn) {
  const target = /** @type {any} */ (globalThis);
  if (target.Deno === Engine) return fn();
  Object.defineProperty(target, "Deno", { value: Engine, configurable: true, writable: true });
  try {
    return fn();
  } finally {
    delete target.Deno;
    delete target.nodeBootstrap; // a global that the layer leaves behind
  }
}

const processOf = /** @type {any} */ (processDescriptor).get;
/**
 * A built-in module of the engine (`node:vm`). The first one costs about 20 ms in a process.
 * @param {string} name @returns {any}
 */
export const getBuiltin = (name) => withEngine(() => processOf.call(globalThis).getBuiltinModule(name));

/**
 * Run something in the next turn of the event loop, when the engine has looked at unhandled rejections. Like
 * `setImmediate`, which a program may have patched and which loads the Node layer.
 * @param {() => void} fn
 */
export function runNextTurn(fn) {
  core.immediateRefCount(true);
  core.queueImmediate({
    _onImmediate: fn,
    _argv: null,
    _destroyed: false,
    _idleNext: null,
    _idlePrev: null,
    asyncId: 0,
    triggerAsyncId: 0,
    [core.kRefed]: true,
  });
}
