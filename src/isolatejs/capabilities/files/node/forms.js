// Each operation of `node:fs` is written once, as a generator that yields what it asks of the host. Here it
// becomes the three forms in which Node has it: synchronous, with a callback, and as a promise.
// @ts-check

import { asSystemError, invalidType } from "./errors.js";

/** @typedef {import("../client.js").FilesClient} FilesClient */
/** @typedef {import("../client.js").Answer} Answer */
/** @typedef {{name: string, payload: any, attachments?: Uint8Array[], doing: import("./errors.js").Doing}} Request */
/** @typedef {Generator<Request | Request[], any, any>} Operation */

/**
 * A request to the host. Its error tells the system call and the path as the program wrote it.
 * @param {string} name @param {any} payload @param {string} syscall @param {string} [path] @param {string} [dest]
 * @returns {Request}
 */
export const ask = (name, payload, syscall, path, dest) => ({
  name,
  payload,
  doing: { syscall, path, dest },
});

/**
 * A request with content.
 * @param {string} name @param {any} payload @param {Uint8Array[]} attachments @param {string} syscall @param {string} [path]
 * @returns {Request}
 */
export const send = (name, payload, attachments, syscall, path) => ({
  name,
  payload,
  attachments,
  doing: { syscall, path },
});

/** @param {FilesClient} client @param {Request} request @returns {Answer} */
function performSync(client, request) {
  try {
    return client.callSync(request.name, request.payload, request.attachments);
  } catch (error) {
    throw asSystemError(error, request.doing);
  }
}

/** @param {FilesClient} client @param {Request} request @returns {Promise<Answer>} */
async function perform(client, request) {
  try {
    return await client.call(request.name, request.payload, request.attachments);
  } catch (error) {
    throw asSystemError(error, request.doing);
  }
}

/** @param {FilesClient} client @param {Request[]} requests */
async function performAll(client, requests) {
  const settled = await Promise.allSettled(requests.map((request) => perform(client, request)));
  return settled.map((outcome) => {
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  });
}

/** Runs an operation, blocking. @param {FilesClient} client @param {Operation} operation */
export function runSync(client, operation) {
  let step = operation.next();
  while (!step.done) {
    const wanted = step.value;
    /** @type {any} */
    let answer;
    try {
      answer = Array.isArray(wanted)
        ? wanted.map((request) => performSync(client, request))
        : performSync(client, wanted);
    } catch (error) {
      step = operation.throw(error);
      continue;
    }
    step = operation.next(answer);
  }
  return step.value;
}

/** Goes on with an operation that has begun. @param {FilesClient} client @param {Operation} operation @param {IteratorResult<any>} step */
async function finish(client, operation, step) {
  while (!step.done) {
    const wanted = step.value;
    /** @type {any} */
    let answer;
    try {
      answer = await (Array.isArray(wanted) ? performAll(client, wanted) : perform(client, wanted));
    } catch (error) {
      step = operation.throw(error);
      continue;
    }
    step = operation.next(answer);
  }
  return step.value;
}

/** Runs an operation. @param {FilesClient} client @param {Operation} operation @returns {Promise<any>} */
export async function run(client, operation) {
  return await finish(client, operation, operation.next());
}

/**
 * Runs an operation and calls back with its outcome. Wrong arguments throw at once, as in Node.
 * @param {FilesClient} client @param {Operation} operation @param {any} callback
 * @param {(value: any) => any[]} [results] what the callback gets behind the error
 */
export function runWithCallback(client, operation, callback, results) {
  requireCallback(callback);
  const first = operation.next();
  finish(client, operation, first).then(
    // Called apart from the promise: what the callback throws is an uncaught error, not a rejection.
    (value) => {
      const values = results !== undefined ? results(value) : value === undefined ? [] : [value];
      queueMicrotask(() => callback(null, ...values));
    },
    (error) => queueMicrotask(() => callback(error)),
  );
}

/** Takes the callback off the end of the arguments; undefined when there is none. @param {any[]} args */
export const takeCallback = (args) => typeof args[args.length - 1] === "function" ? args.pop() : undefined;

/** @param {any} callback */
export function requireCallback(callback) {
  if (typeof callback !== "function") throw invalidType("cb", "of type function", callback);
}
