// Media types by file extension, for the `type` of Files (WHATWG MIME Sniffing and IANA names).
// @ts-check

import {
  ObjectAssign,
  ObjectCreate,
  StringPrototypeSplit,
  StringPrototypeToLowerCase,
} from "../../guest/primordials.js";

/** @type {Record<string, string>} */
const TYPES = ObjectAssign(ObjectCreate(null), {
  aac: "audio/aac",
  avif: "image/avif",
  bmp: "image/bmp",
  css: "text/css",
  csv: "text/csv",
  flac: "audio/flac",
  gif: "image/gif",
  gz: "application/gzip",
  htm: "text/html",
  html: "text/html",
  ico: "image/x-icon",
  ics: "text/calendar",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  js: "text/javascript",
  json: "application/json",
  jsonl: "application/jsonl",
  md: "text/markdown",
  mjs: "text/javascript",
  mp3: "audio/mpeg",
  mp4: "video/mp4",
  ogg: "audio/ogg",
  otf: "font/otf",
  pdf: "application/pdf",
  png: "image/png",
  rtf: "application/rtf",
  svg: "image/svg+xml",
  tar: "application/x-tar",
  tif: "image/tiff",
  tiff: "image/tiff",
  ttf: "font/ttf",
  txt: "text/plain",
  wasm: "application/wasm",
  wav: "audio/wav",
  webm: "video/webm",
  webp: "image/webp",
  woff: "font/woff",
  woff2: "font/woff2",
  xml: "text/xml",
  yaml: "application/yaml",
  yml: "application/yaml",
  zip: "application/zip",
});

/** The media type that a name suggests, empty for an unknown one. @param {string} name */
export function mimeType(name) {
  const parts = StringPrototypeSplit(name, ".");
  return parts.length < 2 ? "" : TYPES[StringPrototypeToLowerCase(parts[parts.length - 1])] ?? "";
}
