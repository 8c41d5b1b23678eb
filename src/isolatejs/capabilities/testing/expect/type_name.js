// @ts-check
// The names that messages give to types: "array", "date", "map", ... beside those of typeof.

/** @param {any} value @returns {string} */
export function typeName(value) {
  if (value === undefined) return "undefined";
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  const type = typeof value;
  if (type !== "object") return type;
  if (value.constructor === RegExp) return "regexp";
  if (value.constructor === Map) return "map";
  if (value.constructor === Set) return "set";
  if (value.constructor === Date) return "date";
  return "object";
}

/** @param {any} value */
export function isPrimitive(value) {
  return value === null || (typeof value !== "object" && typeof value !== "function");
}
