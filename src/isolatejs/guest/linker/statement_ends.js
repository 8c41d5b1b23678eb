// @ts-check
// Puts back the ends of statements that the engine's type eraser loses. It replaces types by blanks; where the
// erased text was, or ended, a statement, the lines before and after it could join: `a = b` before
// `type T = string;` before `(c)` would call `b`. A `;` in the blanks keeps them apart, and every column stays.

/** What can go on with an expression or a class member that ended at a line break. */
const CONTINUES = /^(?:[([`+\-*/<]|in\b|instanceof\b)/;
/** What TypeScript does not read as going on after `as T` on another line, and JavaScript would. */
const CONTINUES_AS = /^[([`]/;
const BLANK = /\s/;
const BLANKS_AND_COMMENTS = /(?:\s|\/\/[^\n]*|\/\*[^]*?\*\/)*/y;
const DECLARATION =
  /^(?:type|interface|declare|import|export|function|async|abstract|namespace|module|private|public|protected|readonly|override|static)\b/;
const ASSERTION = /^(?:as|satisfies)\b/;
/** Type arguments, `!`, `?` and annotations are parts of what goes on after them; `this: T` is a parameter. */
const PART = /^(?:[<!?:]|this\s*[:,])/;
/** After these words an erased word is a modifier in the middle of a member, or the operand is still to come. */
const UNFINISHED =
  /(?:^|[^\w$.])(?:static|async|get|set|accessor|default|export|new|return|typeof|await|yield|of|in|case|throw|delete|void)\s*$/;

/**
 * @param {string} source  TypeScript
 * @param {string} erased  the same with blanks in the place of its types
 * @returns {string}
 */
export function keepStatementEnds(source, erased) {
  if (source.length !== erased.length || source === erased) return erased;
  /** @type {number[]} */
  const ends = [];
  for (const { start, end } of erasedParts(source, erased)) {
    if (joins(source, erased, start, end)) ends.push(end - 1);
  }
  if (ends.length === 0) return erased;
  let code = "", from = 0;
  for (const end of ends) {
    code += erased.slice(from, end) + ";";
    from = end + 1;
  }
  return code + erased.slice(from);
}

/**
 * The stretches that became blank. One ends where a declaration begins on a new line, outside of brackets.
 * @param {string} source
 * @param {string} erased
 */
function* erasedParts(source, erased) {
  const { length } = source;
  for (let i = 0; i < length;) {
    if (source[i] === erased[i] || !BLANK.test(erased[i])) {
      i += 1;
      continue;
    }
    const start = i;
    let end = i, sawLine = false, depth = 0;
    for (; i < length && BLANK.test(erased[i]); i++) {
      const character = source[i];
      if (character === erased[i]) {
        sawLine ||= character === "\n";
        continue;
      }
      if (sawLine && depth === 0 && DECLARATION.test(source.slice(i, i + 16))) break;
      if ("([{<".includes(character)) depth += 1;
      else if (")]}".includes(character) || character === ">" && source[i - 1] !== "=") depth -= 1;
      sawLine = false;
      end = i + 1;
    }
    yield { start, end };
  }
}

/**
 * Whether what stands before the erased part would go on with what stands after it.
 * @param {string} source
 * @param {string} erased
 * @param {number} start
 * @param {number} end
 */
function joins(source, erased, start, end) {
  const text = source.slice(start, end);
  if (PART.test(text)) return false;
  BLANKS_AND_COMMENTS.lastIndex = end;
  const between = BLANKS_AND_COMMENTS.exec(erased)?.[0] ?? "";
  const next = erased.slice(end + between.length, end + between.length + 12);
  if (ASSERTION.test(text)) return between.includes("\n") && CONTINUES_AS.test(next);
  return CONTINUES.test(next) && !UNFINISHED.test(erased.slice(Math.max(0, start - 32), start));
}
