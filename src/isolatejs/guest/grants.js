// Installs the guest halves of what is granted, and changes them when a parked session is taken up again with
// other bindings.
// @ts-check

import { CAPABILITIES } from "../capabilities/registry.js";
import { stringify } from "../wire/json.js";
import { ObjectGetOwnPropertyDescriptor, ObjectKeys, push, SafeMap } from "./primordials.js";

/**
 * The guest half of a capability. `rebind` takes a new grant without losing what the program holds; a half
 * without it is taken away and installed anew when its grant changes.
 * @typedef {{install: (kernel: any, grant: any) => void | Promise<void>, rebind?: (kernel: any, grant: any) => void | Promise<void>}} GuestHalf
 */
/** @typedef {{half: GuestHalf, grant: string, globals: Map<string, any>, builtins: string[]}} Installed */

export class Grants {
  /** @type {Map<string, Installed>} */ #installed = new SafeMap();
  /** @type {Pick<Installed, "globals" | "builtins"> | null} */ #recording = null;
  #kernel;

  /** @param {import("./kernel.js").Kernel} kernel */
  constructor(kernel) {
    this.#kernel = kernel;
  }

  /** Note that the half being installed has defined a global. @param {string} name */
  record(name) {
    const own = ObjectGetOwnPropertyDescriptor(globalThis, name);
    this.#recording?.globals.set(name, own?.get ?? own?.value);
  }

  /** Note that the half being installed offers a module. @param {string} name */
  recordBuiltin(name) {
    if (this.#recording !== null) push(this.#recording.builtins, name);
  }

  /** Install what is granted. @param {Record<string, any>} grants */
  async install(grants) {
    const names = ObjectKeys(grants);
    const halves = await Promise.all(names.map((name) => CAPABILITIES[name]()));
    for (let i = 0; i < names.length; i++) await this.#add(names[i], halves[i], grants[names[i]]);
  }

  /** Change what is installed into what is granted now. @param {Record<string, any>} grants */
  async rebind(grants) {
    for (const name of [...this.#installed.keys()]) {
      if (grants[name] === undefined) this.#remove(name);
    }
    const missing = ObjectKeys(grants).filter((name) => !this.#installed.has(name));
    const halves = await Promise.all(missing.map((name) => CAPABILITIES[name]()));
    for (const name of ObjectKeys(grants)) {
      const installed = this.#installed.get(name);
      const grant = stringify(grants[name]);
      if (installed === undefined) {
        await this.#add(name, halves[missing.indexOf(name)], grants[name]);
      } else if (installed.half.rebind !== undefined) {
        await installed.half.rebind(this.#kernel, grants[name]);
        installed.grant = grant;
      } else if (installed.grant !== grant) {
        this.#remove(name);
        await this.#add(name, installed.half, grants[name]);
      }
    }
  }

  /** @param {string} name @param {GuestHalf} half @param {any} grant */
  async #add(name, half, grant) {
    /** @type {Pick<Installed, "globals" | "builtins">} */
    const recording = { globals: new SafeMap(), builtins: [] };
    this.#recording = recording;
    try {
      await half.install(this.#kernel, grant);
    } finally {
      this.#recording = null;
    }
    this.#installed.set(name, { half, grant: stringify(grant), ...recording });
  }

  /** Take away what a half installed, but not what the program has put in its place. @param {string} name */
  #remove(name) {
    const installed = this.#installed.get(name);
    this.#installed.delete(name);
    for (const builtin of installed?.builtins ?? []) this.#kernel.forgetBuiltin(builtin);
    installed?.globals.forEach((value, global) => {
      const own = ObjectGetOwnPropertyDescriptor(globalThis, global);
      if (own !== undefined && (own.get ?? own.value) === value) Reflect.deleteProperty(globalThis, global);
    });
  }
}
