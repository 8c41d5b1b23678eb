// The Compression standard (https://compression.spec.whatwg.org/) with the formats of RFC 1950, 1951 and 1952.

const through = async (bytes, transform) =>
  new Uint8Array(await new Response(ReadableStream.from([bytes]).pipeThrough(transform)).arrayBuffer());
const KNOWN = {
  "deflate-raw": "cb48cdc9c90700",
  deflate: "789ccb48cdc9c90700062c0215",
  gzip: "1f8b0800000000000003cb48cdc9c9070086a6103605000000",
};

clause('Compression 5: known bytes of all three formats give "hello"', async () => {
  for (const [format, bytes] of Object.entries(KNOWN)) {
    equal(hex(await through(unhex(bytes), new DecompressionStream(format))), hex(utf8("hello")));
  }
});

clause("Compression 4: what is compressed comes back, 200 KB in each format, and is smaller", async () => {
  const text = utf8("the quick brown fox ".repeat(10_000));
  for (const format of Object.keys(KNOWN)) {
    const small = await through(text, new CompressionStream(format));
    check(small.length < text.length / 50);
    equal((await through(small, new DecompressionStream(format))).length, text.length);
  }
});

clause("RFC 1950 2.2 and RFC 1952 2.3.1: the headers that deflate and gzip begin with", async () => {
  equal((await through(utf8("x"), new CompressionStream("deflate")))[0] & 15, 8);
  equal(hex((await through(utf8("x"), new CompressionStream("gzip"))).slice(0, 3)), "1f8b08");
});

clause(
  "Compression 5: a wrong checksum, a cut end, foreign bytes and trailing bytes are TypeErrors",
  async () => {
    const bad = unhex(KNOWN.gzip);
    bad[bad.length - 6] ^= 1;
    await rejects(TypeError, through(bad, new DecompressionStream("gzip")));
    await rejects(TypeError, through(unhex(KNOWN.gzip).slice(0, -1), new DecompressionStream("gzip")));
    await rejects(TypeError, through(utf8("not at all"), new DecompressionStream("deflate")));
    await rejects(TypeError, through(unhex(`${KNOWN.deflate}00`), new DecompressionStream("deflate")));
  },
);

clause(
  "Compression 4: an unsupported format is a TypeError, and so is a chunk that is no bytes",
  async () => {
    throws(TypeError, () => new CompressionStream("lzw"));
    throws(TypeError, () => new DecompressionStream());
    await rejects(TypeError, through("text", new CompressionStream("gzip")));
  },
);
