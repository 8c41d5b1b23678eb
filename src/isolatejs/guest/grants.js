// Installs the guest halves of what is granted, and changes them when a parked session is taken up again with
// other bindings.
// @ts-check

import { CAPABILITIES } from "../capabilities/registry.js";
import { stringify } from "../wire/json.js";
import { ObjectGetOwnPropertyDescriptor, ObjectKeys, SafeMap } from "./primordials.js";

/**
 * The guest half of a capability. `rebind` takes a new grant without losing what the program holds; a half
 * without it is taken away and installed anew when its grant changes.
 * @typedef {{install: (kernel: any, grant: any) => void | Promise<void>, rebind?: (kernel: any, grant: any) => void | Promise<void>}} GuestHalf
 */
/** @typedef {{half: GuestHalf, grant: string, globals: Map<string, any>}} Installed */

export class Grants {
  /** @type {Map<string, Installed>} */ #installed = new SafeMap();
  /** @type {Map<string, any> | null} */ #recording = null;
  #kernel;

  /** @param {import("./kernel.js").Kernel} kernel */
  constructor(kernel) {
    this.#kernel = kernel;
  }

  /** Note that the half being installed has defined a global. @param {string} name */
  record(name) {
    const own = ObjectGetOwnPropertyDescriptor(globalThis, name);
    this.#recording?.set(name, own?.get ?? own?.value);
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
    for (const name of ObjectKeys(grants)) {
      const installed = this.#installed.get(name);
      const grant = stringify(grants[name]);
      if (installed === undefined) {
        await this.#add(name, await CAPABILITIES[name](), grants[name]);
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
    const globals = new SafeMap();
    this.#recording = globals;
    try {
      await half.install(this.#kernel, grant);
    } finally {
      this.#recording = null;
    }
    this.#installed.set(name, { half, grant: stringify(grant), globals });
  }

  /** Take away the globals of a half, unless the program has put something of its own there. @param {string} name */
  #remove(name) {
    const installed = this.#installed.get(name);
    this.#installed.delete(name);
    installed?.globals.forEach((value, global) => {
      const own = ObjectGetOwnPropertyDescriptor(globalThis, global);
      if (own !== undefined && (own.get ?? own.value) === value) Reflect.deleteProperty(globalThis, global);
    });
  }
}
