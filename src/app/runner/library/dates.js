// Dates: an instant and the zone whose clocks it is read on. The calendar itself is core/calendar, asked by name.
const unitsOfCalendar = { years: [12, 0], quarters: [3, 0], months: [1, 0], weeks: [0, 7], days: [0, 1] };
const unitsOfTime = { hours: 3600000, minutes: 60000, seconds: 1000, milliseconds: 1 };
const unitNames = [...keys(unitsOfCalendar), ...keys(unitsOfTime)];
const fieldNames = ["year", "month", "day", "hour", "minute", "second", "millisecond"];
const zoneOf = (where, value) => ask(where, "zone", textOf(where, "zone", value));
const unitOf = (where, value) => {
  const word = typeof value === "string" && !value.endsWith("s") ? value + "s" : value;
  return oneOf(where, "unit", word, unitNames);
};

let make, isDate, atOf;
class DateTime {
  #at;
  #zone;
  #fields;
  static {
    make = (at, zone) => {
      const made = new DateTime();
      made.#at = at;
      made.#zone = zone;
      return freeze(made);
    };
    isDate = (value) => typeof value === "object" && value !== null && #at in value;
    atOf = (value) => value.#at;
  }

  #field(i) {
    this.#fields ??= ask("date", "fields", this.#at, this.#zone).split(" ").map(Number);
    return this.#fields[i];
  }
  get year() { return this.#field(0); }
  get month() { return this.#field(1); }
  get day() { return this.#field(2); }
  get hour() { return this.#field(3); }
  get minute() { return this.#field(4); }
  get second() { return this.#field(5); }
  get millisecond() { return this.#field(6); }
  get weekday() { return this.#field(7); }
  get dayOfYear() { return this.#field(8); }
  get week() { return this.#field(9); }
  get weekYear() { return this.#field(10); }
  get daysInMonth() { return this.#field(11); }
  get quarter() { return Math.floor((this.month + 2) / 3); }
  get zone() { return this.#zone; }
  get offset() { return this.format("xxx"); }

  #plus(where, given, sign) {
    objectOf(where, "what to add", given);
    let months = 0, days = 0, exact = 0;
    for (const name of keys(given)) {
      const unit = name.endsWith("s") ? name : name + "s";
      const count = sign * numberOf(where, name, given[name]);
      if (unitsOfTime[unit]) {
        if (!Number.isFinite(count)) throw wrong(where, name, "a finite number", given[name]);
        exact += count * unitsOfTime[unit];
        continue;
      }
      if (!unitsOfCalendar[unit]) {
        throw new TypeError(`${where}: there is no unit ${name}; there are ${unitNames.join(", ")}`);
      }
      if (!Number.isInteger(count)) throw wrong(where, name, "a whole number", given[name]);
      months += count * unitsOfCalendar[unit][0];
      days += count * unitsOfCalendar[unit][1];
    }
    const bounded = [months, days, Math.round(exact)].map((n) => Math.max(-1e15, Math.min(1e15, n)));
    return make(+ask(where, "plus", this.#at, this.#zone, ...bounded), this.#zone);
  }
  plus(given) { return this.#plus("date.plus", given, 1); }
  minus(given) { return this.#plus("date.minus", given, -1); }
  with(given) {
    const where = "date.with";
    const fields = { ...objectOf(where, "what to set", given) };
    for (const name of keys(fields)) oneOf(where, "what to set", name, fieldNames);
    for (let i = 0; i < fieldNames.length; i++) fields[fieldNames[i]] ??= this.#field(i);
    fields.day = given.day ?? Math.min(fields.day, daysIn(fields.year, fields.month));
    return make(momentOf(where, fields, this.#zone, "compatible"), this.#zone);
  }
  startOf(unit) { return make(+ask("date.startOf", "start", this.#at, this.#zone, unitOf("date.startOf", unit)), this.#zone); }
  endOf(unit) { return make(+ask("date.endOf", "end", this.#at, this.#zone, unitOf("date.endOf", unit)), this.#zone); }
  in(zone) { return placed("date.in", this.#at, textOf("date.in", "zone", zone)); }

  diff(other, unit = "milliseconds", options) {
    const where = "date.diff";
    const { exact } = optionsOf(where, options, ["exact"]);
    const from = instantOf(where, "the other date", other);
    unit = unitOf(where, unit);
    const whole = +ask(where, "difference", this.#at, from, this.#zone, unit);
    if (!exact) return whole;
    if (unitsOfTime[unit]) return (this.#at - from) / unitsOfTime[unit];
    const start = make(from, this.#zone);
    const sign = this.#at < from ? -1 : 1;
    const low = start.plus({ [unit]: whole }).#at;
    return whole + sign * (this.#at - low) / (start.plus({ [unit]: whole + sign }).#at - low);
  }
  isBefore(other) { return this.#at < instantOf("date.isBefore", "the other date", other); }
  isAfter(other) { return this.#at > instantOf("date.isAfter", "the other date", other); }
  equals(other) { return this.#at === instantOf("date.equals", "the other date", other); }
  isSame(other, unit) {
    const at = make(instantOf("date.isSame", "the other date", other), this.#zone);
    return at.startOf(unit).#at === this.startOf(unit).#at;
  }

  format(pattern, options) {
    const where = "date.format";
    const { zone, locale = "en" } = optionsOf(where, options, ["zone", "locale"]);
    if (typeof pattern === "object" && pattern !== null) pattern = patternOf(where, pattern, locale);
    return ask(where, "format", this.#at, zone === undefined ? this.#zone : zoneOf(where, zone),
      textOf(where, "pattern", pattern), textOf(where, "locale", locale));
  }
  toISO() { return ask("date.toISO", "iso", this.#at, this.#zone); }
  toISODate() { return this.format("yyyy-MM-dd"); }
  toMillis() { return this.#at; }
  toSeconds() { return Math.floor(this.#at / 1000); }
  toDate() { return new Date(this.#at); }
  toString() { return this.toISO(); }
  toJSON() { return this.toISO(); }
  valueOf() { return this.#at; }
  [Symbol.toPrimitive](hint) { return hint === "number" ? this.#at : this.toISO(); }
  toLocaleString() { throw new TypeError("toLocaleString: write format(pattern, {locale})"); }
}

/// A date on the zone's clocks, if they can say it.
const placed = (where, at, zone = "UTC") => make(at, ask(where, "in", at, textOf(where, "zone", zone)));
const optionZone = (where, given) => given === undefined ? "UTC" : zoneOf(where, given);
const parsed = (where, text, { zone, pattern, locale = "en" }) => {
  const [at, written] = ask(where, "parse", textOf(where, "text", text), zone === undefined ? "" : zoneOf(where, zone),
    pattern === undefined ? "" : textOf(where, "pattern", pattern), textOf(where, "locale", locale)).split(" ");
  return make(+at, written);
};
const atMin = -62167219200000, atMax = 253402300799999;  // years 0 to 9999
/// A date in any form that has one meaning.
const dateOf = (where, argument, value) => {
  if (isDate(value)) return value;
  if (value instanceof Date && value >= atMin && value <= atMax) return make(value.getTime(), "UTC");
  if (typeof value === "string") return parsed(where, value, {});
  throw wrong(where, argument, "a date of the years 0 to 9999 or its text", value);
};
const instantOf = (where, argument, value) => atOf(dateOf(where, argument, value));
const daysIn = (year, month) => new Date(Date.UTC(year, month, 0)).getUTCDate();
const limitsOf = (fields) => [[0, 9999], [1, 12], [1, daysIn(fields.year, fields.month)], [0, 23], [0, 59], [0, 59], [0, 999]];
const momentOf = (where, fields, zone, choose) => {
  const limits = limitsOf(fields);
  fieldNames.forEach((name, i) => wholeOf(where, name, fields[name], ...limits[i]));
  const { year, month, day, hour, minute, second, millisecond } = fields;
  const reading = new Date(0);
  reading.setUTCFullYear(year, month - 1, day);
  reading.setUTCHours(hour, minute, second, millisecond);
  return +ask(where, "moment", reading.getTime(), zone, choose);
};

// CLDR's patterns for {date: "long", time: "short"}.
const styles = ["short", "medium", "long", "full"];
const datePatterns = {
  de: ["dd.MM.yy", "dd.MM.yyyy", "d. MMMM y", "EEEE, d. MMMM y"],
  en: ["M/d/yy", "MMM d, y", "MMMM d, y", "EEEE, MMMM d, y"],
  es: ["d/M/yy", "d MMM y", "d 'de' MMMM 'de' y", "EEEE, d 'de' MMMM 'de' y"],
  fr: ["dd/MM/yyyy", "d MMM y", "d MMMM y", "EEEE d MMMM y"],
  it: ["dd/MM/yy", "d MMM y", "d MMMM y", "EEEE d MMMM y"],
  pt: ["dd/MM/yyyy", "d 'de' MMM 'de' y", "d 'de' MMMM 'de' y", "EEEE, d 'de' MMMM 'de' y"],
};
const timePatterns = { en: ["h:mm a", "h:mm:ss a"], es: ["H:mm", "H:mm:ss"] };
const timePattern = (language, i) => (timePatterns[language] ?? ["HH:mm", "HH:mm:ss"])[i];
const languageOf = (where, locale) =>
  oneOf(where, "locale", textOf(where, "locale", locale).split(/[-_]/)[0], keys(datePatterns));
const patternOf = (where, given, locale) => {
  const { date, time } = optionsOf(where, given, ["date", "time"]);
  const language = languageOf(where, locale);
  const parts = [];
  if (date !== undefined) parts.push(datePatterns[language][styles.indexOf(oneOf(where, "date", date, styles))]);
  if (time !== undefined) {
    parts.push(timePattern(language, styles.indexOf(oneOf(where, "time", time, styles.slice(0, 2)))));
  }
  if (parts.length === 0) throw new TypeError(where + ": the pattern must name a style of date or time");
  return parts.join(", ");
};

globals.dates = {
  now(options) {
    const { zone } = optionsOf("dates.now", options, ["zone"]);
    return placed("dates.now", Date.now(), zone);
  },
  today(options) {
    const { zone } = optionsOf("dates.today", options, ["zone"]);
    return placed("dates.today", Date.now(), zone).startOf("day");
  },
  parse(text, options) {
    return parsed("dates.parse", text, optionsOf("dates.parse", options, ["zone", "pattern", "locale"]));
  },
  isDate(value) {
    if (typeof value !== "string") return isDate(value);
    try {
      parsed("dates.isDate", value, {});
      return true;
    } catch {
      return false;
    }
  },
  of(fields, options) {
    const where = "dates.of";
    const { zone, choose = "compatible" } = optionsOf(where, options, ["zone", "choose"]);
    oneOf(where, "choose", choose, ["compatible", "earlier", "later"]);
    for (const name of keys(objectOf(where, "the fields", fields))) oneOf(where, "a field", name, fieldNames);
    const all = { month: 1, day: 1, hour: 0, minute: 0, second: 0, millisecond: 0, ...fields };
    const name = optionZone(where, zone);
    return make(momentOf(where, all, name, choose), name);
  },
  fromMillis(count, options) {
    const { zone } = optionsOf("dates.fromMillis", options, ["zone"]);
    const at = wholeOf("dates.fromMillis", "milliseconds", count, atMin, atMax);
    return placed("dates.fromMillis", at, zone);
  },
  fromSeconds(count, options) {
    const { zone } = optionsOf("dates.fromSeconds", options, ["zone"]);
    const at = Math.round(numberOf("dates.fromSeconds", "seconds", count) * 1000);
    wholeOf("dates.fromSeconds", "seconds", at, atMin, atMax);
    return placed("dates.fromSeconds", at, zone);
  },
  fromDate(date, options) {
    const { zone } = optionsOf("dates.fromDate", options, ["zone"]);
    return placed("dates.fromDate", instantOf("dates.fromDate", "date", date), zone);
  },
  earliest(list) { return outermost("dates.earliest", list, (a, b) => a < b); },
  latest(list) { return outermost("dates.latest", list, (a, b) => a > b); },
  get zoneData() { return ask("dates.zoneData", "tzdata"); },
};
const outermost = (where, list, isBetter) => {
  let best;
  for (const item of listOf(where, "list", list)) {
    const date = dateOf(where, "an item of the list", item);
    if (best === undefined || isBetter(atOf(date), atOf(best))) best = date;
  }
  if (best === undefined) throw refused(where, "the list is empty");
  return best;
};
