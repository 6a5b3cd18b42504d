// Numbers as decimal digits: rounding and arithmetic that people expect of money, and how languages write them.
// A decimal is {units, scale}: units / 10^scale, units a BigInt.
const digitsMax = 1000;
const decimalOf = (where, argument, value) => {
  const text = typeof value === "number" && Number.isFinite(value) || typeof value === "bigint" ? String(value) : value;
  const found = typeof text === "string" && text.length <= digitsMax &&
    /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/.exec(text.trim());
  if (!found) throw wrong(where, argument, 'a number or its decimal text such as "19.90"', value);
  const [, sign, whole, fraction = "", exponent = "0"] = found;
  const units = BigInt(whole + fraction) * (sign === "-" ? -1n : 1n);
  const scale = fraction.length - Number(exponent);
  if (scale > digitsMax || scale < -digitsMax) throw refused(where, argument + " has more than 1,000 digits");
  return scale < 0 ? { units: units * 10n ** BigInt(-scale), scale: 0 } : { units, scale };
};
const decimalText = ({ units, scale }) => {
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, "0");
  const cut = digits.length - scale;
  return (units < 0n ? "-" : "") + digits.slice(0, cut) + (scale ? "." + digits.slice(cut) : "");
};
const atScale = ({ units, scale }, to) => units * 10n ** BigInt(to - scale);
const modes = ["half-up", "half-even", "half-down", "up", "down", "ceiling", "floor"];
/// Half up is away from zero, as people and SQL round.
const rounded = (decimal, digits, mode) => {
  if (decimal.scale <= digits) return { units: atScale(decimal, digits), scale: digits };
  const power = 10n ** BigInt(decimal.scale - digits);
  const quotient = decimal.units / power;
  const rest = decimal.units < 0n ? -(decimal.units % power) : decimal.units % power;
  const away = decimal.units < 0n ? -1n : 1n;
  const isHalf = 2n * rest === power, isMore = 2n * rest > power;
  const goesAway = rest !== 0n && {
    "half-up": isMore || isHalf,
    "half-even": isMore || isHalf && quotient % 2n !== 0n,
    "half-down": isMore,
    up: true,
    down: false,
    ceiling: away === 1n,
    floor: away === -1n,
  }[mode];
  return { units: goesAway ? quotient + away : quotient, scale: digits };
};
/// As the value came: a number for a number, a text for a text.
const likeGiven = (value, decimal) =>
  typeof value === "number" ? Number(decimalText(decimal)) : typeof value === "bigint" && decimal.scale === 0 ? decimal.units : decimalText(decimal);

const pair = (where, a, b) => {
  const left = decimalOf(where, "the first", a), right = decimalOf(where, "the second", b);
  const scale = Math.max(left.scale, right.scale);
  return [atScale(left, scale), atScale(right, scale), scale];
};

// CLDR: what stands between, from how many digits on there are groups, where a currency stands.
const plain = { decimal: ".", group: ",", groupFrom: 4, percent: "%", before: true, gap: "" };
const comma = { decimal: ",", group: ".", groupFrom: 4, percent: "\u00a0%", before: false, gap: "\u00a0" };
const numberLocales = {
  de: { ...comma, symbols: { USD: "$", EUR: "€", GBP: "£", JPY: "¥", CNY: "CN¥", INR: "₹", BRL: "R$", MXN: "MX$", CAD: "CA$", AUD: "AU$" } },
  en: { ...plain, symbols: { USD: "$", EUR: "€", GBP: "£", JPY: "¥", CNY: "CN¥", INR: "₹", BRL: "R$", MXN: "MX$", CAD: "CA$", AUD: "A$" } },
  es: { ...comma, groupFrom: 5, symbols: { USD: "US$", EUR: "€" } },
  "es-MX": { ...plain, symbols: { MXN: "$" } },
  fr: { ...comma, group: "\u202f", symbols: {
    USD: "$US", EUR: "€", GBP: "£GB", INR: "₹", BRL: "R$", MXN: "$MX", CAD: "$CA", AUD: "$AU", ARS: "$AR", CLP: "$CL", COP: "$CO" } },
  it: { ...comma, groupFrom: 5, percent: "%", symbols: { EUR: "€", GBP: "£", CNY: "CN¥", CAD: "CA$", AUD: "A$" } },
  pt: { ...comma, percent: "%", before: true, symbols: {
    USD: "US$", EUR: "€", GBP: "£", JPY: "JP¥", CNY: "CN¥", INR: "₹", BRL: "R$", MXN: "MX$", CAD: "CA$", AUD: "AU$" } },
};
// ISO 4217: where it is not two digits.
const currencyDigits = {};
for (const code of "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split(" ")) currencyDigits[code] = 0;
for (const code of "BHD IQD JOD KWD LYD OMR TND".split(" ")) currencyDigits[code] = 3;

const numberLocale = (where, locale) => numberLocales[locale] ?? numberLocales[languageOf(where, locale)];
const grouped = (decimal, style) => {
  const [whole, fraction] = decimalText({ ...decimal, units: decimal.units < 0n ? -decimal.units : decimal.units }).split(".");
  const parts = whole.length < style.groupFrom ? whole : whole.replace(/\B(?=(\d{3})+$)/g, style.group);
  return fraction === undefined ? parts : parts + style.decimal + fraction;
};
const trimmed = (decimal, least) => {
  let { units, scale } = decimal;
  while (scale > least && units % 10n === 0n) { units /= 10n; scale--; }
  return { units, scale };
};
const fractionDigits = (where, value) => wholeOf(where, "digits", value, 0, 100);

globals.numbers = {
  round(value, digits = 0, mode = "half-up") {
    const where = "numbers.round";
    const decimal = decimalOf(where, "value", value);
    return likeGiven(value, rounded(decimal, fractionDigits(where, digits), oneOf(where, "mode", mode, modes)));
  },
  add(a, b) {
    const [left, right, scale] = pair("numbers.add", a, b);
    return decimalText({ units: left + right, scale });
  },
  subtract(a, b) {
    const [left, right, scale] = pair("numbers.subtract", a, b);
    return decimalText({ units: left - right, scale });
  },
  multiply(a, b) {
    const left = decimalOf("numbers.multiply", "the first", a), right = decimalOf("numbers.multiply", "the second", b);
    return decimalText({ units: left.units * right.units, scale: left.scale + right.scale });
  },
  compare(a, b) {
    const [left, right] = pair("numbers.compare", a, b);
    return left < right ? -1 : left > right ? 1 : 0;
  },
  format(value, options) {
    const where = "numbers.format";
    const { locale = "en", digits, mode = "half-up" } = optionsOf(where, options, ["locale", "digits", "mode"]);
    oneOf(where, "mode", mode, modes);
    const style = numberLocale(where, locale);
    const decimal = decimalOf(where, "value", value);
    const shown = digits === undefined ? trimmed(rounded(decimal, 3, mode), 0) : rounded(decimal, fractionDigits(where, digits), mode);
    return (shown.units < 0n ? "-" : "") + grouped(shown, style);
  },
  percent(value, options) {
    const where = "numbers.percent";
    const { locale = "en", digits = 0, mode = "half-up" } = optionsOf(where, options, ["locale", "digits", "mode"]);
    const style = numberLocale(where, locale);
    const { units, scale } = decimalOf(where, "value", value);
    const shown = rounded({ units: units * 100n, scale }, fractionDigits(where, digits), oneOf(where, "mode", mode, modes));
    return (shown.units < 0n ? "-" : "") + grouped(shown, style) + style.percent;
  },
  money(value, currency, options) {
    const where = "numbers.money";
    const { locale = "en", digits, mode = "half-up" } = optionsOf(where, options, ["locale", "digits", "mode"]);
    if (typeof currency !== "string" || !/^[A-Z]{3}$/.test(currency)) throw wrong(where, "currency", "an ISO code such as EUR", currency);
    const style = numberLocale(where, locale);
    const places = digits === undefined ? currencyDigits[currency] ?? 2 : fractionDigits(where, digits);
    const shown = rounded(decimalOf(where, "value", value), places, oneOf(where, "mode", mode, modes));
    const symbol = style.symbols[currency] ?? currency;
    const sign = shown.units < 0n ? "-" : "";
    // Letters keep away from digits.
    const gap = style.gap || (/[A-Z]$/.test(symbol) ? "\u00a0" : "");
    return style.before ? sign + symbol + gap + grouped(shown, style) : sign + grouped(shown, style) + gap + symbol;
  },
  parse(text, options) {
    const where = "numbers.parse";
    const { locale = "en", as = "number" } = optionsOf(where, options, ["locale", "as"]);
    oneOf(where, "as", as, ["number", "text"]);
    const style = numberLocale(where, locale);
    const given = textOf(where, "text", text).trim().replace(/^[-−]/, "-");
    const [whole, fraction, ...more] = given.split(style.decimal);
    const isSpace = /^\s$/.test(style.group);
    const groups = whole.split(isSpace ? /\s/ : style.group);
    const isGrouped = groups.length === 1 || /^-?\d{1,3}$/.test(groups[0]) && groups.slice(1).every((g) => /^\d{3}$/.test(g));
    const plain = groups.join("") + (fraction === undefined ? "" : "." + fraction);
    if (more.length || !isGrouped || !/^-?\d+(\.\d+)?$/.test(plain)) {
      throw refused(where, `text must be a number as ${locale} writes it, such as ${globals.numbers.format(1234567.5, { locale })}, not "${text.slice(0, 60)}"`);
    }
    return as === "text" ? decimalText(decimalOf(where, "text", plain)) : Number(plain);
  },
};
