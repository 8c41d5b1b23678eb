// The URL standard (https://url.spec.whatwg.org/) and the URL Pattern standard (https://urlpattern.spec.whatwg.org/).

clause("URL 4.1: the examples of parsing, each with its base", () => {
  for (
    const [input, base, href] of [
      ["https:example.org", undefined, "https://example.org/"],
      ["https://////example.com///", undefined, "https://example.com///"],
      ["https://example.com/././foo", undefined, "https://example.com/foo"],
      ["hello:world", "https://example.com", "hello:world"],
      ["https:example.org", "https://example.com", "https://example.com/example.org"],
      ["\\example\\..\\demo/.\\", "https://example.com", "https://example.com/demo/"],
      ["example", "https://example.com/demo", "https://example.com/example"],
      ["file:C|/demo", undefined, "file:///C:/demo"],
      ["..", "file:///C:/demo", "file:///C:/"],
      ["file://loc%61lhost/", undefined, "file:///"],
      ["https://user:password@example.org/", undefined, "https://user:password@example.org/"],
      ["https://example.org/foo bar", undefined, "https://example.org/foo%20bar"],
      ["https://EXAMPLE.com/../x", undefined, "https://example.com/x"],
    ]
  ) equal(new URL(input, base).href, href);
});

clause("URL 4.1: what is not a valid URL at all is a TypeError", () => {
  for (
    const input of [
      "https://ex ample.org/",
      "example",
      "https://example.com:demo",
      "http://[www.example.com]/",
      "https://#fragment",
      "https://:443",
      "https://[:::1]",
    ]
  ) throws(TypeError, () => new URL(input));
});

clause("URL 3.5: host parsing: IPv4 in all its numbers, IPv6 compressed, percent-decoding, IDNA", () => {
  const host = (text) => new URL(`https://${text}/`).host;
  equal(host("0x7f.1"), "127.0.0.1");
  equal(host("1.2.3"), "1.2.0.3");
  equal(host("017700000001"), "127.0.0.1");
  equal(host("[::0:1]"), "[::1]");
  equal(host("[2001:db8:0:0:1:0:0:1]"), "[2001:db8::1:0:0:1]");
  equal(host("example%2Ecom"), "example.com");
  equal(host("EXAMPLE.com."), "example.com.");
  equal(host("faß.ExAmPlE"), "xn--fa-hia.example");
  for (const bad of ["256.256.256.256", "1.2.3.4.5", "a<b", "xn--/", "%00"]) {
    throws(TypeError, () => new URL(`https://${bad}/`));
  }
});

clause("URL 4.4: a backslash ends the authority of a special URL", () => {
  const url = new URL("http://good.com\\@evil.com");
  equal([url.host, url.pathname, url.username], ["good.com", "/@evil.com", ""]);
});

clause("URL 4.4: tab and newline are removed, leading and trailing C0 and space are stripped", () => {
  equal(new URL(" \u0000https://exa\tmple.\norg/\r ").href, "https://example.org/");
});

clause("URL 4.4: a default port is dropped, a port above 65535 fails", () => {
  equal(new URL("https://a:443/").port, "");
  equal(new URL("http://a:443/").port, "443");
  throws(TypeError, () => new URL("http://a:65536/"));
});

clause("URL 6.1: the setters parse their part and ignore what does not fit", () => {
  const url = new URL("https://example.org:8080/a?b#c");
  url.protocol = "http";
  url.protocol = "data";
  url.port = "80x";
  url.host = "new.example:99";
  url.pathname = "p q";
  url.search = "x=ä";
  url.hash = "h i";
  url.username = "me@";
  equal(url.href, "http://me%40@new.example:99/p%20q?x=%C3%A4#h%20i");
  throws(TypeError, () => {
    url.href = "nothing";
  });
});

clause("URL 6.1: origin is a tuple for special schemes, that of its path for blob, opaque otherwise", () => {
  equal(new URL("https://a.b:8443/x").origin, "https://a.b:8443");
  equal(new URL("blob:https://a.b/x").origin, "https://a.b");
  equal(new URL("data:,x").origin, "null");
  equal(new URL("file:///x").origin, "null");
});

clause("URL 6.1: canParse and parse never throw", () => {
  equal([URL.canParse("x"), URL.canParse("x", "https://a/")], [false, true]);
  equal([URL.parse("x"), URL.parse("x", "https://a/").href], [null, "https://a/x"]);
});

clause("URL 5.1: application/x-www-form-urlencoded parsing and serializing", () => {
  const params = new URLSearchParams("?a=b+c&d=%F0%9F%8C%88&e&=f&a=%zz&&x=1=2");
  equal([...params], [["a", "b c"], ["d", "🌈"], ["e", ""], ["", "f"], ["a", "%zz"], ["x", "1=2"]]);
  equal(`${new URLSearchParams([["k é", "~*-._ \n"]])}`, "k+%C3%A9=%7E*-._+%0A");
});

clause("URL 6.2: sort is stable and by code units", () => {
  const params = new URLSearchParams("z=b&a=b&z=a&a=a&ﬃ&🌈");
  params.sort();
  equal(`${params}`, "a=b&a=a&z=b&z=a&%F0%9F%8C%88=&%EF%AC%83=");
});

clause("URL 6.2: get, getAll, has and delete with a value, set, size", () => {
  const params = new URLSearchParams({ a: "1" });
  params.append("a", "2");
  params.append("b", "3");
  equal([params.get("a"), params.get("c"), params.getAll("a"), params.size], ["1", null, ["1", "2"], 3]);
  equal([params.has("a", "2"), params.has("a", "3")], [true, false]);
  params.delete("a", "1");
  params.set("b", "4");
  equal(`${params}`, "a=2&b=4");
  throws(TypeError, () => new URLSearchParams([["one"]]));
});

clause("URL 6.2: a URL and its searchParams follow each other", () => {
  const url = new URL("https://example.org/?a=b ~");
  equal(url.href, "https://example.org/?a=b%20~");
  url.searchParams.sort();
  equal(url.href, "https://example.org/?a=b+%7E");
  url.search = "c=d";
  equal(url.searchParams.get("c"), "d");
  url.searchParams.delete("c");
  equal(url.href, "https://example.org/");
});

clause("URL Pattern 1.2: named groups, wildcards and regular expressions match per component", () => {
  const pattern = new URLPattern({ pathname: "/books/:id(\\d+)/*" });
  const match = pattern.exec("https://example.com/books/123/pages/4");
  equal(match.pathname.groups, { 0: "pages/4", id: "123" });
  equal(pattern.exec("https://example.com/books/abc/x"), null);
  equal(pattern.test({ pathname: "/books/1/" }), true);
});

clause(
  "URL Pattern 1.3: a constructor string gives all components; groups are optional with a question mark",
  () => {
    const pattern = new URLPattern("https://:sub.example.com/{old/}?here");
    equal([pattern.protocol, pattern.hostname, pattern.pathname], [
      "https",
      ":sub.example.com",
      "/{old/}?here",
    ]);
    equal(pattern.test("https://a.example.com/old/here"), true);
    equal(pattern.exec("https://a.example.com/here").hostname.groups.sub, "a");
    equal(pattern.test("http://a.example.com/here"), false);
    throws(TypeError, () => new URLPattern("("));
  },
);

clause("URL Pattern 1.2: a relative pattern takes its origin from a base, ignoreCase is an option", () => {
  equal(new URLPattern("/a/:b", "https://example.com").test("https://example.com/a/x"), true);
  equal(new URLPattern({ pathname: "/Foo" }, { ignoreCase: true }).test("https://x/foo"), true);
});
