// The File System standard (https://fs.spec.whatwg.org/), clause by clause. `wanted` names the clause to run, in a
// runtime of its own whose root is empty. Run by test_file_system_standard.py.

const root = await getDirectory("/");
function check(condition) {
  if (!condition) throw new Error("not so");
}
function equal(actual, expected) {
  const [a, e] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== e) throw new Error(`${a} is not ${e}`);
}
async function rejects(name, promise) {
  try {
    await promise;
  } catch (error) {
    const right = name === "TypeError"
      ? error instanceof TypeError
      : error instanceof DOMException && error.name === name;
    if (right) return;
    throw new Error(`rejected with ${error.name}: ${error.message}, not ${name}`);
  }
  throw new Error(`did not reject with ${name}`);
}
const create = { create: true };
const text = async (handle) => await (await handle.getFile()).text();
async function make(name, content, directory = root) {
  const handle = await directory.getFileHandle(name, create);
  const stream = await handle.createWritable();
  await stream.write(content);
  await stream.close();
  return handle;
}

const clauses = new Map();
const clause = (name, body) => clauses.set(name, body);

clause("handles cannot be constructed", async () => {
  for (
    const Class of [
      FileSystemHandle,
      FileSystemFileHandle,
      FileSystemDirectoryHandle,
      FileSystemWritableFileStream,
      FileSystemSyncAccessHandle,
    ]
  ) {
    let error;
    try {
      new Class();
    } catch (e) {
      error = e;
    }
    check(error instanceof TypeError);
  }
});

clause("kind and name", async () => {
  const file = await make("a.txt", "x");
  equal([file.kind, file.name, root.kind, root.name], ["file", "a.txt", "directory", ""]);
  check(file instanceof FileSystemFileHandle && file instanceof FileSystemHandle);
  check(root instanceof FileSystemDirectoryHandle && root instanceof FileSystemHandle);
  equal(Object.prototype.toString.call(file), "[object FileSystemFileHandle]");
  equal((await (await root.getDirectoryHandle("d", create)).getDirectoryHandle("e", create)).name, "e");
});

clause("isSameEntry", async () => {
  const file = await make("a", "x");
  check(await file.isSameEntry(await root.getFileHandle("a")));
  check(!(await file.isSameEntry(await make("b", "x"))));
  check(!(await file.isSameEntry(root)));
  check(await root.isSameEntry(await getDirectory("/")));
  await root.removeEntry("a");
  check(!(await file.isSameEntry(await root.getDirectoryHandle("a", create))));
  await rejects("TypeError", file.isSameEntry({}));
  await rejects("TypeError", file.isSameEntry());
});

clause("methods need a handle as this", async () => {
  await rejects("TypeError", FileSystemFileHandle.prototype.getFile.call({}));
  await rejects("TypeError", FileSystemDirectoryHandle.prototype.getFileHandle.call({}, "a"));
  await rejects("TypeError", FileSystemHandle.prototype.isSameEntry.call(null, root));
});

clause("names", async () => {
  for (const name of ["", ".", "..", "a/b", "/"]) {
    await rejects("TypeError", root.getFileHandle(name, create));
    await rejects("TypeError", root.getDirectoryHandle(name, create));
    await rejects("TypeError", root.removeEntry(name));
  }
  for (const name of ["a\\b", "...", " ", "ü", "%2e", "𝒳"]) {
    equal((await root.getFileHandle(name, create)).name, name);
    await root.getFileHandle(name);
  }
  equal((await root.getFileHandle("\ud800", create)).name, "\ufffd");
  equal((await root.getFileHandle(5, create)).name, "5");
  await rejects("TypeError", root.getFileHandle());
});

clause("getFileHandle", async () => {
  await rejects("NotFoundError", root.getFileHandle("f"));
  await rejects("NotFoundError", root.getFileHandle("f", { create: false }));
  const made = await root.getFileHandle("f", create);
  equal(await text(made), "");
  await make("f", "content");
  equal(await text(await root.getFileHandle("f", create)), "content");
  await root.getDirectoryHandle("d", create);
  await rejects("TypeMismatchError", root.getFileHandle("d"));
  await rejects("TypeMismatchError", root.getFileHandle("d", create));
  await rejects("TypeError", root.getFileHandle("f", 5));
  await root.getFileHandle("f", null);
});

clause("getDirectoryHandle", async () => {
  await rejects("NotFoundError", root.getDirectoryHandle("d"));
  const made = await root.getDirectoryHandle("d", create);
  await make("f", "", made);
  check(await (await root.getDirectoryHandle("d", create)).isSameEntry(made));
  await make("g", "");
  await rejects("TypeMismatchError", root.getDirectoryHandle("g"));
  await rejects("TypeMismatchError", root.getDirectoryHandle("g", create));
});

clause("a directory that is gone", async () => {
  const gone = await root.getDirectoryHandle("d", create);
  const file = await make("f", "x", gone);
  await root.removeEntry("d", { recursive: true });
  await rejects("NotFoundError", gone.getFileHandle("f"));
  await rejects("NotFoundError", gone.getFileHandle("f", create));
  await rejects("NotFoundError", gone.getDirectoryHandle("e", create));
  await rejects("NotFoundError", gone.removeEntry("f"));
  await rejects("NotFoundError", gone.keys().next());
  await rejects("NotFoundError", file.getFile());
  await rejects("NotFoundError", file.createWritable());
  await make("d", "a file now");
  await rejects("NotFoundError", gone.getFileHandle("f"));
});

clause("iteration", async () => {
  await make("b", "");
  await make("a", "");
  await root.getDirectoryHandle("c", create);
  const names = [];
  for await (const name of root.keys()) names.push(name);
  equal(names.toSorted(), ["a", "b", "c"]);
  const kinds = [];
  for await (const handle of root.values()) kinds.push([handle.name, handle.kind]);
  equal(kinds.toSorted(), [["a", "file"], ["b", "file"], ["c", "directory"]]);
  const pairs = [];
  for await (const [name, handle] of root) pairs.push([name, handle instanceof FileSystemHandle]);
  equal(pairs.length, 3);
  check(pairs.every(([, is]) => is));
  check(root[Symbol.asyncIterator] === root.entries);
  const iterator = root.entries();
  check(iterator[Symbol.asyncIterator]() === iterator);
  equal((await root.entries().next()).done, false);
  equal(await iterator.return(), { done: true });
});

clause("iteration while entries come and go", async () => {
  for (let i = 0; i < 20; i++) await make("f" + i, "");
  const seen = new Set();
  for await (const name of root.keys()) {
    seen.add(name);
    await root.removeEntry(name);
  }
  equal(seen.size, 20);
  for await (const _ of root) check(false);
});

clause("removeEntry", async () => {
  await make("f", "");
  equal(await root.removeEntry("f"), undefined);
  await rejects("NotFoundError", root.removeEntry("f"));
  const d = await root.getDirectoryHandle("d", create);
  await root.removeEntry("d");
  await (await (await root.getDirectoryHandle("d", create)).getDirectoryHandle("e", create)).getFileHandle(
    "f",
    create,
  );
  await rejects("InvalidModificationError", root.removeEntry("d"));
  await rejects("InvalidModificationError", root.removeEntry("d", { recursive: false }));
  await root.removeEntry("d", { recursive: true });
  await rejects("NotFoundError", root.getDirectoryHandle("d"));
});

clause("removeEntry of what is being written", async () => {
  const d = await root.getDirectoryHandle("d", create);
  const stream = await (await d.getFileHandle("f", create)).createWritable();
  await rejects("NoModificationAllowedError", d.removeEntry("f"));
  await rejects("NoModificationAllowedError", root.removeEntry("d", { recursive: true }));
  await stream.close();
  await d.removeEntry("f");
});

clause("resolve", async () => {
  const d = await root.getDirectoryHandle("d", create);
  const e = await d.getDirectoryHandle("e", create);
  const f = await e.getFileHandle("f", create);
  equal(await root.resolve(f), ["d", "e", "f"]);
  equal(await d.resolve(f), ["e", "f"]);
  equal(await e.resolve(f), ["f"]);
  equal(await d.resolve(d), []);
  equal(await e.resolve(d), null);
  equal(await (await root.getDirectoryHandle("dd", create)).resolve(f), null);
  await rejects("TypeError", root.resolve("d"));
});

clause("getFile", async () => {
  const before = Date.now() - 5000;
  const handle = await make("a.json", '{"x": 1}');
  const file = await handle.getFile();
  check(file instanceof File && file instanceof Blob);
  equal([file.name, file.size, file.type], ["a.json", 8, "application/json"]);
  check(
    Number.isInteger(file.lastModified) && file.lastModified > before &&
      file.lastModified < Date.now() + 5000,
  );
  equal(await file.text(), '{"x": 1}');
  equal([...new Uint8Array(await file.slice(1, 4).arrayBuffer())], [34, 120, 34]);
  equal(await new Response(file).json(), { x: 1 });
  equal((await root.getFileHandle("none", create)).name, "none");
});

clause("getFile is a snapshot", async () => {
  for (const size of [10, 1e6]) {
    const handle = await make("f", "a".repeat(size));
    const file = await handle.getFile();
    await make("f", "b".repeat(size + 1));
    equal(file.size, size);
    if (size === 10) equal(await file.text(), "a".repeat(10));
    else await rejects("NotReadableError", file.text());
    const large = await (await make("g", "c".repeat(1e6))).getFile();
    await root.removeEntry("g");
    await rejects("NotFoundError", large.arrayBuffer());
  }
});

clause("a large File is as good as any Blob", async () => {
  const bytes = new Uint8Array(3e6).map((_, i) => i % 251);
  const handle = await make("big.bin", bytes);
  const file = await handle.getFile();
  const same = (a, from = 0) => a.every((byte, i) => byte === (from + i) % 251);
  check(same(new Uint8Array(await file.arrayBuffer())));
  check(same(await file.bytes()));
  check(same(await file.slice(1e6, 2e6).bytes(), 1e6) && file.slice(1e6, 2e6).size === 1e6);
  check(same(await file.slice(-10).bytes(), 3e6 - 10));
  check(same(await file.slice(100).slice(100, 700000).bytes(), 200));
  const whole = await new Blob(["<", file, ">"]).bytes();
  equal([whole.length, whole[0], whole.at(-1)], [3e6 + 2, 60, 62]);
  check(same(whole.subarray(1, -1)));
  check(same(await structuredClone(file).bytes()));
  check(same(new Uint8Array(await new Response(file).arrayBuffer())));
  const form = new FormData();
  form.set("f", file);
  check(same(await form.get("f").bytes()));
  let size = 0;
  for await (const chunk of file.stream()) {
    check(same(chunk, size));
    size += chunk.length;
  }
  equal(size, 3e6);
  const reader = file.stream().getReader();
  await reader.read();
  await reader.cancel();
});

clause("createWritable starts empty, or with the present content", async () => {
  const handle = await make("f", "0123456789");
  const empty = await handle.createWritable();
  await empty.write("ab");
  await empty.close();
  equal(await text(handle), "ab");
  const kept = await handle.createWritable({ keepExistingData: true });
  await kept.write("X");
  await kept.close();
  equal(await text(handle), "Xb");
  const untouched = await handle.createWritable();
  await untouched.close();
  equal(await text(handle), "");
});

clause("nothing is seen before close", async () => {
  const handle = await make("f", "old");
  const stream = await handle.createWritable();
  await stream.write("new");
  equal(await text(handle), "old");
  const names = [];
  for await (const name of root.keys()) names.push(name);
  equal(names, ["f"]);
  await stream.close();
  equal(await text(handle), "new");
});

clause("two streams: the last close wins", async () => {
  const handle = await make("f", "");
  const [one, two] = [await handle.createWritable(), await handle.createWritable()];
  await one.write("first");
  await two.write("second");
  await two.close();
  equal(await text(handle), "second");
  await one.close();
  equal(await text(handle), "first");
});

clause("abort drops what was written", async () => {
  const handle = await make("f", "old");
  const stream = await handle.createWritable();
  await stream.write("new");
  await stream.abort();
  equal(await text(handle), "old");
  await rejects("TypeError", stream.close());
  await (await handle.createSyncAccessHandle()).close();
});

clause("kinds of data", async () => {
  const handle = await make("f", "");
  const stream = await handle.createWritable();
  await stream.write("é");
  await stream.write(new Uint8Array([1, 2]));
  await stream.write(new Uint8Array([9, 3, 9]).subarray(1, 2));
  await stream.write(new Uint16Array([0x0405]).buffer);
  await stream.write(new DataView(new Uint8Array([6]).buffer));
  await stream.write(new Blob(["ab", "c"]));
  await stream.write({ type: "write", data: "d" });
  await stream.write(5);
  await stream.write("\ud800");
  await stream.close();
  equal([...await (await handle.getFile()).bytes()], [
    195,
    169,
    1,
    2,
    3,
    5,
    4,
    6,
    97,
    98,
    99,
    100,
    53,
    239,
    191,
    189,
  ]);
});

clause("data is copied when it is written", async () => {
  const handle = await make("f", "");
  const stream = await handle.createWritable();
  const bytes = new Uint8Array([1, 2, 3]);
  const written = stream.write(bytes);
  await written;
  bytes.fill(9);
  await stream.close();
  equal([...await (await handle.getFile()).bytes()], [1, 2, 3]);
});

clause("position, seek and truncate", async () => {
  const handle = await make("f", "");
  const stream = await handle.createWritable();
  await stream.write("0123456789");
  await stream.write({ type: "write", position: 2, data: "ab" });
  await stream.write("c");
  await stream.seek(8);
  await stream.write("X");
  await stream.write({ type: "seek", position: 12 });
  await stream.write("Y");
  await stream.close();
  equal(await text(handle), "01abc567X9\0\0Y");
  const shorter = await handle.createWritable({ keepExistingData: true });
  await shorter.truncate(4);
  await shorter.write("Z");
  await shorter.truncate(6);
  await shorter.close();
  equal(await text(handle), "Z1ab\0\0");
  const cursor = await handle.createWritable();
  await cursor.write("abcdef");
  await cursor.truncate(3);
  await cursor.write("g");
  await cursor.write({ type: "truncate", size: 8 });
  await cursor.write("h");
  await cursor.close();
  equal(await text(handle), "abcgh\0\0\0");
});

clause("wrong chunks", async () => {
  const handle = await make("f", "kept");
  for (
    const chunk of [
      undefined,
      null,
      {},
      { type: "rename" },
      { type: "write" },
      { type: "write", data: null },
      { type: "seek" },
      { type: "seek", position: null },
      { type: "truncate" },
      { type: "truncate", size: null },
      Symbol(),
    ]
  ) {
    const stream = await handle.createWritable();
    await rejects("TypeError", stream.write(chunk));
    await rejects("TypeError", stream.close());
    equal(await text(handle), "kept");
  }
  await (await handle.createSyncAccessHandle()).close(); // an errored stream holds no lock
});

clause("beyond what a file can hold", async () => {
  const handle = await make("f", "kept");
  for (const chunk of [{ type: "truncate", size: -1 }, { type: "write", position: 2 ** 60, data: "x" }]) {
    const stream = await handle.createWritable();
    await rejects("QuotaExceededError", stream.write(chunk));
  }
  equal(await text(handle), "kept");
});

clause("a Blob whose file is gone", async () => {
  const blob = await (await make("source", "s".repeat(1e6))).getFile();
  await root.removeEntry("source");
  const handle = await make("f", "kept");
  const stream = await handle.createWritable();
  await rejects("NotFoundError", stream.write(blob));
  await rejects("TypeError", stream.close());
  equal(await text(handle), "kept");
});

clause("a closed stream", async () => {
  const handle = await make("f", "");
  const stream = await handle.createWritable();
  await stream.close();
  await rejects("TypeError", stream.write("x"));
  await rejects("TypeError", stream.seek(0));
  await rejects("TypeError", stream.truncate(0));
  await rejects("TypeError", stream.close());
});

clause("it is a WritableStream", async () => {
  const handle = await make("f", "");
  const stream = await handle.createWritable();
  check(stream instanceof WritableStream && !stream.locked);
  const writer = stream.getWriter();
  check(stream.locked);
  await rejects("TypeError", stream.write("x"));
  await writer.write("foo");
  await writer.write({ type: "seek", position: 1 });
  await writer.write(new Blob(["00"]));
  await writer.close();
  equal(await text(handle), "f00");
  const target = await (await make("g", "")).createWritable();
  await new Blob(["piped ", "content"]).stream().pipeTo(target);
  equal(await text(await root.getFileHandle("g")), "piped content");
  const broken = await handle.createWritable();
  const source = new ReadableStream({
    pull(controller) {
      controller.error(new Error("broken"));
    },
  });
  let error;
  try {
    await source.pipeTo(broken);
  } catch (e) {
    error = e;
  }
  equal([error.message, await text(handle)], ["broken", "f00"]);
});

clause("only one close succeeds", async () => {
  const handle = await make("f", "");
  const stream = await handle.createWritable();
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => stream.close()));
  equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
});

clause("large data", async () => {
  const bytes = new Uint8Array(5e6).map((_, i) => i % 253);
  const handle = await make("f", bytes);
  const back = await (await handle.getFile()).bytes();
  check(back.length === 5e6 && back.every((byte, i) => byte === i % 253));
  const stream = await handle.createWritable();
  await stream.write(await handle.getFile());
  await stream.write(await handle.getFile());
  await stream.close();
  equal((await handle.getFile()).size, 1e7);
});

clause("FileSystemSyncAccessHandle", async () => {
  const handle = await make("f", "0123456789");
  const access = await handle.createSyncAccessHandle();
  const buffer = new Uint8Array(4);
  equal([access.read(buffer), [...buffer]], [4, [48, 49, 50, 51]]);
  equal([access.read(buffer.subarray(0, 2)), buffer[0]], [2, 52]);
  equal([access.read(buffer, { at: 8 }), access.read(buffer), access.read(buffer, { at: 99 })], [2, 0, 0]);
  equal([access.write(new TextEncoder().encode("ab")), access.getSize()], [2, 12]);
  equal(access.write(new Uint8Array([33]), { at: 0 }), 1);
  access.truncate(3);
  equal(access.getSize(), 3);
  equal(access.write(new Uint8Array([34])), 1);
  access.flush();
  access.close();
  access.close();
  equal(await text(handle), '!"2');
  for (
    const call of [
      () => access.read(buffer),
      () => access.write(buffer),
      () => access.getSize(),
      () => access.truncate(0),
      () => access.flush(),
    ]
  ) {
    let error;
    try {
      call();
    } catch (e) {
      error = e;
    }
    equal([error instanceof DOMException, error.name], [true, "InvalidStateError"]);
  }
});

clause("locks", async () => {
  const handle = await make("f", "");
  const stream = await handle.createWritable();
  await rejects("NoModificationAllowedError", handle.createSyncAccessHandle());
  await stream.close();
  const access = await handle.createSyncAccessHandle();
  await rejects("NoModificationAllowedError", handle.createSyncAccessHandle());
  await rejects("NoModificationAllowedError", handle.createWritable());
  await rejects("NoModificationAllowedError", root.removeEntry("f"));
  access.close();
  await (await handle.createWritable({ mode: "exclusive" })).close();
  const only = await handle.createWritable({ mode: "exclusive" });
  await rejects("NoModificationAllowedError", handle.createWritable());
  await only.abort();
});

clause("navigator.storage.getDirectory", async () => {
  await make("f", "x");
  const same = await navigator.storage.getDirectory();
  check(await same.isSameEntry(root));
  equal(await text(await same.getFileHandle("f")), "x");
});

clause("getDirectory", async () => {
  await (await root.getDirectoryHandle("d", create)).getDirectoryHandle("e", create);
  await make("f", "");
  equal((await getDirectory("/d/e")).name, "e");
  equal((await getDirectory("d/./../d/e/")).name, "e");
  check(await (await getDirectory()).isSameEntry(root));
  await rejects("NotFoundError", getDirectory("/none"));
  await rejects("NotFoundError", getDirectory("/none/x"));
  await rejects("TypeMismatchError", getDirectory("/f"));
});

clause("permissions", async () => {
  equal(await root.queryPermission(), "granted");
  equal(await root.requestPermission({ mode: "readwrite" }), "granted");
  await rejects("TypeError", root.queryPermission({ mode: "execute" }));
});

clause("read-only", async () => {
  equal(await root.queryPermission({ mode: "readwrite" }), "denied");
  equal(await root.queryPermission({ mode: "read" }), "granted");
  const file = await root.getFileHandle("f");
  equal(await text(file), "content");
  for (
    const attempt of [
      () => root.getFileHandle("f", create),
      () => root.getFileHandle("new", create),
      () => root.getDirectoryHandle("d", create),
      () => root.removeEntry("f"),
      () => root.removeEntry("none"),
      () => file.createWritable(),
      () => file.createSyncAccessHandle(),
    ]
  ) {
    await rejects("NotAllowedError", attempt());
  }
  equal(await text(file), "content");
});

await clauses.get(wanted)();
"done";
