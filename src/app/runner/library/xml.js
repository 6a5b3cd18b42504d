// XML as values: attributes are "@name", text beside them "#text", what stands twice a list. No document types, hence no
// entities of one's own.
const xmlName = /[A-Za-z_:\u00c0-\uffff][\w:.\-\u00b7-\uffff]*/y;
const xmlDepthMax = 60;
const xmlEntities = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const xmlText = (where, text) => text.replace(/&([^;&]{0,12};?)/g, (whole, name) => {
  const found = /^(?:#(\d+)|#x([0-9a-fA-F]+)|(amp|lt|gt|quot|apos));$/.exec(name);
  if (!found) throw refused(where, `text holds ${whole.slice(0, 12)}, which stands for nothing; & itself is &amp;`);
  return found[3] ? xmlEntities[found[3]] : characterOf(found[1] ? +found[1] : parseInt(found[2], 16));
});
const xmlValue = ({ attributes, children, text }, lists) => {
  const names = keys(children);
  const whole = text.join("");
  if (keys(attributes).length === 0 && names.length === 0) return whole;
  const out = {};
  for (const name of keys(attributes)) put(out, "@" + name, attributes[name]);
  if (whole.trim() !== "") put(out, "#text", names.length ? whole.trim() : whole);
  for (const name of names) {
    const all = children[name];
    put(out, name, all.length > 1 || lists.includes(name) ? all : all[0]);
  }
  return out;
};
/// `valueOf`: what an element {name, attributes, children, text} becomes; children are lists by name.
const xmlRead = (where, source, valueOf) => {
  let at = source.startsWith("\ufeff") ? 1 : 0;
  const lineOf = (place) => source.slice(0, place).split("\n").length;
  const fail = (message, place = at) => refused(where, `line ${lineOf(place)}: ${message}`);
  const past = (end, what) => {
    const found = source.indexOf(end, at);
    if (found < 0) throw fail(what + " is not closed");
    const text = source.slice(at, found);
    at = found + end.length;
    return text;
  };
  const blank = () => { while (at < source.length && " \t\r\n".includes(source[at])) at++; };
  const name = (what) => {
    xmlName.lastIndex = at;
    const found = xmlName.exec(source);
    if (!found) throw fail(`${what} is expected, not "${source.slice(at, at + 20)}"`);
    at = xmlName.lastIndex;
    return found[0];
  };
  const attributes = () => {
    const out = {};
    for (;;) {
      const before = at;
      blank();
      if (source[at] === ">" || source[at] === "/" || at >= source.length) return out;
      if (at === before) throw fail("a blank is expected before an attribute");
      const key = name("an attribute's name");
      if (Object.hasOwn(out, key)) throw fail(`the attribute ${key} stands twice`);
      blank();
      if (source[at] !== "=") throw fail(`= is expected behind ${key}`);
      at++;
      blank();
      const quote = source[at];
      if (quote !== '"' && quote !== "'") throw fail(`a quote is expected behind ${key}=`);
      at++;
      const value = past(quote, "the value of " + key);
      if (value.includes("<")) throw fail(`the value of ${key} holds <, which is written &lt;`);
      put(out, key, xmlText(where, value.replace(/[\t\r\n]/g, " ")));
    }
  };
  const open = [];
  let root = null;
  while (at < source.length) {
    const top = open.at(-1);
    const next = source.indexOf("<", at);
    const text = source.slice(at, next < 0 ? undefined : next);
    if (text.includes("]]>")) throw fail("text holds ]]>, which is written ]]&gt;");
    if (top) top.text.push(xmlText(where, text.replace(/\r\n?/g, "\n")));
    else if (text.trim() !== "") throw fail(`text stands outside of the one element: "${text.trim().slice(0, 20)}"`);
    if (next < 0) break;
    at = next + 1;
    if (source.startsWith("!--", at)) { at += 3; past("-->", "a comment"); continue; }
    if (source.startsWith("![CDATA[", at) && top) { at += 8; top.text.push(past("]]>", "CDATA")); top.hasCdata = true; continue; }
    if (source[at] === "?") { past("?>", "a processing instruction"); continue; }
    if (source[at] === "!") throw fail("document types are not read");
    if (source[at] === "/") {
      at++;
      const closed = name("a name");
      blank();
      if (source[at++] !== ">") throw fail(`> is expected behind </${closed}`);
      if (!top || top.name !== closed) throw fail(`</${closed}> closes ${top ? "<" + top.name + ">, which is open since line " + lineOf(top.at) : "nothing"}`);
      open.pop();
    } else {
      if (root && !top) throw fail("there is a second element beside the first");
      const began = at;
      const element = { name: name("a name"), attributes: {}, children: {}, text: [], at: began };
      element.attributes = attributes();
      if (open.length >= xmlDepthMax) throw fail(`more than ${xmlDepthMax} elements are open`);
      const isEmpty = source[at] === "/";
      if (isEmpty) at++;
      if (source[at++] !== ">") throw fail(`<${element.name} is not closed`, began);
      open.push(element);
      if (!isEmpty) continue;
      open.pop();
      finish(element);
      continue;
    }
    finish(top);
  }
  if (open.length) throw fail(`<${open.at(-1).name}> is not closed`, open.at(-1).at);
  if (!root) throw fail("there is no element");
  return root;

  function finish(element) {
    const value = valueOf(element);
    const parent = open.at(-1);
    if (!parent) { root = put({}, element.name, value); return; }
    if (!Object.hasOwn(parent.children, element.name)) put(parent.children, element.name, []);
    parent.children[element.name].push(value);
  }
};
const xmlEscaped = (text) => text.replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd")
  .replace(/[&<>"\r]/g, (c) => escapes[c] ?? "&#13;");
const xmlIsName = (name) => /^[A-Za-z_:\u00c0-\uffff][\w:.\-\u00b7-\uffff]*$/.test(name);
const xmlWrite = (where, name, value, indent, depth) => {
  if (!xmlIsName(name)) throw refused(where, `"${name.slice(0, 40)}" cannot be the name of an element or attribute`);
  const begin = indent ? "\n" + indent.repeat(depth) : "";
  if (isArray(value)) return value.map((item) => xmlWrite(where, name, item, indent, depth)).join("");
  if (value === undefined) return "";
  if (value === null) return `${begin}<${name}/>`;
  if (typeof value !== "object" || isDate(value)) return `${begin}<${name}>${xmlEscaped(scalarText(where, name, value))}</${name}>`;
  let attributes = "", inside = "", text = "";
  for (const key of keys(value)) {
    const member = value[key];
    if (member === undefined) continue;
    if (key === "#text") text = xmlEscaped(scalarText(where, key, member));
    else if (key[0] !== "@") inside += xmlWrite(where, key, member, indent, depth + 1);
    else if (member !== null) {
      xmlWrite(where, key.slice(1), "", "", 0);
      attributes += ` ${key.slice(1)}="${xmlEscaped(scalarText(where, key, member)).replace(/[\t\n\r]/g, (c) => `&#${c.charCodeAt(0)};`)}"`;
    }
  }
  const end = inside && indent ? "\n" + indent.repeat(depth) : "";
  return text + inside === "" ? `${begin}<${name}${attributes}/>` : `${begin}<${name}${attributes}>${text}${inside}${end}</${name}>`;
};
globals.xml = {
  parse(text, options) {
    const where = "xml.parse";
    const { lists = [] } = optionsOf(where, options, ["lists"]);
    const always = listOf(where, "lists (names that are always lists)", lists);
    return xmlRead(where, textOf(where, "text", text), (element) => xmlValue(element, always));
  },
  make(value, options) {
    const where = "xml.make";
    const { declaration = true, indent = "" } = optionsOf(where, options, ["declaration", "indent"]);
    const names = keys(objectOf(where, "value", value));
    if (names.length !== 1 || isArray(value[names[0]])) throw refused(where, "value must have one member, which names the outermost element");
    if (!/^\s*$/.test(textOf(where, "indent", indent))) throw wrong(where, "indent", "blanks", indent);
    const body = xmlWrite(where, names[0], value[names[0]], indent, 0);
    return (declaration ? '<?xml version="1.0" encoding="UTF-8"?>' + (indent ? "" : "\n") : "") + (declaration ? body : body.trimStart());
  },
};
