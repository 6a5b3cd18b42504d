// Tables as text: RFC 4180, and what spreadsheets make of it.
const separatorOf = (where, value) => {
  if (typeof value !== "string" || value.length !== 1 || '"\r\n'.includes(value)) {
    throw wrong(where, "separator", "one character, no quote or line break", value);
  }
  return value;
};
const csvRows = (where, text, separator) => {
  const rows = [];
  let row = [], at = text.startsWith("\ufeff") ? 1 : 0;
  const size = text.length;
  const isEnd = (c) => c === undefined || c === "\n" || c === "\r";
  while (at < size || row.length) {
    let field = "";
    if (text[at] === '"') {
      const began = at++;
      for (;;) {
        const end = text.indexOf('"', at);
        if (end < 0) throw refused(where, `the quote in row ${rows.length + 1} is not closed`);
        field += text.slice(at, end);
        at = end + 1;
        if (text[at] !== '"') break;
        field += '"';
        at++;
      }
      if (!isEnd(text[at]) && text[at] !== separator) {
        throw refused(where, `row ${rows.length + 1} has text behind a closed quote: "${text.slice(began, began + 40)}"`);
      }
    } else {
      let end = at;
      while (end < size && text[end] !== separator && text[end] !== "\n" && text[end] !== "\r") end++;
      field = text.slice(at, end);
      at = end;
    }
    row.push(field);
    if (text[at] === separator) {
      at++;
      if (at < size) continue;
      row.push("");
    }
    if (text[at] === "\r" && text[at + 1] === "\n") at++;
    at++;
    rows.push(row);
    row = [];
  }
  return rows;
};
const cellText = (where, value) => {
  if (value === undefined || value === null) return "";
  if (isDate(value)) return value.toISO();
  return typeof value === "object" ? JSON.stringify(value) : String(value);
};
globals.csv = {
  parse(text, options) {
    const where = "csv.parse";
    const { header = true, separator = "," } = optionsOf(where, options, ["header", "separator"]);
    const rows = csvRows(where, textOf(where, "text", text), separatorOf(where, separator));
    if (header === false) return rows;
    const names = isArray(header) ? header : rows.shift() ?? [];
    const seen = new Set();
    for (const name of names) {
      textOf(where, "a name of the header", name);
      if (seen.has(name)) throw refused(where, `the header has ${name} twice; {header: false} gives lists`);
      seen.add(name);
    }
    return rows.filter((row) => row.length > 1 || row[0] !== "").map((row, i) => {
      if (row.length > names.length) {
        throw refused(where, `row ${i + 1} has ${row.length} fields, and the header ${names.length}; is the separator another?`);
      }
      const object = {};
      names.forEach((name, column) => put(object, name, row[column] ?? ""));
      return object;
    });
  },
  make(list, options) {
    const where = "csv.make";
    const { columns, header = true, separator = ",", end = "\r\n" } =
      optionsOf(where, options, ["columns", "header", "separator", "end"]);
    separatorOf(where, separator);
    oneOf(where, "end", end, ["\r\n", "\n"]);
    const isLists = listOf(where, "list", list).length > 0 && isArray(list[0]);
    const names = columns ?? (isLists ? [] : [...new Set(list.flatMap((item) => keys(objectOf(where, "an item", item))))]);
    const quote = (value) => {
      const cell = cellText(where, value);
      const needs = cell.includes(separator) || /["\r\n]|^\s|\s$/.test(cell);
      return needs ? '"' + cell.replaceAll('"', '""') + '"' : cell;
    };
    const rows = list.map((item) => (isArray(item) ? item : names.map((name) => read(item, [name]))));
    if (header && names.length) rows.unshift(names);
    return rows.map((row) => row.map(quote).join(separator) + end).join("");
  },
};
