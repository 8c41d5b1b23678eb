// @ts-check
// Prints the calls and results of mock functions beside what was expected of them.

import { equals } from "./equals.js";
import { diff, printExpected, printReceived, stringify } from "./messages.js";
import { customTesters } from "./state.js";
import { iterableEquality } from "./testers.js";
import { isPrimitive, typeName } from "./type_name.js";

const NO_ARGUMENTS = "called with 0 arguments";
const INDENTATION = " ".repeat("Received".length);

/** @param {any} expected @param {any} received */
export function isEqualValue(expected, received) {
  return equals(expected, received, [...customTesters(), iterableEquality]);
}

/** @param {any[]} expected */
export function printExpectedArgs(expected) {
  return expected.length === 0 ? NO_ARGUMENTS : expected.map(printExpected).join(", ");
}

/** @param {any[]} received @param {any[]} [expected] */
export function printReceivedArgs(received, expected) {
  if (received.length === 0) return NO_ARGUMENTS;
  return received.map((arg, i) => {
    const common = Array.isArray(expected) && i < expected.length && isEqualValue(expected[i], arg);
    return common ? stringify(arg) : printReceived(arg);
  }).join(", ");
}

/** Puts numbers at the right end of a label: `->     2: `. @param {string} label */
function numberPrinter(label) {
  const index = label.indexOf(":");
  const suffix = label.slice(index);
  return (/** @type {number} */ n, /** @type {boolean} */ marked) => {
    const text = String(n);
    return (marked ? "->".padEnd(index - text.length) : " ".repeat(Math.max(0, index - text.length))) + text +
      suffix;
  };
}

/** @param {any} expected @param {any} received */
function isDiffableArg(expected, received) {
  const type = typeName(expected);
  if (type !== typeName(received) || isPrimitive(expected)) return false;
  if (type === "date" || type === "function" || type === "regexp") return false;
  if (expected instanceof Error && received instanceof Error) return false;
  const asymmetric = (/** @type {any} */ value) =>
    type === "object" && typeof value.asymmetricMatch === "function";
  return !asymmetric(expected) && !asymmetric(received);
}

/** @param {any[]} expected @param {any[]} received */
function isDiffableCall(expected, received) {
  return expected.some((arg, i) => i < received.length && isDiffableArg(arg, received[i]));
}

/** The lines of a diff of two arguments without its heading, or null. @param {any} expected @param {any} received @param {boolean} expand */
function diffArg(expected, received, expand) {
  if (!isDiffableArg(expected, received)) return null;
  const text = diff(expected, received, { expand });
  if (typeof text !== "string" || !text.includes("- Expected") || !text.includes("+ Received")) return null;
  return text.split("\n").slice(3);
}

/** @param {any[]} expected @param {Array<[number, any[]]>} calls @param {boolean} only @param {number} [at] */
export function printCallsNegative(expected, calls, only, at) {
  if (calls.length === 0) return "";
  const label = "Received:     ";
  if (only) return `${label}${printReceivedArgs(calls[0][1], expected)}\n`;
  const number = numberPrinter(label);
  return `Received\n${
    calls.map(([i, args]) => `${number(i + 1, i === at)}${printReceivedArgs(args, expected)}\n`).join("")
  }`;
}

/** @param {any[]} expected @param {Array<[number, any[]]>} calls @param {boolean} expand @param {boolean} only @param {number} [at] */
export function printCallsPositive(expected, calls, expand, only, at) {
  const expectedLine = `Expected: ${printExpectedArgs(expected)}\n`;
  if (calls.length === 0) return expectedLine;
  const label = "Received: ";
  if (only && (at === 0 || at === undefined)) {
    const received = calls[0][1];
    if (isDiffableCall(expected, received)) return printOnlyCall(expected, received, expand);
    return `${expectedLine}${label}${printReceivedArgs(received, expected)}\n`;
  }
  const number = numberPrinter(label);
  const lines = calls.map(([i, received]) => {
    const start = number(i + 1, i === at);
    const diffable = (i === at || at === undefined) && isDiffableCall(expected, received);
    return diffable
      ? `${start.replace(": ", "\n")}${printCallDiff(expected, received, expand)}\n`
      : `${start}${printReceivedArgs(received, expected)}\n`;
  });
  return `${expectedLine}Received\n${lines.join("")}`;
}

/** @param {any[]} expected @param {any[]} received @param {boolean} expand */
function printOnlyCall(expected, received, expand) {
  const lines = ["- Expected", "+ Received", ""];
  for (let i = 0; i < Math.max(expected.length, received.length); i++) {
    if (i < expected.length && i < received.length) {
      if (isEqualValue(expected[i], received[i])) {
        lines.push(`  ${stringify(received[i])},`);
        continue;
      }
      const difference = diffArg(expected[i], received[i], expand);
      if (difference !== null) {
        lines.push(`${difference.join("\n")},`);
        continue;
      }
    }
    if (i < expected.length) lines.push(`- ${stringify(expected[i])},`);
    if (i < received.length) lines.push(`+ ${stringify(received[i])},`);
  }
  return `${lines.join("\n")}\n`;
}

/** @param {any[]} expected @param {any[]} received @param {boolean} expand */
function printCallDiff(expected, received, expand) {
  return received.map((arg, i) => {
    if (i < expected.length) {
      if (isEqualValue(expected[i], arg)) return `${INDENTATION}  ${stringify(arg)},`;
      const difference = diffArg(expected[i], arg, expand);
      if (difference !== null) return `${difference.map((line) => INDENTATION + line).join("\n")},`;
    }
    return `${INDENTATION}${i < expected.length ? `  ${printReceived(arg)}` : `+ ${stringify(arg)}`},`;
  }).join("\n");
}

/** @param {{type: string, value: any}} result @param {any} expected */
function printResult(result, expected) {
  if (result.type === "throw") return "function call threw an error";
  if (result.type === "incomplete") return "function call has not returned yet";
  return isEqualValue(expected, result.value) ? stringify(result.value) : printReceived(result.value);
}

/** @param {string} label @param {any} expected @param {Array<[number, any]>} results @param {boolean} only @param {number} [at] */
export function printResults(label, expected, results, only, at) {
  if (results.length === 0) return "";
  if (only && (at === 0 || at === undefined)) return `${label}${printResult(results[0][1], expected)}\n`;
  const number = numberPrinter(label);
  return `${label.replace(":", "").trim()}\n${
    results.map(([i, result]) => `${number(i + 1, i === at)}${printResult(result, expected)}\n`).join("")
  }`;
}
