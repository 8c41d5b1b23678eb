// @ts-check
// Pieces of messages that several matcher files share.

import { stringify } from "./messages.js";

/** A string in quotes, as printReceived would show it but with its trailing spaces. @param {string} text */
export function printSubstring(text) {
  return `"${text.replaceAll(/"|\\/g, "\\$&")}"`;
}

/** Items with full depth each. @param {any[]} items */
export function printItems(items) {
  return `[${items.map((item) => stringify(item)).join(", ")}]`;
}

/** @param {string} label @param {any} constructor @param {boolean} isNot @param {boolean} isExpected */
function constructorName(label, constructor, isNot, isExpected) {
  if (typeof constructor.name !== "string") return `${label} name is not a string`;
  if (constructor.name.length === 0) return `${label} name is an empty string`;
  return `${label}: ${isNot ? (isExpected ? "not " : "    ") : ""}${constructor.name}`;
}

/** @param {string} label @param {any} constructor @param {boolean} isNot @param {boolean} isExpected */
export function printConstructor(label, constructor, isNot, isExpected) {
  return `${constructorName(label, constructor, isNot, isExpected)}\n`;
}

/** @param {string} label @param {any} received @param {any} expected */
export function printReceivedConstructorNot(label, received, expected) {
  const named = [received, expected].every((fn) => typeof fn.name === "string" && fn.name.length > 0);
  if (!named) return printConstructor(label, received, false, false);
  const relation = Object.getPrototypeOf(received) === expected ? "extends" : "extends … extends";
  return `${constructorName(label, received, true, false)} ${relation} ${expected.name}\n`;
}
