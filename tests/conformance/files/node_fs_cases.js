// What programs do with `node:fs`, and what they see. Run by Node itself (record_node_fs.mjs keeps what it
// answers in node_fs.json) and by the sandbox (test_node_fs.py); both get `fs`, `path`, `Buffer` and `base`.

const fsp = fs.promises;
const { constants } = fs;

/** A value or error as JSON, with paths below `base` told as if it were the root. */
function show(value) {
  if (value instanceof Error) {
    const { name, code, syscall, errno, path: at, dest, message } = value;
    return { name, code, syscall, errno, path: strip(at), dest: strip(dest), message: strip(message) };
  }
  if (Buffer.isBuffer(value)) return { buffer: value.toString("latin1") };
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return value.map(show);
  if (value === undefined) return "undefined";
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, show(each)]));
  }
  return strip(value);
}
const strip = (value) => typeof value === "string" && base !== "/" ? value.replaceAll(base, "") : value;

async function attempt(body) {
  try {
    return show(await body());
  } catch (error) {
    return { thrown: show(error) };
  }
}
const callback = (call) =>
  new Promise((resolve, reject) => call((error, ...values) => error ? reject(error) : resolve(values)));
const kinds = (entry) => [
  entry.isFile(),
  entry.isDirectory(),
  entry.isSymbolicLink(),
  entry.isFIFO(),
  entry.isSocket(),
  entry.isCharacterDevice(),
  entry.isBlockDevice(),
];

const cases = {
  "readFile": (d) => [
    () => fsp.readFile(`${d}/file`),
    () => fsp.readFile(`${d}/file`, "utf8"),
    () => fsp.readFile(`${d}/file`, { encoding: "hex" }),
    () => fs.readFileSync(`${d}/file`, "base64"),
    () => fs.readFileSync(`${d}/none`),
    () => fs.readFileSync(`${d}/none`, { flag: "w+" }),
    () => fs.readFileSync(`${d}/file/below`),
    () => fs.readFileSync(`${d}/file`, "no such encoding"),
    () => callback((done) => fs.readFile(`${d}/file`, "utf8", done)),
    () => callback((done) => fs.readFile(`${d}/none`, done)),
    () => fs.readFile(`${d}/file`),
    () => fsp.readFile(`${d}/file`, { signal: AbortSignal.abort() }),
    () => fs.readFileSync(Buffer.from(`${d}/file`), "utf8"),
    () => fs.readFileSync(new URL(`file://${d}/file`), "utf8"),
    () => fs.readFileSync(`${d}/a\0b`),
    () => fs.readFileSync(5.5),
    () => fs.readFileSync(null),
    () => fs.readFileSync({}),
  ],
  "writeFile and appendFile": (d) => [
    () => fsp.writeFile(`${d}/new`, "text"),
    () => fs.writeFileSync(`${d}/new`, new Uint8Array([65, 66])),
    () => fs.appendFileSync(`${d}/new`, "c"),
    () => fsp.appendFile(`${d}/new2`, "4344", "hex"),
    () => fs.readFileSync(`${d}/new`, "utf8") + fs.readFileSync(`${d}/new2`, "utf8"),
    () => fs.writeFileSync(`${d}/new`, "no", { flag: "wx" }),
    () => fs.writeFileSync(`${d}/new`, "more", { flag: "a" }),
    () => fs.writeFileSync(`${d}/new`, "Z", { flag: "r+" }),
    () => fs.readFileSync(`${d}/new`, "utf8"),
    () => fs.writeFileSync(`${d}/none/x`, ""),
    () => fs.writeFileSync(`${d}/directory`, ""),
    () => fs.writeFileSync(`${d}/new`, 5),
    () => fs.writeFileSync(`${d}/new`, new Uint16Array([0x4142])),
    () => fs.writeFileSync(`${d}/none`, "x", { flag: "r+" }),
    () => fsp.writeFile(`${d}/pieces`, ["a", "b", Buffer.from("c")]),
    () =>
      fsp.writeFile(
        `${d}/pieces2`,
        (async function* () {
          yield "d";
          yield "e";
        })(),
      ),
    () => fs.readFileSync(`${d}/pieces`, "utf8") + fs.readFileSync(`${d}/pieces2`, "utf8"),
    () => callback((done) => fs.writeFile(`${d}/cb`, "x", done)),
    () => callback((done) => fs.appendFile(`${d}/cb`, "y", done)),
    () => fs.readFileSync(`${d}/cb`, "utf8"),
    () => fs.writeFileSync(`${d}/flag`, "", { flag: "zz" }),
    () => fs.writeFileSync(`${d}/mode`, "", { mode: "8" }),
  ],
  "stat": (d) => [
    () => kinds(fs.statSync(`${d}/file`)),
    () => kinds(fs.statSync(`${d}/directory`)),
    () => kinds(fs.lstatSync(`${d}/link`)),
    () => kinds(fs.statSync(`${d}/link`)),
    () => fs.statSync(`${d}/file`).size,
    () => typeof fs.statSync(`${d}/file`, { bigint: true }).size,
    () => typeof fs.statSync(`${d}/file`, { bigint: true }).mtimeNs,
    () => fs.statSync(`${d}/file`).mtime instanceof Date,
    () => (fs.statSync(`${d}/file`).mode & constants.S_IFMT) === constants.S_IFREG,
    () => Object.keys(fs.statSync(`${d}/file`)).sort(),
    () => fs.statSync(`${d}/file`) instanceof fs.Stats,
    () => fs.statSync(`${d}/none`),
    () => fs.lstatSync(`${d}/none`),
    () => fsp.stat(`${d}/none`),
    () => fs.statSync(`${d}/none`, { throwIfNoEntry: false }),
    () => fs.statSync(`${d}/file/x`),
    () => fs.existsSync(`${d}/file`),
    () => fs.existsSync(`${d}/none`),
    () => fs.existsSync(5),
    () => fs.existsSync(`${d}/a\0b`),
    () => new Promise((resolve) => fs.exists(`${d}/file`, resolve)),
    () => callback((done) => fs.stat(`${d}/file`, done)).then(([stat]) => stat.size),
    () => fs.statSync(undefined),
  ],
  "access": (d) => [
    () => fs.accessSync(`${d}/file`),
    () => fsp.access(`${d}/file`, constants.R_OK | constants.W_OK),
    () => fs.accessSync(`${d}/file`, constants.X_OK),
    () => fs.accessSync(`${d}/none`),
    () => callback((done) => fs.access(`${d}/none`, done)),
    () => fsp.chmod(`${d}/file`, 0o755),
    () => (fs.statSync(`${d}/file`).mode & 0o777).toString(8),
    () => fs.accessSync(`${d}/file`, constants.X_OK),
    () => fs.chmodSync(`${d}/none`, 0o600),
    () => fs.chmodSync(`${d}/file`, "600"),
    () => (fs.statSync(`${d}/file`).mode & 0o777).toString(8),
  ],
  "directories": (d) => [
    () => fs.mkdirSync(`${d}/made`),
    () => fs.mkdirSync(`${d}/made`),
    () => fs.mkdirSync(`${d}/made`, { recursive: true }),
    () => fs.mkdirSync(`${d}/made/a/b/c`, { recursive: true }),
    () => fsp.mkdir(`${d}/made/a/b/d`, { recursive: true }),
    () => fs.mkdirSync(`${d}/none/x`),
    () => fs.mkdirSync(`${d}/file`),
    () => fs.mkdirSync(`${d}/file`, { recursive: true }),
    () => fs.mkdirSync(`${d}/file/x`),
    () => fs.readdirSync(`${d}/made/a`),
    () => fs.readdirSync(`${d}`).sort(),
    () => fs.readdirSync(`${d}/made`, { recursive: true }).sort(),
    () => fs.readdirSync(`${d}`, "buffer").length,
    () => fs.readdirSync(`${d}/made`, { withFileTypes: true }).map((e) => [e.name, kinds(e), e.path]),
    () =>
      fs.readdirSync(`${d}`, { withFileTypes: true }).filter((e) => e.isSymbolicLink()).map((e) => e.name)
        .sort(),
    () => fs.readdirSync(`${d}/none`),
    () => fs.readdirSync(`${d}/file`),
    () => fsp.readdir(`${d}/none`),
    () => fs.rmdirSync(`${d}/made`),
    () => fs.rmdirSync(`${d}/none`),
    () => fs.rmdirSync(`${d}/file`),
    () => fs.rmSync(`${d}/made/a`),
    () => fs.rmSync(`${d}/none`, { force: true }),
    () => fs.rmSync(`${d}/made`, { recursive: true }),
    () => fs.existsSync(`${d}/made`),
    () => fs.rmSync(`${d}/file`),
    () => fs.unlinkSync(`${d}/none`),
    () => fs.mkdtempSync(`${d}/tmp-`).length - d.length,
    () => fs.mkdtempSync(`${d}/none/tmp-`),
    async () => {
      const names = [];
      for await (const entry of await fsp.opendir(d)) names.push(entry.name);
      return names.filter((name) => !name.startsWith("tmp-")).sort();
    },
    () => {
      const dir = fs.opendirSync(`${d}/directory`);
      const read = [dir.readSync().name, dir.readSync()];
      dir.closeSync();
      return read;
    },
    () => fs.opendirSync(`${d}/none`),
  ],
  "rename, copy, links": (d) => [
    () => fs.renameSync(`${d}/file`, `${d}/moved`),
    () => fs.readFileSync(`${d}/moved`, "utf8"),
    () => fs.renameSync(`${d}/none`, `${d}/x`),
    () => fs.renameSync(`${d}/moved`, `${d}/none/x`),
    () => fs.renameSync(`${d}/moved`, `${d}/directory`),
    () => fs.renameSync(`${d}/directory`, `${d}/moved`),
    () => fs.renameSync(`${d}/directory`, `${d}/directory/inside`),
    () => fs.copyFileSync(`${d}/moved`, `${d}/copy`),
    () => fs.readFileSync(`${d}/copy`, "utf8"),
    () => fs.copyFileSync(`${d}/moved`, `${d}/copy`, constants.COPYFILE_EXCL),
    () => fs.copyFileSync(`${d}/none`, `${d}/copy`),
    () => fsp.cp(`${d}/directory`, `${d}/tree`, { recursive: true }),
    () => fs.readdirSync(`${d}/tree`),
    () => fs.readlinkSync(`${d}/link`),
    () => fs.readlinkSync(`${d}/moved`),
    () => fs.realpathSync(`${d}/directory/../moved`),
    () => fs.realpathSync(`${d}/none`),
    () => fs.unlinkSync(`${d}/moved`),
    () => fs.lstatSync(`${d}/link`).isSymbolicLink(),
    () => fs.readFileSync(`${d}/link`),
    () => fs.unlinkSync(`${d}/link`),
    () => fs.truncateSync(`${d}/copy`, 2),
    () => fs.readFileSync(`${d}/copy`, "utf8"),
    () => fs.truncateSync(`${d}/none`),
    () => fs.utimesSync(`${d}/copy`, 10, new Date(20000)),
    () => [fs.statSync(`${d}/copy`).atimeMs, fs.statSync(`${d}/copy`).mtimeMs],
    () => fs.utimesSync(`${d}/none`, 1, 1),
  ],
  "descriptors": (d) => [
    () => {
      const fd = fs.openSync(`${d}/file`, "r+");
      const buffer = Buffer.alloc(4);
      const seen = [
        fs.readSync(fd, buffer),
        buffer.toString(),
        fs.readSync(fd, buffer, 0, 2, 1),
        buffer.toString(),
        fs.readSync(fd, buffer),
        buffer.toString(),
        fs.writeSync(fd, "XY", 0),
        fs.writeSync(fd, Buffer.from("0123"), 1, 2, 4),
        fs.writeSync(fd, "é"),
        fs.readSync(fd, buffer, { position: 0, length: 1 }),
        fs.fstatSync(fd).size,
      ];
      fs.ftruncateSync(fd, 9);
      fs.fsyncSync(fd);
      fs.fdatasyncSync(fd);
      fs.futimesSync(fd, 1, 2);
      seen.push(fs.fstatSync(fd).mtimeMs, fs.readFileSync(fd, "utf8"));
      fs.closeSync(fd);
      return [...seen, fs.readFileSync(`${d}/file`, "utf8")];
    },
    () => {
      const fd = fs.openSync(`${d}/appended`, "a+");
      fs.writeSync(fd, "one");
      fs.writeSync(fd, "two", 0);
      const text = fs.readFileSync(fd, "utf8");
      fs.closeSync(fd);
      return [text, fs.readFileSync(`${d}/appended`, "utf8")];
    },
    () => {
      const fd = fs.openSync(`${d}/file`);
      const parts = [Buffer.alloc(2), Buffer.alloc(3)];
      const count = fs.readvSync(fd, parts, 1);
      fs.closeSync(fd);
      return [count, ...parts.map(String)];
    },
    () => {
      const fd = fs.openSync(`${d}/v`, "w");
      const count = fs.writevSync(fd, [Buffer.from("ab"), Buffer.from("cd")]);
      fs.closeSync(fd);
      return [count, fs.readFileSync(`${d}/v`, "utf8")];
    },
    () => fs.writeSync(fs.openSync(`${d}/file`), "x"),
    () => fs.readSync(fs.openSync(`${d}/w`, "w"), Buffer.alloc(1)),
    () => fs.openSync(`${d}/none`),
    () => fs.openSync(`${d}/file`, "wx"),
    () => fs.openSync(`${d}/directory`, "w"),
    () => fs.openSync(`${d}/file`, "q"),
    () => fs.closeSync(12345),
    () => fs.closeSync(-1),
    () => fs.closeSync("3"),
    () => fs.fstatSync(12345),
    () => fs.readSync(fs.openSync(`${d}/file`), Buffer.alloc(2), 3),
    () => fs.readSync(fs.openSync(`${d}/file`), Buffer.alloc(2), 0, 5),
    () => fs.readSync(fs.openSync(`${d}/file`), "no buffer"),
    () => callback((done) => fs.open(`${d}/file`, done)).then(([fd]) => typeof fd),
    () =>
      callback((done) => fs.open(`${d}/file`, "r", done)).then(([fd]) =>
        callback((done) => fs.close(fd, done))
      ),
    async () => {
      const [fd] = await callback((done) => fs.open(`${d}/file`, "r+", done));
      const read = await callback((done) => fs.read(fd, Buffer.alloc(3), 0, 3, 0, done));
      const wrote = await callback((done) => fs.write(fd, "Q", 0, "utf8", done));
      const bytes = await callback((done) => fs.write(fd, Buffer.from("RS"), done));
      fs.closeSync(fd);
      return [read, wrote, bytes];
    },
  ],
  "FileHandle": (d) => [
    async () => {
      const file = await fsp.open(`${d}/file`, "r+");
      const buffer = Buffer.alloc(3);
      const seen = [
        (await file.read(buffer, 0, 3, 0)).bytesRead,
        buffer.toString(),
        (await file.read({ buffer, position: 2 })).bytesRead,
        buffer.toString(),
        (await file.write("abc", 0)).bytesWritten,
        (await file.write(Buffer.from("xyz"), 1, 1, 0)).bytesWritten,
        (await file.stat()).size,
        (await file.readv([Buffer.alloc(1), Buffer.alloc(1)], 0)).bytesRead,
        (await file.writev([Buffer.from("1"), Buffer.from("2")], 3)).bytesWritten,
        typeof file.fd,
      ];
      await file.truncate(6);
      await file.sync();
      await file.datasync();
      await file.utimes(3, 4);
      await file.appendFile("!");
      await file.close();
      return [...seen, file.fd, fs.readFileSync(`${d}/file`, "utf8")];
    },
    async () => {
      const file = await fsp.open(`${d}/written`, "w+");
      await file.writeFile("content");
      const empty = await file.readFile("utf8");
      await file.close();
      return [empty, fs.readFileSync(`${d}/written`, "utf8")];
    },
    async () => {
      const file = await fsp.open(`${d}/file`);
      await file.close();
      return await file.read(Buffer.alloc(1));
    },
    async () => {
      fs.writeFileSync(`${d}/lines`, "one\ntwo\r\nthree");
      const lines = [];
      const file = await fsp.open(`${d}/lines`);
      for await (const line of file.readLines()) lines.push(line);
      return lines;
    },
    async () => {
      const file = await fsp.open(`${d}/lines`);
      const text = await new Response(file.readableWebStream({ type: "bytes" })).text();
      await file.close();
      return text;
    },
    () => fsp.open(`${d}/none`),
    () => fsp.open(`${d}/none/x`, "w"),
  ],
  "streams": (d) => [
    async () => {
      const stream = fs.createWriteStream(`${d}/out`);
      const events = [];
      for (const name of ["open", "ready", "finish", "close"]) stream.on(name, () => events.push(name));
      stream.write("one");
      stream.end("two");
      await new Promise((resolve) => stream.on("close", resolve));
      return [events, stream.bytesWritten, fs.readFileSync(`${d}/out`, "utf8"), stream.path === `${d}/out`];
    },
    async () => {
      const stream = fs.createReadStream(`${d}/out`, { encoding: "utf8", highWaterMark: 2 });
      const chunks = [];
      for await (const chunk of stream) chunks.push(chunk);
      return [chunks, stream.bytesRead];
    },
    async () => {
      let text = "";
      for await (const chunk of fs.createReadStream(`${d}/out`, { start: 1, end: 3 })) text += chunk;
      return text;
    },
    async () => {
      const stream = fs.createWriteStream(`${d}/out`, { flags: "r+", start: 2 });
      await new Promise((resolve) => stream.end("##", resolve));
      return fs.readFileSync(`${d}/out`, "utf8");
    },
    async () => {
      const stream = fs.createWriteStream(`${d}/out`, { flags: "a" });
      await new Promise((resolve) => stream.end("$", resolve));
      return fs.readFileSync(`${d}/out`, "utf8");
    },
    async () => {
      for await (const _ of fs.createReadStream(`${d}/none`)) return "read";
    },
    () => new Promise((resolve, reject) => fs.createWriteStream(`${d}/none/x`).on("error", reject)),
    () => fs.createReadStream(),
    async () => {
      const stream = fs.createReadStream(`${d}/out`);
      stream.destroy();
      return await new Promise((resolve) => stream.on("close", () => resolve(stream.destroyed)));
    },
    () => fs.createReadStream(`${d}/out`) instanceof fs.ReadStream,
  ],
};

async function runCases() {
  const results = {};
  let number = 0;
  for (const name of Object.keys(cases)) {
    const d = `${base === "/" ? "" : base}/case${++number}`;
    fs.mkdirSync(`${d}/directory`, { recursive: true });
    fs.writeFileSync(`${d}/file`, "0123456789");
    fs.writeFileSync(`${d}/directory/entry`, "");
    linkIn(d);
    results[name] = [];
    for (const body of cases[name](d)) results[name].push(await attempt(body));
  }
  return results;
}
