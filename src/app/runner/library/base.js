// What the other files use. All files are one function's body, in the order of CMakeLists.txt; what they put into
// `globals` becomes the names that scripts see.
const globals = {};
const { freeze, keys, defineProperty } = Object;
const isArray = Array.isArray;

const kindOf = (value) => {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (isArray(value)) return "a list";
  if (value instanceof Uint8Array) return "bytes";
  if (value instanceof Date) return "the Date " + (Number.isNaN(value.getTime()) ? "that is invalid" : value.toISOString());
  switch (typeof value) {
    case "string": return "a text";
    case "number": return "the number " + value;
    case "bigint": return "a BigInt";
    case "boolean": return String(value);
    case "function": return "a function";
    default: return "an object";
  }
};

/// Every error names the function, the argument and what was expected.
const wrong = (where, argument, expected, value) =>
  new TypeError(`${where}: ${argument} must be ${expected}, not ${kindOf(value)}`);
const refused = (where, message) => new RangeError(`${where}: ${message}`);

const textOf = (where, argument, value) => {
  if (typeof value !== "string") throw wrong(where, argument, "a text", value);
  return value;
};
const listOf = (where, argument, value) => {
  if (!isArray(value)) throw wrong(where, argument, "a list", value);
  return value;
};
const objectOf = (where, argument, value) => {
  if (typeof value !== "object" || value === null || isArray(value)) throw wrong(where, argument, "an object", value);
  return value;
};
const numberOf = (where, argument, value) => {
  if (typeof value !== "number" || value !== value) throw wrong(where, argument, "a number", value);
  return value;
};
const wholeOf = (where, argument, value, least, most) => {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw wrong(where, argument, `a whole number from ${least} to ${most}`, value);
  }
  return value;
};
const oneOf = (where, argument, value, words) => {
  if (!words.includes(value)) {
    throw new TypeError(`${where}: ${argument} must be one of ${words.join(", ")}, not ` +
      (typeof value === "string" ? `"${value.slice(0, 40)}"` : kindOf(value)));
  }
  return value;
};

/// Options are named; a name that nobody reads is a mistake.
const optionsOf = (where, given, known) => {
  if (given === undefined) return {};
  objectOf(where, "options", given);
  for (const name of keys(given)) {
    if (!known.includes(name)) throw new TypeError(`${where}: there is no option ${name}; there are ${known.join(", ")}`);
  }
  return given;
};

/// Asks the host: texts there and back, by what the built-ins were when this was loaded. The host checks all the same.
const text = String, { apply } = Reflect, { slice } = String.prototype;
const ask = (where, ...given) => {
  for (let i = 0; i < given.length; i++) given[i] = text(given[i]);  // its own items: nobody's setters
  const answer = apply(native, undefined, given);
  if (answer === undefined) throw new InternalError("out of memory");
  const rest = apply(slice, answer, [1]);
  if (answer[0] === "!") throw refused(where, rest);
  return rest;
};
