// Guest half of modules: asks the host for what the linker does not know.
// @ts-check

import { engineBuffer } from "../../guest/linker/engine.js";
import { decodeText, encodeText } from "../../guest/primordials.js";

/** @typedef {import("../../guest/linker/module_store.js").LoadRequest} LoadRequest */
/** @typedef {import("../../guest/linker/module_store.js").Loaded} Loaded */
/** @typedef {{ environment: Record<string, string>, shadowed: string[], cwd: string, reportsLinking: boolean,
 *   keepsTypeImports: boolean }} Grant */

/**
 * @param {import("../../guest/kernel.js").Kernel} kernel
 * @param {Grant} grant
 */
export function install(kernel, grant) {
  kernel.useModules(new ChannelModuleHost(kernel.channel, grant));
  kernel.defineLazyGlobal("process", () => kernel.linkerNow().builtin("node:process"));
  kernel.defineLazyGlobal("Buffer", engineBuffer);
}

/** The ModuleHost of the linker, over the channel. */
class ChannelModuleHost {
  #channel;
  #reportsLinking;
  #hasAsked = false;

  /**
   * @param {any} channel
   * @param {Grant} grant
   */
  constructor(channel, grant) {
    this.#channel = channel;
    this.shadowed = grant.shadowed;
    this.environment = grant.environment;
    this.cwd = grant.cwd;
    this.keepsTypeImports = grant.keepsTypeImports;
    this.#reportsLinking = grant.reportsLinking;
  }

  /** @param {LoadRequest} request */
  async load(request) {
    this.#hasAsked = true;
    return readAnswer(await this.#channel.call("modules.loadModule", request));
  }

  /** @param {LoadRequest} request */
  loadNow(request) {
    return readAnswer(this.#channel.callSync("modules.loadModule", request));
  }

  /** Nothing waits for modules any more. */
  linked() {
    if (!this.#reportsLinking || !this.#hasAsked) return;
    this.#hasAsked = false;
    this.#channel.note("modules.modulesLinked", {});
  }

  /** @param {string} id */
  async read(id) {
    return readAnswer(await this.#channel.call("modules.readModule", { id }));
  }

  /** @param {string} id */
  readNow(id) {
    return readAnswer(this.#channel.callSync("modules.readModule", { id }));
  }

  /** @param {{ source: string, language: string }} request */
  async transpile({ source, language }) {
    const options = { attachments: [encodeText(source)] };
    return readTranspiled(await this.#channel.call("modules.transpileSource", { language }, options));
  }

  /** @param {{ source: string, language: string }} request */
  transpileNow({ source, language }) {
    const options = { attachments: [encodeText(source)] };
    return readTranspiled(this.#channel.callSync("modules.transpileSource", { language }, options));
  }
}

/**
 * @param {{ value: any, attachments: Uint8Array[] }} reply
 * @returns {Loaded}
 */
function readAnswer({ value, attachments }) {
  for (let i = 0; i < value.modules.length; i++) value.modules[i].source = attachments[i];
  return value;
}

/** @param {{ value: any, attachments: Uint8Array[] }} reply */
function readTranspiled({ value, attachments }) {
  return value.error === undefined
    ? { code: decodeText(attachments[0]) }
    : { error: { message: value.error } };
}
