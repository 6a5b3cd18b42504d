// Texts for people: comparing as a dictionary does, slugs, templates.
const letterMarks = { ß: "ss", æ: "ae", œ: "oe", ø: "o", đ: "d", ð: "d", ł: "l", ı: "i", ħ: "h", þ: "th" };
// As CLDR's root orders what is no letter.
const signs = "\t\n\v\f\r \u00a0_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789";
// Accents in DUCET's order, the second thing that is compared.
const accents = "\u0301\u0300\u0306\u0302\u030c\u030a\u0308\u030b\u0303\u0307\u0327\u0328\u0304";
const lettersOf = { es: { ñ: "n" } };

/// [first, second, third]: weights of letters, of accents, of capitals.
const weightsOf = (text, own) => {
  const first = [], second = [], third = [];
  for (const written of text.normalize("NFC")) {
    const lower = written.toLowerCase();
    if (own?.[lower]) {  // a letter of its own behind the one it looks like
      first.push(1000 + own[lower].charCodeAt(0) + 0.5);
      second.push(0);
      third.push(written === lower ? 0 : 1);
      continue;
    }
    for (const part of (letterMarks[lower] ?? lower).normalize("NFD")) {
      const accent = accents.indexOf(part);
      if (accent >= 0) {
        if (second.length) second[second.length - 1] = second[second.length - 1] * 20 + accent + 1;
        continue;
      }
      const sign = signs.indexOf(part);
      first.push(sign >= 0 ? sign : 1000 + part.codePointAt(0));
      second.push(letterMarks[lower] ? 0.5 : 0);
      third.push(written === lower ? 0 : 1);
    }
  }
  return [first, second, third];
};
const compareLists = (a, b) => {
  const size = Math.min(a.length, b.length);
  for (let i = 0; i < size; i++) if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
  return Math.sign(a.length - b.length);
};
/// Digits that stand together count as one number, which its length tells first.
const withNumbers = (weights) => {
  const out = [];
  const zero = signs.indexOf("0");
  const isDigit = (weight) => weight >= zero && weight < zero + 10;
  for (let i = 0; i < weights.length; i++) {
    if (!isDigit(weights[i])) { out.push(weights[i]); continue; }
    while (weights[i] === zero && isDigit(weights[i + 1])) i++;
    let end = i;
    while (isDigit(weights[end])) end++;
    out.push(zero, end - i, ...weights.slice(i, end));
    i = end - 1;
  }
  return out;
};
const collator = (where, options) => {
  const { locale = "en", numeric = false, sensitivity = "case" } = options;
  const own = lettersOf[languageOf(where, locale)];
  oneOf(where, "sensitivity", sensitivity, ["base", "accent", "case"]);
  const cache = new Map();
  const weigh = (text) => {
    let weights = cache.get(text);
    if (!weights) {
      weights = weightsOf(text, own);
      if (numeric) weights[0] = withNumbers(weights[0]);
      if (cache.size < 100000) cache.set(text, weights);
    }
    return weights;
  };
  const levels = sensitivity === "base" ? 1 : sensitivity === "accent" ? 2 : 3;
  return (a, b) => {
    const left = weigh(a), right = weigh(b);
    for (let level = 0; level < levels; level++) {
      const order = compareLists(left[level], right[level]);
      if (order) return order;
    }
    return 0;
  };
};
const compareOptions = ["locale", "numeric", "sensitivity"];

const plainText = (text) =>
  text.normalize("NFD").replace(/\p{M}/gu, "").replace(/[ßæœøđðłıħþ]/gi, (c) => {
    const plain = letterMarks[c.toLowerCase()];
    return c === c.toLowerCase() ? plain : plain.toUpperCase();
  });
const read = (value, path) => {
  for (const name of path) {
    if (value === undefined || value === null) return undefined;
    value = Object.hasOwn(Object(value), name) ? value[name] : undefined;
  }
  return value;
};

globals.texts = {
  compare(a, b, options) {
    const where = "texts.compare";
    const order = collator(where, optionsOf(where, options, compareOptions));
    return order(textOf(where, "the first", a), textOf(where, "the second", b));
  },
  plain(text) { return plainText(textOf("texts.plain", "text", text)); },
  slug(text, options) {
    const where = "texts.slug";
    const { separator = "-" } = optionsOf(where, options, ["separator"]);
    const words = plainText(textOf(where, "text", text)).toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
    return words.join(textOf(where, "separator", separator));
  },
  truncate(text, size, options) {
    const where = "texts.truncate";
    const { end = "…" } = optionsOf(where, options, ["end"]);
    const characters = [...textOf(where, "text", text)];
    wholeOf(where, "size", size, 0, 10000000);
    if (characters.length <= size) return text;
    const tail = [...textOf(where, "end", end)].slice(0, size);
    return characters.slice(0, size - tail.length).join("").trimEnd() + tail.join("");
  },
  capitalize(text) {
    const [first = "", ...rest] = textOf("texts.capitalize", "text", text);
    return first.toUpperCase() + rest.join("");
  },
  lines(text) { return textOf("texts.lines", "text", text).split(/\r\n|\n|\r/); },
  fill(template, values, options) {
    const where = "texts.fill";
    const { missing } = optionsOf(where, options, ["missing"]);
    objectOf(where, "values", values);
    return textOf(where, "template", template).replace(/\{\{|\}\}|\{([^{}]*)\}/g, (whole, name) => {
      if (whole === "{{" || whole === "}}") return whole[0];
      const value = read(values, name.trim().split("."));
      if (value !== undefined && value !== null) return scalarText(where, name, value);
      if (missing === undefined) throw refused(where, `there is no value for {${name}}; {missing: ""} leaves it out`);
      return textOf(where, "missing", missing);
    });
  },
};
