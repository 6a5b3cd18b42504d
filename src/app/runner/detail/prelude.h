#pragma once

#include <string_view>

namespace weft::script {

/// Runs once, before the snapshot. Its value is the array of functions the host keeps. Everything it needs
/// later is captured here, so that a script that tampers with the built-ins only harms itself.
inline constexpr std::string_view kPrelude = R"js((() => {
  "use strict";
  const { freeze, values, keys, defineProperty, getOwnPropertyNames } = Object;
  const text = String, isArray = Array.isArray;
  const log = globalThis.__log, random = globalThis.__random;
  delete globalThis.__log;
  delete globalThis.__random;

  for (const name of ["eval", "SharedArrayBuffer", "Atomics", "WebAssembly", "print", "std", "os", "bjson",
                      "gc",
                      "navigator", "scriptArgs"]) {
    delete globalThis[name];
  }
  const kinds = [function () {}, async function () {}, function* () {}, async function* () {}];
  for (const kind of kinds) {
    const prototype = Object.getPrototypeOf(kind);
    const refuse = function Function() { throw new TypeError("making code from text is not supported"); };
    defineProperty(refuse, "prototype", { value: prototype });
    defineProperty(prototype, "constructor", { value: refuse });
    if (kind === kinds[0]) defineProperty(globalThis, "Function", { value: refuse });
  }
  // The engine says "invalid repeat count" of -1 and of what is too large alike.
  const { repeat } = String.prototype;
  const { apply } = Reflect;
  defineProperty(String.prototype, "repeat", { value: { repeat(count) {
    const times = +count;
    if (times > 0x7fffffff && times < Infinity) throw new RangeError("invalid string length");
    return apply(repeat, this, [times]);
  } }.repeat });
  defineProperty(Math, "random", { value: { random() { return random(); } }.random });

  // The engine takes locales and time zones and ignores them: a wrong price or hour that nobody notices.
  const localised = (prototype, name, own, instead) => {
    const plain = prototype[name];
    defineProperty(prototype, name, { writable: true, configurable: true, value: { [name](...given) {
      for (let i = own; i < given.length; i++) {
        if (given[i] === undefined) continue;
        throw new TypeError(name + " knows no locales and time zones here: write " + instead);
      }
      return apply(plain, this, given);
    } }[name] });
  };
  const ofDate = "dates.fromDate(date).format(pattern, {zone, locale})";
  const ofNumber = "numbers.format(value, {locale})";
  const ofText = "texts.compare(a, b, {locale})";
  for (const { prototype } of [Number, BigInt, Array]) localised(prototype, "toLocaleString", 0, ofNumber);
  for (const name of ["toLocaleString", "toLocaleDateString", "toLocaleTimeString"]) {
    localised(Date.prototype, name, 0, ofDate);
  }
  for (const name of ["toLocaleUpperCase", "toLocaleLowerCase"]) {
    localised(String.prototype, name, 0, "toUpperCase or toLowerCase");
  }
  localised(String.prototype, "localeCompare", 1, ofText);

  // Whole numbers beyond 2^53 are BigInt; JSON says them by texts that begin with a mark, which the host
  // takes away.
  let mark = "";
  const { stringify: plainStringify, parse } = JSON;
  const { split, indexOf, slice } = String.prototype;
  defineProperty(BigInt.prototype, "toJSON", { value: { toJSON() { return mark + text(this); } }.toJSON });
  const { stringify } = { stringify(value, replacer, space) {
    const out = plainStringify(value, replacer, space);
    if (out === undefined || mark === "" || apply(indexOf, out, [mark]) < 0) return out;
    const parts = apply(split, out, ['"' + mark]);
    let json = parts[0];
    for (let i = 1; i < parts.length; i++) {
      const end = apply(indexOf, parts[i], ['"']);
      json += apply(slice, parts[i], [0, end]) + apply(slice, parts[i], [end + 1]);
    }
    return json;
  } };
  defineProperty(JSON, "stringify", { value: stringify, writable: true, configurable: true });

  // JSON, and of what its JSON says by a text (a date) that text.
  const bare = (value) => {
    const json = stringify(value);
    return json !== undefined && json[0] === '"' ? parse(json) : json;
  };
  const show = (value) => {
    if (typeof value === "string") return value;
    if (typeof value === "object" && value !== null) {
      if (value instanceof Error) return text(value);
      try { return bare(value) ?? text(value); } catch { return "[object]"; }
    }
    return text(value);
  };
  // A plain object behind a text is the line's fields.
  const { getPrototypeOf, prototype: plain } = Object;
  const isPlain = (value) => {
    if (typeof value !== "object" || value === null || isArray(value)) return false;
    const of = getPrototypeOf(value);
    return of === plain || of === null;
  };
  const failureAsText = (key, value) => value instanceof Error ? text(value) : value;
  const fieldsOf = (value) => {
    try {
      const json = isPlain(value) ? stringify(value, failureAsText) : undefined;
      return json !== undefined && json[0] === "{" ? json : "";
    } catch { return ""; }
  };
  const line = (level) => function () {
    const count = arguments.length;
    const fields = count > 1 ? fieldsOf(arguments[count - 1]) : "";
    let out = "";
    for (let i = 0; i < (fields === "" ? count : count - 1); i++) out += (i ? " " : "") + show(arguments[i]);
    log(level, out, fields);
  };
  const console = freeze({
    debug: line(0), trace: line(0), log: line(1), info: line(1), warn: line(2), error: line(3),
  });
  defineProperty(globalThis, "console", { value: console });

  const deepFreeze = (value) => {
    if (typeof value !== "object" || value === null) return value;
    if (isArray(value)) for (let i = 0; i < value.length; i++) deepFreeze(value[i]);
    else for (const key of getOwnPropertyNames(value)) deepFreeze(value[key]);
    return freeze(value);
  };
  const revive = (value) => {
    if (typeof value === "string" && value.startsWith(mark)) return BigInt(value.slice(mark.length));
    if (typeof value !== "object" || value === null) return value;
    for (const key of getOwnPropertyNames(value)) {
      const revived = revive(value[key]);
      // Not by assignment: `__proto__` may be a key.
      if (typeof revived === "bigint") defineProperty(value, key, { value: revived });
    }
    return value;
  };
  const install = ([theMark, hasBig, all]) => {
    mark = theMark;
    if (hasBig) revive(all);
    for (const name of keys(all)) {
      defineProperty(globalThis, name, { value: deepFreeze(all[name]), enumerable: true });
    }
  };
  const joined = (value) => {
    if (value === undefined || value === null) return "";
    if (typeof value === "object") return bare(value) ?? "";
    if (typeof value === "function" || typeof value === "symbol") return "";
    return text(value);
  };
  const describe = (error) => {
    try {
      if (error instanceof Error) {
        return text(error.name) + "\n" + text(error.message) + "\n" + text(error.stack);
      }
      return "\n" + show(error) + "\n";
    } catch (why) {
      if (why instanceof InternalError) throw why;  // no room left: the host says so
      return "\nthrew something that cannot be shown\n";
    }
  };
  return [install, joined, describe];
})())js";

}  // namespace weft::script
