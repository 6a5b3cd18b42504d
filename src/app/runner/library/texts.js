// Texts for people: comparing as a dictionary does, slugs, templates.
const letterMarks = { ß: "ss", æ: "ae", œ: "oe", ø: "o", đ: "d", ð: "d", ł: "l", ı: "i", ħ: "h", þ: "th" };
// As CLDR's root orders what is no letter.
const signs = "\t\n\v\f\r \u00a0_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789";
// Accents in DUCET's order, the second thing that is compared.
const accents = "\u0301\u0300\u0306\u0302\u030c\u030a\u0308\u030b\u0303\u0307\u0327\u0328\u0304";
const lettersOf = { es: { ñ: "n" } };

// Weights are code units, so that texts of them compare as fast as texts: signs below the digits, which are themselves as
// the letters a to z are, then other letters and scripts.
const digitPlace = signs.indexOf("0");
const signWeight = (place) => String.fromCharCode(place < digitPlace ? 1 + place : 48 + place - digitPlace);
const letterWeight = (part) => {
  const code = part.codePointAt(0);
  if (code >= 97 && code <= 122) return part;
  return code < 0x400 ? String.fromCharCode(0x140 + code) : code < 0xd000 ? String.fromCharCode(0x200 + code) : part;
};
const ownWeight = (like) => like + "\uffff";  // a letter of its own behind another
const isPlain = /^[\u0001-\u007e]*$/, notPlain = /[^0-9a-z]/g;
const plainWeight = (sign) => {
  const place = signs.indexOf(sign);
  return place < 0 ? letterWeight(sign) : signWeight(place);
};

/// Of one character, the same; an accent alone has a second weight only, which belongs to the letter before it.
const pieceOf = (written, own) => {
  const lower = written.toLowerCase();
  const capital = written === lower ? "0" : "1";
  if (own?.[lower]) return [ownWeight(own[lower]), [0], capital];
  let first = "", third = "";
  const second = [];
  for (const part of (letterMarks[lower] ?? lower).normalize("NFD")) {
    const accent = accents.indexOf(part);
    if (accent >= 0) {
      if (!second.length) return ["", [2 * (accent + 1)], ""];
      second[second.length - 1] = second[second.length - 1] * 20 + 2 * (accent + 1);
      continue;
    }
    const sign = signs.indexOf(part);
    first += sign >= 0 ? signWeight(sign) : letterWeight(part);
    second.push(letterMarks[lower] ? 1 : 0);
    third += capital;
  }
  return [first, second, third];
};
/// [first, second, third]: weights of letters, of accents, of capitals. With `numeric`, digits that stand together are one
/// number, which its length tells first.
const weightsOf = (text, own, numeric, pieces) => {
  let first = "", third = "", digits = "", hasAccents = false;
  const second = [];
  const flush = () => {
    if (digits === "") return;
    const plain = digits.replace(/^0+(?=.)/, "");
    first += signWeight(digitPlace) + String.fromCharCode(1 + Math.min(plain.length, 60000));
    for (const digit of plain) first += signWeight(digitPlace + +digit);
    digits = "";
  };
  if (!numeric && isPlain.test(text)) {
    const lower = text.toLowerCase();
    first = lower.replace(notPlain, plainWeight);
    if (lower !== text) for (const written of text) third += written >= "A" && written <= "Z" ? "1" : "0";
    return [first, "", third.replace(/0+$/, "")];
  }
  for (const written of text.normalize("NFC")) {
    if (numeric) {
      if (written >= "0" && written <= "9") {
        digits += written;
        continue;
      }
      flush();
    }
    let piece = pieces.get(written);
    if (!piece) pieces.set(written, piece = pieceOf(written, own));
    first += piece[0];
    third += piece[2];
    if (piece[0] === "") {
      if (second.length) second[second.length - 1] = second[second.length - 1] * 20 + piece[1][0];
    } else {
      for (const weight of piece[1]) second.push(weight);
    }
    hasAccents ||= piece[0] === "" || piece[1][0] !== 0;
  }
  flush();
  const accented = hasAccents ? second.slice(0, 10000) : [];
  while (accented.at(-1) === 0) accented.pop();
  return [first, String.fromCharCode(...accented.map((weight) => 1 + weight)), third.replace(/0+$/, "")];
};
const compareWeights = (left, right, levels) => {
  for (let level = 0; level < levels; level++) {
    if (left[level] !== right[level]) return left[level] < right[level] ? -1 : 1;
  }
  return 0;
};
const collator = (where, options) => {
  const { locale = "en", numeric = false, sensitivity = "case" } = options;
  const own = lettersOf[languageOf(where, locale)];
  oneOf(where, "sensitivity", sensitivity, ["base", "accent", "case"]);
  const levels = sensitivity === "base" ? 1 : sensitivity === "accent" ? 2 : 3;
  const pieces = new Map();
  return { weigh: (text) => weightsOf(text, own, numeric, pieces), levels };
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
    const { weigh, levels } = collator(where, optionsOf(where, options, compareOptions));
    return compareWeights(weigh(textOf(where, "the first", a)), weigh(textOf(where, "the second", b)), levels);
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
