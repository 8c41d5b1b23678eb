// The Encoding standard (https://encoding.spec.whatwg.org/) and base64 of the Infra and HTML standards.

const decode = (label, bytes, options) => new TextDecoder(label, options).decode(unhex(bytes));

clause("Encoding 8.1.1 UTF-8 decoder: each maximal subpart of an ill-formed sequence is one U+FFFD", () => {
  for (
    const [bytes, text] of [
      ["ff", "\ufffd"],
      ["c0af", "\ufffd\ufffd"],
      ["e28241", "\ufffdA"],
      ["f09f98", "\ufffd"],
      ["eda080", "\ufffd\ufffd\ufffd"],
      ["f4908080", "\ufffd\ufffd\ufffd\ufffd"],
      ["e0809f", "\ufffd\ufffd\ufffd"],
      ["f0f0f0", "\ufffd\ufffd\ufffd"],
      ["4180c2a9", "A\ufffd©"],
    ]
  ) equal(decode("utf-8", bytes), text);
});

clause("Encoding 7.1 TextDecoder: fatal throws a TypeError, also at the end of the queue", () => {
  for (const bytes of ["ff", "e282", "eda080"]) {
    throws(TypeError, () => decode("utf-8", bytes, { fatal: true }));
  }
  equal(decode("utf-8", "e282ac", { fatal: true }), "€");
});

clause("Encoding 7.1 TextDecoder: the byte order mark is taken off once, unless ignoreBOM", () => {
  equal(decode("utf-8", "efbbbf41"), "A");
  equal(decode("utf-8", "efbbbfefbbbf41"), "\ufeffA");
  equal(decode("utf-8", "efbbbf41", { ignoreBOM: true }), "\ufeffA");
  equal(decode("utf-16le", "fffe4100"), "A");
});

clause(
  "Encoding 7.1 TextDecoder: stream keeps the bytes of an unfinished character for the next call",
  () => {
    const decoder = new TextDecoder();
    equal(decoder.decode(unhex("f09f"), { stream: true }), "");
    equal(decoder.decode(unhex("8c88"), { stream: true }), "🌈");
    equal(decoder.decode(unhex("e2"), { stream: true }), "");
    equal(decoder.decode(), "\ufffd");
    equal(decoder.decode(unhex("41")), "A");
  },
);

clause(
  "Encoding 4.2: labels are matched without case and outer white space; unknown ones are a RangeError",
  () => {
    for (
      const [label, name] of [
        ["utf8", "utf-8"],
        [" UTF-8\n", "utf-8"],
        ["unicode-1-1-utf-8", "utf-8"],
        ["latin1", "windows-1252"],
        ["ascii", "windows-1252"],
        ["sjis", "shift_jis"],
        ["utf-16", "utf-16le"],
        ["gb2312", "gbk"],
        ["iso-8859-8-i", "iso-8859-8-i"],
      ]
    ) equal(new TextDecoder(label).encoding, name);
    throws(RangeError, () => new TextDecoder("utf-7"));
    throws(RangeError, () => new TextDecoder("replacement"));
  },
);

clause("Encoding 9 and 14: windows-1252 and UTF-16 in both orders; a lone surrogate is U+FFFD", () => {
  equal(decode("windows-1252", "80e9ff"), "€éÿ");
  equal(decode("utf-16le", "3cd808df"), "🌈");
  equal(decode("utf-16be", "d83cdf08"), "🌈");
  equal(decode("utf-16le", "3cd84100"), "\ufffdA");
  equal(decode("utf-16le", "41"), "\ufffd");
});

clause("Encoding 10 to 13: the multi-byte encodings of East Asia", () => {
  equal(decode("shift_jis", "93fa967b"), "日本");
  equal(decode("shift_jis", "b1"), "ｱ");
  equal(decode("euc-jp", "c6fccbdc"), "日本");
  equal(decode("iso-2022-jp", "1b2442467c4b5c1b2842"), "日本");
  equal(decode("gbk", "d6d0"), "中");
  equal(decode("gb18030", "81308130"), "\u0080");
  equal(decode("big5", "a4a4"), "中");
  equal(decode("euc-kr", "c7d1"), "한");
  equal(decode("shift_jis", "9341"), "鄭");
  throws(TypeError, () => decode("shift_jis", "93", { fatal: true }));
});

clause("Encoding 7.3 TextEncoder: always UTF-8, lone surrogates become U+FFFD", () => {
  equal(hex(utf8("a€🌈")), "61e282acf09f8c88");
  equal(hex(utf8("\ud800x\udc00")), "efbfbd78efbfbd");
  equal(new TextEncoder().encoding, "utf-8");
});

clause("Encoding 7.3 TextEncoder: encodeInto writes whole characters only and says how far it came", () => {
  const room = new Uint8Array(5);
  equal(new TextEncoder().encodeInto("a€🌈", room), { read: 2, written: 4 });
  equal(hex(room), "61e282ac00");
});

clause("Encoding 7.5 and 7.6: the stream forms join characters and surrogates across chunks", async () => {
  const bytes = ReadableStream.from([unhex("e2"), unhex("82"), unhex("ac41")]);
  equal((await gather(bytes.pipeThrough(new TextDecoderStream()))).join(""), "€A");
  const text = ReadableStream.from(["\ud83c", "\udf08", "\ud83c"]);
  equal((await gather(text.pipeThrough(new TextEncoderStream()))).map(hex).join(""), "f09f8c88efbfbd");
  const bad = ReadableStream.from([unhex("ff")]);
  await rejects(TypeError, gather(bad.pipeThrough(new TextDecoderStream("utf-8", { fatal: true }))));
});

clause("Infra 8: forgiving-base64 decode ignores ASCII white space and missing padding", () => {
  equal(atob("YQ=="), "a");
  equal(atob(" Y\tQ\n=\f= \r"), "a");
  equal(atob("YQ"), "a");
  equal(atob("/+8="), "\xff\xef");
  equal(atob(""), "");
});

clause(
  "Infra 8: forgiving-base64 decode fails on padding too short or too early, length 1 mod 4, other characters",
  () => {
    for (const text of ["YQ=", "A", "YWJjZ", "YQ==YQ==", "=YQ=", "Y=Q=", "YQ===", "Y-_Q", "é", "YQ\u00a0"]) {
      throws("InvalidCharacterError", () => atob(text));
    }
  },
);

clause("HTML 8.3: btoa takes each character as a byte and refuses those above U+00FF", () => {
  equal(btoa("é\x00ÿ"), "6QD/");
  equal(btoa(""), "");
  equal(btoa(undefined), "dW5kZWZpbmVk");
  throws("InvalidCharacterError", () => btoa("€"));
});
