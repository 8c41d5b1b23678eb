// @ts-check
// What of an Immutable.js collection is printed, in whichever version of the package a program brings: a name
// and the items, as in Jest's pretty-format.

/**
 * @typedef {object} ImmutableParts
 * @property {string} name
 * @property {Iterable<[any, any]>} [entries] of a keyed collection
 * @property {Iterable<any>} [values] of any other
 * @property {boolean} [lazy] a sequence that has yet to be computed: its items are not asked for
 */

/** @param {any} value @param {string} mark */
const is = (value, mark) => value[`@@__IMMUTABLE_${mark}__@@`] === true;

/** The parts of a collection or record, null for any other value. @param {any} value @returns {ImmutableParts | null} */
export function immutableParts(value) {
  if (typeof value !== "object" || value === null) return null;
  if (!is(value, "ITERABLE") && !is(value, "RECORD")) return null;
  const ordered = is(value, "ORDERED") ? "Ordered" : "";
  if (is(value, "MAP")) return { name: `Immutable.${ordered}Map`, entries: value.entries() };
  if (is(value, "LIST")) return { name: "Immutable.List", values: value.values() };
  if (is(value, "SET")) return { name: `Immutable.${ordered}Set`, values: value.values() };
  if (is(value, "STACK")) return { name: "Immutable.Stack", values: value.values() };
  if (is(value, "SEQ")) return sequenceParts(value);
  return { name: `Immutable.${value._name || "Record"}`, entries: recordEntries(value) };
}

/** @param {any} sequence @returns {ImmutableParts} */
function sequenceParts(sequence) {
  const name = "Immutable.Seq";
  if (is(sequence, "KEYED")) {
    return sequence._iter || sequence._object
      ? { name, entries: sequence.entries() }
      : { name, entries: [], lazy: true };
  }
  return sequence._iter || sequence._array || sequence._collection || sequence._iterable
    ? { name, values: sequence.values() }
    : { name, values: [], lazy: true };
}

/** @param {any} record @returns {Iterable<[any, any]>} */
function* recordEntries(record) {
  for (const key of record._keys) yield [key, record.get(key)];
}
