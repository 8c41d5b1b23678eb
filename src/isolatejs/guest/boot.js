// Turns a fresh process into a runtime: scrubs the globals, installs what is granted. As much of it as does not
// depend on the grants happens ahead, in a process that waits warm.
// @ts-check

import { install as installEvaluation } from "../capabilities/evaluation/guest.js";
import { installAbsent as installAbsentFetch } from "../capabilities/fetch/absent.js";
import { installStackTraces } from "./errors.js";
import { scrubGlobals } from "./globals.js";
import { installPath } from "./path.js";
import { rehearse } from "./rehearsal.js";
import { installTimers } from "./timers.js";

/** What almost every runtime is granted, as it is granted. */
const USUAL = {
  host_events: {},
  async_context: {},
  console: { enabled: false },
  modules: { environment: { NODE_ENV: "production" }, shadowed: [], cwd: "/", reportsLinking: false },
  nested_host: {},
};

export class Boot {
  #kernel;
  /** @type {Promise<void> | undefined} */ #prepared;

  /** @param {import("./kernel.js").Kernel} kernel */
  constructor(kernel) {
    this.#kernel = kernel;
  }

  /** Everything that does not depend on the grants, and the usual grants; boot changes them into the real ones. */
  async prepare() {
    await (this.#prepared ??= this.#rehearse());
  }

  async #rehearse() {
    await this.#prepare(USUAL);
    await rehearse(this.#kernel, { cwd: "/", grants: USUAL }, (message) => this.become(message));
  }

  /** @param {Record<string, any>} grants */
  async #prepare(grants) {
    scrubGlobals();
    installTimers(this.#kernel);
    installStackTraces();
    installPath(this.#kernel);
    installEvaluation(this.#kernel);
    await this.#kernel.grants.install(grants);
  }

  /** The host asks for this process. @param {{cwd: string, grants: Record<string, any>}} message */
  async boot(message) {
    await (this.#prepared ??= this.#prepare({}));
    await this.become(message);
  }

  /** Take on this working directory and exactly these grants. @param {{cwd: string, grants: Record<string, any>}} message */
  async become({ cwd, grants: { evaluation: _, ...grants } }) {
    this.#kernel.cwd = cwd;
    await this.#kernel.grants.rebind(grants);
    if (grants.fetch === undefined) installAbsentFetch(this.#kernel);
  }
}
