// URL patterns as Playwright reads them: text with globs, regular expressions, predicates.
// @ts-check

/** @param {any} matcher @param {string} url */
export function urlMatches(matcher, url) {
  if (matcher === undefined || matcher === "") return true;
  if (matcher instanceof RegExp) return matcher.test(url);
  if (typeof matcher === "function") return matcher(new URL(url));
  return matcher === url || globToRegExp(`${matcher}`).test(url);
}

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
      const deep = stars > 1 && (before === "/" || before === undefined) &&
        (glob[i + 1] === "/" || glob[i + 1] === undefined);
      if (deep && glob[i + 1] === "/") {
        text += "((?:[^/]*(?:/|$))*)";
        i += 1;
      } else {
        text += stars > 1 ? "(.*)" : "([^/]*)";
      }
    } else if (char === "{") {
      group = true;
      text += "(";
    } else if (char === "}") {
      group = false;
      text += ")";
    } else if (char === "," && group) {
      text += "|";
    } else {
      text += ESCAPED.has(char) ? `\\${char}` : char;
    }
  }
  return new RegExp(`${text}$`);
}
