// The File API (https://w3c.github.io/FileAPI/) and FormData of the XMLHttpRequest standard.

clause("File API 3: a Blob joins its parts; strings are UTF-8, views only their own range", async () => {
  const blob = new Blob([
    "ä",
    new Uint8Array([1, 2, 3]).subarray(1),
    new Blob(["z"]),
    new DataView(new ArrayBuffer(1)),
  ]);
  equal([blob.size, hex(await blob.arrayBuffer())], [6, "c3a402037a00"]);
  equal(hex(await blob.bytes()), "c3a402037a00");
});

clause(
  "File API 3.1: type is lower case, and empty when it holds a character outside U+0020 to U+007E",
  () => {
    equal(new Blob([], { type: "Text/HTML" }).type, "text/html");
    equal(new Blob([], { type: "té" }).type, "");
    equal(new Blob([]).type, "");
  },
);

clause(
  "File API 3.3.1: slice counts from the end for negative numbers, clamps, and takes its own type",
  async () => {
    const blob = new Blob(["0123456789"], { type: "a/b" });
    const text = (...range) => blob.slice(...range).text();
    equal(
      [
        await text(2, 5),
        await text(-3),
        await text(2, -2),
        await text(5, 2),
        await text(8, 99),
        await text(),
      ],
      ["234", "789", "234567", "", "89", "0123456789"],
    );
    equal([blob.slice(0, 1).type, blob.slice(0, 1, "C/D").type], ["", "c/d"]);
  },
);

clause(
  "File API 3.3.3: text decodes as UTF-8 with U+FFFD for what is none, stream gives the bytes",
  async () => {
    equal(await new Blob([unhex("ff41")]).text(), "\ufffdA");
    equal((await gather(new Blob(["abc"]).stream())).map(hex).join(""), "616263");
  },
);

clause("File API 3.1: what is no sequence of parts is a TypeError", () => {
  throws(TypeError, () => new Blob("text"));
  throws(TypeError, () => new File());
});

clause("File API 4: a File has a name and a time of last change, now when none is given", async () => {
  const file = new File(["x"], "a/b.txt", { type: "text/plain", lastModified: 5 });
  equal([file.name, file.lastModified, file.type, file.size, await file.text()], [
    "a/b.txt",
    5,
    "text/plain",
    1,
    "x",
  ]);
  check(file instanceof Blob);
  check(Math.abs(new File([], "n").lastModified - Date.now()) < 60_000);
});

clause("File API 8.4: object URLs are made, and can be revoked", () => {
  const url = URL.createObjectURL(new Blob(["x"]));
  equal(new URL(url).protocol, "blob:");
  URL.revokeObjectURL(url);
});

clause(
  "XMLHttpRequest 5: FormData keeps order and duplicates; set replaces the first and removes the rest",
  () => {
    const form = new FormData();
    form.append("a", 1);
    form.append("b", "x");
    form.append("a", "2");
    form.set("a", "3");
    equal([...form], [["a", "3"], ["b", "x"]]);
    equal([form.get("c"), form.has("b"), form.getAll("a")], [null, true, ["3"]]);
    form.delete("a");
    equal([...form.keys()], ["b"]);
  },
);

clause("XMLHttpRequest 5: a Blob becomes a File named blob, or as the third argument says", () => {
  const form = new FormData();
  form.append("f", new Blob(["x"]));
  form.append("f", new Blob(["x"]), "own.txt");
  form.append("f", new File(["x"], "n.txt"), "other.txt");
  equal(form.getAll("f").map((file) => [file instanceof File, file.name]), [
    [true, "blob"],
    [true, "own.txt"],
    [true, "other.txt"],
  ]);
});

clause("Fetch 5.2: a FormData body is multipart and reads back with its names and bytes", async () => {
  const form = new FormData();
  form.append("näme", "line\nbreak");
  form.append("file", new File([unhex("00ff0d0a")], "ü.bin", { type: "application/x-y" }));
  const response = new Response(form);
  check(response.headers.get("content-type").startsWith("multipart/form-data; boundary="));
  const back = await response.formData();
  equal([...back.keys()], ["näme", "file"]);
  equal(back.get("näme"), "line\r\nbreak");
  const file = back.get("file");
  equal([file.name, file.type, hex(await file.bytes())], ["ü.bin", "application/x-y", "00ff0d0a"]);
});

clause("Fetch 5.2: a URLSearchParams body is urlencoded and reads back as a form", async () => {
  const response = new Response(new URLSearchParams({ a: "b c", d: "ä" }));
  equal(response.headers.get("content-type"), "application/x-www-form-urlencoded;charset=UTF-8");
  equal([...await response.formData()], [["a", "b c"], ["d", "ä"]]);
});

clause("Fetch 5.3: a body is read once; clone before that gives two", async () => {
  const response = new Response("abc");
  const copy = response.clone();
  equal([await response.text(), await copy.text(), response.bodyUsed], ["abc", "abc", true]);
  await rejects(TypeError, response.text());
  throws(TypeError, () => response.clone());
  await rejects(SyntaxError, new Response("{").json());
});

clause("Fetch 5.1: Headers join values of one name, sort, keep set-cookie apart and refuse bad ones", () => {
  const headers = new Headers([["B", " 2 "], ["a", "1"], ["b", "3"], ["set-cookie", "x"], [
    "set-cookie",
    "y",
  ]]);
  equal([...headers], [["a", "1"], ["b", "2, 3"], ["set-cookie", "x"], ["set-cookie", "y"]]);
  equal(headers.getSetCookie(), ["x", "y"]);
  throws(TypeError, () => headers.set("a b", "c"));
  throws(TypeError, () => headers.set("a", "b\nc"));
});

clause("Fetch 5.4 and 5.5: what Request and Response refuse", () => {
  throws(TypeError, () => new Request("http://a/", { body: "x" }));
  throws(TypeError, () => new Request("http://a/", { method: "TRACE" }));
  throws(RangeError, () => new Response("", { status: 99 }));
  throws(TypeError, () => new Response("x", { status: 204 }));
  throws(RangeError, () => Response.redirect("http://a/", 200));
  equal([new Request("http://a/", { method: "post" }).method, Response.error().type], ["POST", "error"]);
  equal(Response.json({ a: 1 }).headers.get("content-type"), "application/json");
});
