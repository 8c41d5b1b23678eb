// URL patterns as Playwright reads them: text with globs, regular expressions, URL patterns, predicates. A pattern of a
// program is matched here, in its own sandbox: neither the host nor its browser's driver ever runs one.
// @ts-check

const { URL, URLPattern } = globalThis;

/**
 * A function of URL texts. Throws for what is no pattern.
 * @param {any} matcher @param {string | undefined} base what relative globs start from @param {boolean} [isWebSocket]
 * @returns {(url: string) => any}
 */
export function urlMatcher(matcher, base, isWebSocket = false) {
  if (matcher === undefined || matcher === null || matcher === "") return () => true;
  if (matcher instanceof RegExp) {
    const { source, flags } = matcher;
    return (url) => new RegExp(source, flags.replace(/[gy]/g, "")).test(url);
  }
  if (typeof matcher === "function") return (url) => matcher(new URL(url));
  if (URLPattern !== undefined && matcher instanceof URLPattern) return (url) => matcher.test(url);
  if (typeof matcher !== "string" && !(matcher instanceof URL)) {
    throw new TypeError("url parameter should be string, RegExp, URLPattern or function");
  }
  const glob = `${matcher}`;
  const pattern = globToRegExp(resolveGlobBase(isWebSocket ? webSocketBase(base) : base, glob));
  return (url) => pattern.test(url);
}

/** Whether two patterns are the same one, for `unroute`. @param {any} one @param {any} other */
export function isSamePattern(one, other) {
  if (one instanceof RegExp && other instanceof RegExp) {
    return one.source === other.source && one.flags === other.flags;
  }
  return one === other;
}

/** @param {string | undefined} base */
const webSocketBase = (base) =>
  base?.replace(/^http(s?):\/\//i, (_, secure) => secure === "" ? "ws://" : "wss://");

const ESCAPED = new Set(["$", "^", "+", ".", "*", "(", ")", "|", "\\", "?", "{", "}", "[", "]"]);

/** `**` is anything, `*` anything but a slash, `{a,b}` either. @param {string} glob */
function globToRegExp(glob) {
  let text = "^";
  let group = false;
  for (let i = 0; i < glob.length; i++) {
    const char = glob[i];
    if (char === "\\" && i + 1 < glob.length) {
      i += 1;
      text += ESCAPED.has(glob[i]) ? `\\${glob[i]}` : glob[i];
    } else if (char === "*") {
      const before = glob[i - 1];
      let stars = 1;
      while (glob[i + 1] === "*") {
        stars += 1;
        i += 1;
      }
      if (stars === 1) text += "([^/]*)";
      else if (glob[i + 1] === "/") {
        text += before === "/" ? "((.+/)|)" : "(.*/)";
        i += 1;
      } else text += "(.*)";
    } else if (char === "{" || char === "}") {
      if (group === (char === "{")) {
        const what = group ? "nested '{' is not supported" : "unmatched '}'";
        throw new Error(`Invalid glob pattern ${JSON.stringify(glob)}: ${what}`);
      }
      group = !group;
      text += group ? "(" : ")";
    } else if (char === ",") {
      text += group ? "|" : "\\,";
    } else {
      text += ESCAPED.has(char) ? `\\${char}` : char;
    }
  }
  if (group) throw new Error(`Invalid glob pattern ${JSON.stringify(glob)}: unmatched '{'`);
  return new RegExp(`${text}$`);
}

/** A glob as a whole URL, as Playwright's `resolveGlobBase` does it. @param {string | undefined} base @param {string} glob */
function resolveGlobBase(base, glob) {
  if (glob.startsWith("*") || /^(about|data|chrome|edge|file):/.test(glob)) return glob;
  /** What stands for parts with glob symbols while the URL is resolved. @type {Map<string, string>} */
  const kept = new Map();
  const stand = (/** @type {string} */ original, /** @type {string} */ placeholder) => {
    if (original === "") return "";
    kept.set(placeholder, original);
    return placeholder;
  };
  const parts = glob.replaceAll("\\\\?", "?").split("/").map((part, index) => {
    if (part === "" || part === "." || part === "..") return part;
    if (index === 0 && part.endsWith(":")) return /[*{]/.test(part) ? stand(part, "http:") : part;
    if (!/[*?{}\\]/.test(part)) return part;
    const query = part.indexOf("?");
    if (query < 0) return stand(part, `$_${index}_$`);
    return stand(part.slice(0, query), `$_${index}_$`) + stand(part.slice(query), `?$_${index}_$`);
  });
  const path = parts.join("/");
  const url = URL.canParse(path, base) ? new URL(path, base) : undefined;
  let resolved = url?.href ?? path;
  for (const [placeholder, original] of kept) {
    const isCaseless = url !== undefined && url.origin.includes(placeholder);
    resolved = resolved.replace(placeholder, () => isCaseless ? original.toLowerCase() : original);
  }
  return resolved;
}
