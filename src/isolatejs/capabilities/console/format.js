// @ts-check
// Text of console calls, by the engine's own inspector: format specifiers, tables, nested values.

const { apply } = Reflect;
const { slice, toWellFormed } = String.prototype;

/**
 * The engine's part: `Deno[Deno.internal]`.
 * @typedef {object} EngineConsole
 * @property {(args: any[], options: Record<string, unknown>) => string} inspectArgs
 * @property {new (print: (text: string, level: number) => void) => {table(data: unknown, columns: unknown): void}} Console
 */

/**
 * @param {EngineConsole} engine
 * @param {{colors: boolean, entryLimit: number}} settings `entryLimit`: characters of one text
 */
export function createFormatter(engine, settings) {
  const { inspectArgs, Console } = engine;
  let printed = "";
  const tables = new Console((text) => printed += text);

  /** Text as it may cross: not too long, and without lone surrogates. @param {string} text */
  function bounded(text) {
    const wellFormed = apply(toWellFormed, text, []);
    const limit = settings.entryLimit;
    if (wellFormed.length <= limit) return wellFormed;
    return `${apply(slice, wellFormed, [0, limit])}… [${wellFormed.length - limit} more characters]`;
  }

  return {
    bounded,

    /** What `console.log(...args)` writes. @param {any[]} args */
    format(args) {
      // By far the most frequent call; a lone string is not a format.
      if (args.length === 1 && typeof args[0] === "string") return bounded(args[0]);
      return bounded(inspectArgs(args, { __proto__: null, colors: settings.colors }));
    },

    /** @param {unknown} value @param {unknown} [options] */
    inspect(value, options) {
      const given = typeof options === "object" ? options : null;
      // A string that comes first would be taken as a format.
      const args = typeof value === "string" ? ["%s", value] : [value];
      return bounded(inspectArgs(args, { __proto__: null, colors: settings.colors, ...given }));
    },

    /** @param {unknown} data @param {unknown} columns */
    table(data, columns) {
      printed = "";
      try {
        tables.table(data, columns);
        return bounded(printed.length > 0 ? apply(slice, printed, [0, -1]) : "");
      } finally {
        printed = "";
      }
    },
  };
}
