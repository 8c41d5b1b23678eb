// The Web Cryptography API (https://w3c.github.io/webcrypto/) against the vectors of FIPS, NIST and the RFCs.

const { subtle } = crypto;
const raw = (key, algorithm, ...usages) =>
  subtle.importKey("raw", typeof key === "string" ? unhex(key) : key, algorithm, false, usages);

clause('FIPS 180-4: SHA-1, SHA-256, SHA-384 and SHA-512 of "abc"', async () => {
  for (
    const [name, digest] of [
      ["SHA-1", "a9993e364706816aba3e25717850c26c9cd0d89d"],
      ["SHA-256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
      [
        "SHA-384",
        "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
      ],
      [
        "SHA-512",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" +
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
      ],
    ]
  ) equal(hex(await subtle.digest(name, utf8("abc"))), digest);
  await rejects("NotSupportedError", subtle.digest("MD5", utf8("abc")));
});

clause("RFC 4231: HMAC-SHA-256, cases 1 and 2, signed and verified", async () => {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const one = await raw("0b".repeat(20), algorithm, "sign", "verify");
  const mac = await subtle.sign("HMAC", one, utf8("Hi There"));
  equal(hex(mac), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  equal(await subtle.verify("HMAC", one, mac, utf8("Hi There")), true);
  equal(await subtle.verify("HMAC", one, mac, utf8("Hi there")), false);
  const two = await raw(utf8("Jefe"), algorithm, "sign");
  equal(
    hex(await subtle.sign("HMAC", two, utf8("what do ya want for nothing?"))),
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  );
});

const SP_800_38A_KEY = "2b7e151628aed2a6abf7158809cf4f3c";
const SP_800_38A_TEXT = "6bc1bee22e409f96e93d7e117393172a";

clause("NIST SP 800-38A F.2.1: AES-128-CBC, first block", async () => {
  const key = await raw(SP_800_38A_KEY, "AES-CBC", "encrypt", "decrypt");
  const algorithm = { name: "AES-CBC", iv: unhex("000102030405060708090a0b0c0d0e0f") };
  const sealed = await subtle.encrypt(algorithm, key, unhex(SP_800_38A_TEXT));
  equal(hex(sealed.slice(0, 16)), "7649abac8119b246cee98e9b12e9197d");
  equal(sealed.byteLength, 32);
  equal(hex(await subtle.decrypt(algorithm, key, sealed)), SP_800_38A_TEXT);
  await rejects("OperationError", subtle.decrypt(algorithm, key, sealed.slice(0, 16)));
});

clause("NIST SP 800-38A F.5.1: AES-128-CTR, first block", async () => {
  const key = await raw(SP_800_38A_KEY, "AES-CTR", "encrypt");
  const counter = unhex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
  const sealed = await subtle.encrypt({ name: "AES-CTR", counter, length: 64 }, key, unhex(SP_800_38A_TEXT));
  equal(hex(sealed), "874d6191b620e3261bef6864990db6ce");
});

clause(
  "NIST SP 800-38D, test case 2 of the GCM specification: AES-128-GCM; a changed tag fails",
  async () => {
    const key = await raw("00".repeat(16), "AES-GCM", "encrypt", "decrypt");
    const algorithm = { name: "AES-GCM", iv: new Uint8Array(12) };
    const sealed = new Uint8Array(await subtle.encrypt(algorithm, key, new Uint8Array(16)));
    equal(hex(sealed), "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf");
    sealed[31] ^= 1;
    await rejects("OperationError", subtle.decrypt(algorithm, key, sealed));
  },
);

clause("RFC 3394 4.1: AES key wrap of 128 bits of key data", async () => {
  const kek = await raw("000102030405060708090a0b0c0d0e0f", "AES-KW", "wrapKey", "unwrapKey");
  const data = unhex("00112233445566778899aabbccddeeff");
  const key = await subtle.importKey("raw", data, "AES-CBC", true, ["encrypt"]);
  const wrapped = await subtle.wrapKey("raw", key, kek, "AES-KW");
  equal(hex(wrapped), "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5");
  const back = await subtle.unwrapKey("raw", wrapped, kek, "AES-KW", "AES-CBC", true, ["encrypt"]);
  equal(hex(await subtle.exportKey("raw", back)), hex(data));
});

clause('RFC 6979 A.2.5: ECDSA over P-256 verifies the signature of "sample"', async () => {
  const point = "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6" +
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
  const key = await raw(point, { name: "ECDSA", namedCurve: "P-256" }, "verify");
  const signature = unhex(
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716" +
      "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
  );
  const algorithm = { name: "ECDSA", hash: "SHA-256" };
  equal(await subtle.verify(algorithm, key, signature, utf8("sample")), true);
  equal(await subtle.verify(algorithm, key, signature, utf8("simple")), false);
});

clause(
  "Web Cryptography 23: ECDSA and ECDH keys made here work with each other and cross as JWK",
  async () => {
    const pair = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-384" }, true, ["sign", "verify"]);
    const algorithm = { name: "ECDSA", hash: "SHA-384" };
    const signature = await subtle.sign(algorithm, pair.privateKey, utf8("text"));
    equal(signature.byteLength, 96);
    const jwk = await subtle.exportKey("jwk", pair.publicKey);
    equal([jwk.kty, jwk.crv, jwk.d], ["EC", "P-384", undefined]);
    const back = await subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-384" }, true, ["verify"]);
    equal(await subtle.verify(algorithm, back, signature, utf8("text")), true);
    const ecdh = { name: "ECDH", namedCurve: "P-256" };
    const [a, b] = [
      await subtle.generateKey(ecdh, false, ["deriveBits"]),
      await subtle.generateKey(ecdh, false, ["deriveBits"]),
    ];
    const shared = await subtle.deriveBits({ name: "ECDH", public: b.publicKey }, a.privateKey, 256);
    equal(
      hex(await subtle.deriveBits({ name: "ECDH", public: a.publicKey }, b.privateKey, 256)),
      hex(shared),
    );
  },
);

clause("RFC 8032 7.1, test 1: Ed25519 signature of the empty message", async () => {
  const seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
  const pkcs8 = unhex(`302e020100300506032b657004220420${seed}`);
  const secret = await subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]);
  const signature = await subtle.sign("Ed25519", secret, new Uint8Array(0));
  equal(
    hex(signature),
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155" +
      "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  );
  const known = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
  const key = await raw(known, "Ed25519", "verify");
  equal(await subtle.verify("Ed25519", key, signature, new Uint8Array(0)), true);
});

clause("RFC 7748 6: X25519 gives both sides the same secret", async () => {
  const [a, b] = [
    await subtle.generateKey("X25519", false, ["deriveBits"]),
    await subtle.generateKey("X25519", false, ["deriveBits"]),
  ];
  const shared = await subtle.deriveBits({ name: "X25519", public: b.publicKey }, a.privateKey, 256);
  const other = await subtle.deriveBits({ name: "X25519", public: a.publicKey }, b.privateKey, 256);
  equal(hex(shared), hex(other));
});

clause("RFC 5869 A.1: HKDF-SHA-256", async () => {
  const key = await raw("0b".repeat(22), "HKDF", "deriveBits");
  const salt = unhex("000102030405060708090a0b0c");
  const info = unhex("f0f1f2f3f4f5f6f7f8f9");
  equal(
    hex(await subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info }, key, 42 * 8)),
    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
  );
});

clause("RFC 6070: PBKDF2-HMAC-SHA-1 with 1 and 4,096 iterations", async () => {
  const key = await raw(utf8("password"), "PBKDF2", "deriveBits");
  const derive = async (iterations) =>
    hex(
      await subtle.deriveBits({ name: "PBKDF2", hash: "SHA-1", salt: utf8("salt"), iterations }, key, 160),
    );
  equal(await derive(1), "0c60c80f961f0e71f3a9b524af6012062fe037a6");
  equal(await derive(4096), "4b007901b765489abead49d926f721d065a429c1");
});

clause("RFC 8017: RSA-OAEP and RSA-PSS round trips", async () => {
  const rsa = { modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" };
  const oaep = await subtle.generateKey({ name: "RSA-OAEP", ...rsa }, false, ["encrypt", "decrypt"]);
  const sealed = await subtle.encrypt("RSA-OAEP", oaep.publicKey, utf8("text"));
  equal(hex(await subtle.decrypt("RSA-OAEP", oaep.privateKey, sealed)), hex(utf8("text")));
  const pss = await subtle.generateKey({ name: "RSA-PSS", ...rsa }, false, ["sign", "verify"]);
  const algorithm = { name: "RSA-PSS", saltLength: 32 };
  const signature = await subtle.sign(algorithm, pss.privateKey, utf8("text"));
  equal(await subtle.verify(algorithm, pss.publicKey, signature, utf8("text")), true);
});

clause("Web Cryptography 14.3: a key does only what it may, and leaves only if extractable", async () => {
  const key = await raw("00".repeat(16), "AES-GCM", "decrypt");
  check(key instanceof CryptoKey);
  equal([key.type, key.extractable, key.usages], ["secret", false, ["decrypt"]]);
  await rejects("InvalidAccessError", subtle.encrypt({ name: "AES-GCM", iv: unhex("00") }, key, unhex("00")));
  await rejects("InvalidAccessError", subtle.exportKey("raw", key));
  await rejects(
    SyntaxError,
    raw("00".repeat(16), "AES-GCM", "sign").catch((error) => {
      throw error instanceof DOMException && error.name === "SyntaxError" ? new SyntaxError() : error;
    }),
  );
});

clause("Web Cryptography 10.1: getRandomValues fills integer arrays in place, 65,536 bytes at most", () => {
  const array = new Uint32Array(64);
  check(crypto.getRandomValues(array) === array);
  check(new Set(array).size > 32);
  throws("TypeMismatchError", () => crypto.getRandomValues(new Float32Array(4)));
  throws("QuotaExceededError", () => crypto.getRandomValues(new Uint8Array(65_537)));
  equal(crypto.getRandomValues(new Uint8Array(65_536)).length, 65_536);
});

clause("RFC 9562 5.4: randomUUID gives version 4, variant 10", () => {
  const made = Array.from({ length: 50 }, () => crypto.randomUUID());
  for (const uuid of made) {
    check(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(uuid));
  }
  equal(new Set(made).size, 50);
});
