// What a capability's guest half gets to work with.
// @ts-check

import { core } from "./engine.js";
import { usePositions } from "./errors.js";
import { defineGlobal, defineLazyGlobal } from "./globals.js";
import { Grants } from "./grants.js";
import { importLater } from "./import_later.js";
import * as primordials from "./primordials.js";
import { push, SafeMap } from "./primordials.js";

/** @typedef {import("../channel/channel.js").Channel} Channel */

/** The request on whose behalf the program runs, kept across awaits. */
class RequestScope {
  #variable = new core.AsyncVariable();
  #used = false;

  /** Id of the current request, 0 for none. @returns {number} */
  current() {
    return this.#used ? this.#variable.get() ?? 0 : 0;
  }

  /** Run `fn` on behalf of a request. @template T @param {number} id @param {() => T} fn @returns {T} */
  run(id, fn) {
    this.#used = true;
    const previous = this.#variable.enter(id);
    try {
      return fn();
    } finally {
      core.setAsyncContext(previous);
    }
  }
}

export const requestScope = new RequestScope();

/** @typedef {import("./linker/linker.js").Linker} Linker */

export class Kernel {
  /** Built-in modules of capabilities, by name. @type {Map<string, () => any>} */
  builtins = new SafeMap();
  /** @type {(() => void | Promise<void>)[]} */
  #disposers = [];
  /** @type {Promise<Linker> | undefined} */
  #linker;
  /** @type {Linker | undefined} */
  #loadedLinker;
  /** Runtime facts told at boot. */
  cwd = "/";
  primordials = primordials;
  /** What the modules capability was granted; the linker asks it. @type {any} */
  modules = null;
  /** Who else may own an error that no promise chain carries (a running test). @type {((error: any) => boolean) | null} */
  claimEscape = null;

  /** @param {Channel} channel */
  constructor(channel) {
    this.channel = channel;
    this.grants = new Grants(this);
  }

  /** Define a global of the capability that is being installed. @param {string} name @param {any} value */
  defineGlobal(name, value) {
    defineGlobal(name, value);
    this.grants.record(name);
  }

  /** The same, made when it is first read. @param {string} name @param {() => any} make */
  defineLazyGlobal(name, make) {
    defineLazyGlobal(name, make);
    this.grants.record(name);
  }

  /** Id of the request on whose behalf the program runs now, 0 for none. */
  currentScope() {
    return requestScope.current();
  }

  /** @template T @param {number} id @param {() => T} fn @returns {T} */
  runInScope(id, fn) {
    return requestScope.run(id, fn);
  }

  /**
   * Offer a module under a fixed name. The factory runs when it is first imported.
   * @param {string} name @param {() => any} factory gives the exports; `default` is the object itself if absent
   */
  registerBuiltin(name, factory) {
    this.builtins.set(name, factory);
    this.grants.recordBuiltin(name);
    if (this.#linker !== undefined) this.#linker.then((linker) => linker.registerBuiltin(name, factory));
  }

  /** A module is offered no more; what has imported it keeps it. @param {string} name */
  forgetBuiltin(name) {
    this.builtins.delete(name);
    if (this.#linker !== undefined) this.#linker.then((linker) => linker.forgetBuiltin(name));
  }

  /** Say who finds modules for the linker. @param {import("./linker/module_store.js").ModuleHost} host */
  useModules(host) {
    this.modules = host;
    if (this.#linker !== undefined) this.#linker.then((linker) => linker.connect(host));
  }

  /** The module linker, loaded when something first needs modules. @returns {Promise<Linker>} */
  linker() {
    return this.#linker ??= this.#loadLinker();
  }

  /** The linker, when it has been loaded: every program that names `process` has waited for it. @returns {Linker} */
  linkerNow() {
    if (this.#loadedLinker === undefined) throw new Error("modules are not loaded yet");
    return this.#loadedLinker;
  }

  /** The program's `process`, when something has asked for it; undefined before. @returns {any} */
  processNow() {
    return this.#loadedLinker?.loadedBuiltin("node:process");
  }

  async #loadLinker() {
    const { Linker } = await importLater("./linker/linker.js", import.meta.url);
    const linker = new Linker();
    this.#loadedLinker = linker;
    usePositions(linker.positions);
    if (this.modules !== null) linker.connect(this.modules);
    this.builtins.forEach((factory, name) => linker.registerBuiltin(name, factory));
    return linker;
  }

  /** @type {((addMatchers: any) => void)[]} */
  #matchers = [];
  /** @type {any} */
  #addMatchers;

  /** The test framework offers its way to add matchers. @param {any} addMatchers */
  offerMatchers(addMatchers) {
    this.#addMatchers = addMatchers;
    for (const extend of this.#matchers) extend(addMatchers);
  }

  /** Add matchers to the test framework, where there is one. @param {(addMatchers: any) => void} extend */
  extendMatchers(extend) {
    push(this.#matchers, extend);
    if (this.#addMatchers !== undefined) extend(this.#addMatchers);
  }

  /** Run something when the runtime is disposed softly. @param {() => void | Promise<void>} fn */
  onDispose(fn) {
    push(this.#disposers, fn);
  }

  /** Run what was registered with onDispose. */
  async dispose() {
    for (const fn of this.#disposers) await fn();
  }
}
