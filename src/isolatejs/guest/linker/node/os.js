// @ts-check
// `node:os`: the answers of a small machine that is the same everywhere; nothing of the real one.

import { engine } from "../engine.js";

const MEMORY_BYTES = 512 * 1024 * 1024;

/** @returns {any} */
export function createOs() {
  const { constants } = engine().builtin("node:os");
  const cpu = { model: "isolatejs", speed: 0, times: { user: 0, nice: 0, sys: 0, idle: 0, irq: 0 } };
  const os = {
    EOL: "\n",
    constants,
    devNull: "/dev/null",
    arch: () => "x64",
    availableParallelism: () => 1,
    cpus: () => [cpu],
    endianness: () => "LE",
    freemem: () => MEMORY_BYTES / 2,
    getPriority: () => 0,
    homedir: () => "/",
    hostname: () => "localhost",
    loadavg: () => [0, 0, 0],
    machine: () => "x86_64",
    networkInterfaces: () => ({}),
    platform: () => "linux",
    release: () => "0.0.0",
    setPriority() {
      throw Object.assign(new Error("os.setPriority() is not available in this sandbox"), {
        code: "ERR_ACCESS_DENIED",
      });
    },
    tmpdir: () => "/tmp",
    totalmem: () => MEMORY_BYTES,
    type: () => "Linux",
    uptime: () => performance.now() / 1000,
    userInfo: () => ({ uid: 1000, gid: 1000, username: "user", homedir: "/", shell: null }),
    version: () => "isolatejs",
  };
  return os;
}
