// Encodings, digests, URLs. A text's bytes are its UTF-8.
const encodings = ["hex", "base64", "base64url"];
/// A value as base64 for the host, which is how bytes that are no text come through.
const bytesOf = (where, argument, value) => {
  if (typeof value === "string") return ask(where, "encode", "base64", value);
  if (value instanceof Uint8Array) return value.toBase64();
  throw wrong(where, argument, "a text or bytes (Uint8Array)", value);
};
const codec = (name, example) => ({
  encode(value) {
    const where = name + ".encode";
    if (typeof value === "string") return ask(where, "encode", name, value);
    return ask(where, "recode", bytesOf(where, "value", value), name);
  },
  decode(text) {
    const where = name + ".decode";
    return ask(where, "decode", name, textOf(where, `text (such as ${example})`, text));
  },
  toBytes(text) {
    const where = name + ".toBytes";
    return Uint8Array.fromBase64(ask(where, "bytes", name, textOf(where, `text (such as ${example})`, text)));
  },
});
globals.base64 = codec("base64", '"w7E="');
globals.base64url = codec("base64url", '"w7E"');
globals.hex = codec("hex", '"c3b1"');

const digests = ["md5", "sha1", "sha256", "sha384", "sha512"];
globals.hash = {
  hmac(digest, key, value, options) {
    const where = "hash.hmac";
    const { encoding = "hex" } = optionsOf(where, options, ["encoding"]);
    return ask(where, "hmac", oneOf(where, "the digest", digest, digests), bytesOf(where, "key", key),
      bytesOf(where, "value", value), oneOf(where, "encoding", encoding, encodings));
  },
  equals(a, b) {
    textOf("hash.equals", "the first", a);
    textOf("hash.equals", "the second", b);
    let differs = a.length ^ b.length;
    for (let i = 0; i < a.length; i++) differs |= a.charCodeAt(i) ^ b.charCodeAt(i);
    return differs === 0;
  },
};
for (const digest of digests) {
  globals.hash[digest] = { [digest](value, options) {
    const where = "hash." + digest;
    const { encoding = "hex" } = optionsOf(where, options, ["encoding"]);
    return ask(where, "digest", digest, bytesOf(where, "value", value), oneOf(where, "encoding", encoding, encodings));
  } }[digest];
}

const uuidOf = (digits) =>
  digits.slice(0, 8) + "-" + digits.slice(8, 12) + "-" + digits.slice(12, 16) + "-" + digits.slice(16, 20) + "-" + digits.slice(20);
globals.uuid = function uuid(version = 4) {
  oneOf("uuid", "version", version, [4, 7]);
  let digits = ask("uuid", "random");
  if (version === 7) digits = Date.now().toString(16).padStart(12, "0") + digits.slice(12);
  const variant = "89ab"[parseInt(digits[16], 16) & 3];
  return uuidOf(digits.slice(0, 12) + version + digits.slice(13, 16) + variant + digits.slice(17));
};

const encodePart = (text) =>
  encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, (c) => "%" + c.charCodeAt(0).toString(16).toUpperCase());
const decodePart = (where, text) => {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refused(where, "text holds a % without two digits of UTF-8 behind it");
  }
};
const scalarText = (where, argument, value) => {
  if (typeof value === "object" || typeof value === "function") {
    if (isDate(value)) return value.toISO();
    throw wrong(where, argument, "a text, a number, true or false", value);
  }
  return String(value);
};
const queryOf = (where, values) => {
  const parts = [];
  for (const name of keys(objectOf(where, "values", values))) {
    for (const value of isArray(values[name]) ? values[name] : [values[name]]) {
      if (value === undefined || value === null) continue;
      parts.push(encodePart(name) + "=" + encodePart(scalarText(where, name, value)));
    }
  }
  return parts.join("&");
};
const parsedQuery = (where, text) => {
  const out = {};
  for (const part of text.split("&")) {
    if (part === "") continue;
    const at = part.indexOf("=");
    const [name, value] = (at < 0 ? [part, ""] : [part.slice(0, at), part.slice(at + 1)])
      .map((side) => decodePart(where, side.replaceAll("+", " ")));
    const before = Object.hasOwn(out, name) ? out[name] : undefined;
    const all = before === undefined ? value : isArray(before) ? [...before, value] : [before, value];
    defineProperty(out, name, { value: all, enumerable: true, writable: true, configurable: true });
  }
  return out;
};
globals.url = {
  encode(text) { return encodePart(textOf("url.encode", "text", text)); },
  decode(text) { return decodePart("url.decode", textOf("url.decode", "text", text)); },
  query(values) { return queryOf("url.query", values); },
  parseQuery(text) { return parsedQuery("url.parseQuery", textOf("url.parseQuery", "text", text).replace(/^\?/, "")); },
  withQuery(text, values) {
    const where = "url.withQuery";
    const [, before, query, hash] = /^([^?#]*)(?:\?([^#]*))?(#.*)?$/s.exec(textOf(where, "url", text));
    return before + "?" + [query, queryOf(where, values)].filter(Boolean).join("&") + (hash ?? "");
  },
  parse(text) {
    const where = "url.parse";
    const found = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(?:([^/?#@]*)@)?(\[[^\]/?#]*\]|[^:/?#]*)(?::(\d{0,5}))?(\/[^?#]*)?(?:\?([^#]*))?(?:#(.*))?$/s
      .exec(textOf(where, "url", text));
    if (!found) throw refused(where, `url must be a whole URL such as https://example.com/a?b=1, not "${text.slice(0, 60)}"`);
    const [, scheme, user, host, port, path = "/", query = "", hash = ""] = found;
    return {
      scheme: scheme.toLowerCase(), user: user ?? null, host: host.toLowerCase(), port: port ? +port : null,
      path, query: parsedQuery(where, query), hash,
    };
  },
};
