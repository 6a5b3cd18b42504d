// HTML as it is found: read into a tree without ever failing, made text, picked from by CSS selectors.
const words = (text) => new Set(text.split(" "));
const voidTags = words("area base br col embed hr img input link meta source track wbr");
const rawTags = words("script style textarea title noscript iframe");
const hiddenTags = words("script style head title template noscript iframe svg");
const blockTags = words("address article aside blockquote center dd details dialog div dl dt fieldset figcaption figure footer form " +
  "h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary table tbody tfoot thead tr ul");
const spacedTags = words("blockquote dl figure h1 h2 h3 h4 h5 h6 ol p pre table ul");
const depthMax = 200;  // of elements; deeper ones become siblings
// A tag ends those that are open before it, up to one of the others.
const endsBefore = {
  li: ["li", "ul ol"], dt: ["dt dd", "dl"], dd: ["dt dd", "dl"], tr: ["tr td th", "table"], td: ["td th", "tr table"],
  th: ["td th", "tr table"], option: ["option", "select"], tbody: ["thead tbody tfoot tr td th", "table"],
  tfoot: ["thead tbody tr td th", "table"],
};
for (const tag of keys(endsBefore)) endsBefore[tag] = endsBefore[tag].map(words);
const paragraph = [words("p"), words("div section article body td th li blockquote button")];

const namedEntities = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", hellip: "…", mdash: "—", ndash: "–", lsquo: "‘", rsquo: "’",
  ldquo: "“", rdquo: "”", sbquo: "‚", bdquo: "„", bull: "•", euro: "€", trade: "™", dagger: "†", permil: "‰", lsaquo: "‹", rsaquo: "›",
  larr: "←", rarr: "→", uarr: "↑", darr: "↓", minus: "−", le: "≤", ge: "≥", ne: "≠", infin: "∞", zwj: "\u200d", zwnj: "\u200c",
  ensp: "\u2002", emsp: "\u2003", thinsp: "\u2009", oelig: "œ", OElig: "Œ", scaron: "š", Scaron: "Š", Yuml: "Ÿ" };
("nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para middot cedil " +
  "sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute " +
  "Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc " +
  "atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide " +
  "oslash ugrave uacute ucirc uuml yacute thorn yuml").split(" ").forEach((name, i) => { namedEntities[name] = String.fromCharCode(160 + i); });
const characterOf = (code) => code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? String.fromCodePoint(code) : "\ufffd";
const unescaped = (text) => !text.includes("&") ? text :
  text.replace(/&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([A-Za-z][A-Za-z0-9]{1,8}));?/g, (whole, decimal, hexadecimal, name) => {
    if (decimal) return characterOf(+decimal);
    if (hexadecimal) return characterOf(parseInt(hexadecimal, 16));
    return Object.hasOwn(namedEntities, name) ? namedEntities[name] : whole;
  });
const escapes = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escaped = (text) => text.replace(/[&<>"']/g, (c) => escapes[c]);

const tagPattern = /<(\/?)([A-Za-z][^\s\/>]*)((?:[^>"']|"[^"]*"|'[^']*')*)>/y;
const attributePattern = /([^\s=\/"'>][^\s=\/>]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>][^\s>]*)))?/g;
const attributesOf = (text) => {
  const out = {};
  for (const [, name, double, single, bare] of text.matchAll(attributePattern)) {
    const lower = name.toLowerCase();
    if (!Object.hasOwn(out, lower)) put(out, lower, unescaped(double ?? single ?? bare ?? ""));
  }
  return out;
};
const treeOf = (source) => {
  const root = { tag: "", attributes: {}, children: [], elements: [], parent: null, place: 0 };
  let open = root, depth = 0;
  const add = (text) => { if (text !== "") open.children.push(text); };
  const close = (to) => {
    while (open !== to) { open = open.parent; depth--; }
  };
  const endOpen = ([ends, stops]) => {
    let last = null;
    for (let node = open; node !== root && !stops.has(node.tag); node = node.parent) if (ends.has(node.tag)) last = node;
    if (last) close(last.parent);
  };
  const lower = source.toLowerCase();
  let at = 0;
  while (at < source.length) {
    const next = source.indexOf("<", at);
    if (next !== at) {
      add(unescaped(source.slice(at, next < 0 ? undefined : next)));
      if (next < 0) break;
      at = next;
    }
    if (source.startsWith("<!--", at)) {
      const end = source.indexOf("-->", at + 4);
      at = end < 0 ? source.length : end + 3;
      continue;
    }
    if (source[at + 1] === "!" || source[at + 1] === "?") {
      const end = source.indexOf(">", at);
      at = end < 0 ? source.length : end + 1;
      continue;
    }
    tagPattern.lastIndex = at;
    const found = tagPattern.exec(source);
    if (!found) { add("<"); at++; continue; }
    at = tagPattern.lastIndex;
    const tag = found[2].toLowerCase();
    if (found[1]) {
      let node = open;
      while (node !== root && node.tag !== tag) node = node.parent;
      if (node !== root) close(node.parent);
      continue;
    }
    if (endsBefore[tag]) endOpen(endsBefore[tag]);
    if (blockTags.has(tag)) endOpen(paragraph);
    const place = open.elements.length;  // among the elements of its parent
    const node = { tag, attributes: attributesOf(found[3]), children: [], elements: [], parent: open, place };
    open.children.push(node);
    open.elements.push(node);
    if (voidTags.has(tag) || found[3].endsWith("/")) continue;
    if (rawTags.has(tag)) {
      const end = lower.indexOf("</" + tag, at);
      const raw = source.slice(at, end < 0 ? undefined : end);
      if (raw) node.children.push(tag === "title" || tag === "textarea" ? unescaped(raw) : raw);
      const past = end < 0 ? -1 : source.indexOf(">", end);
      at = past < 0 ? source.length : past + 1;
      continue;
    }
    if (depth < depthMax) { open = node; depth++; }
  }
  return root;
};

/// Text as a reader sees it: blocks on lines of their own, blanks collapsed except in <pre>.
const readerText = (node, links) => {
  const pieces = [];
  let breaks = 0, gap = "", isLineStart = true;  // what comes before the next text
  const emit = (text) => {
    if (pieces.length && breaks) pieces.push("\n".repeat(breaks));
    else if (!isLineStart && gap) pieces.push(gap);
    pieces.push(text);
    breaks = 0;
    gap = "";
    isLineStart = false;
  };
  const breakLine = (count) => { breaks = Math.max(breaks, count); isLineStart = true; };
  const flow = (text) => {
    const words = text.replace(/[ \t\r\n\f]+/g, " ");
    if (words[0] === " " && gap === "") gap = " ";
    const inner = words.trim() === "" && !words.includes("\u00a0") ? "" : words.replace(/^ | $/g, "");
    if (inner === "") return;
    emit(inner);
    if (words.endsWith(" ")) gap = " ";
  };
  const keep = (text) => {
    const end = /\n*$/.exec(text.slice(-100))[0].length;
    const inner = text.slice(0, text.length - end);
    if (inner !== "") emit(pieces.length && !isLineStart ? inner : inner.replace(/^\n/, ""));
    if (end) breakLine(end);
  };
  const walk = (node, isPre) => {
    for (const child of node.children) {
      if (typeof child === "string") {
        if (isPre) keep(child);
        else flow(child);
        continue;
      }
      const { tag } = child;
      if (hiddenTags.has(tag)) continue;
      if (tag === "br") { breaks = Math.min(breaks + 1, 10); isLineStart = true; continue; }
      if (tag === "img") { if (child.attributes.alt) flow(child.attributes.alt); continue; }
      const isBlock = blockTags.has(tag), lines = spacedTags.has(tag) ? 2 : 1;
      if (isBlock) breakLine(lines);
      if (tag === "li") { emit("-"); gap = " "; }
      if ((tag === "td" || tag === "th") && !isLineStart) gap = "\t";
      const before = pieces.length;
      walk(child, isPre || tag === "pre");
      const { href } = child.attributes;
      if (links && tag === "a" && href && pieces.length > before && pieces.slice(before).join("").trim() !== href) {
        const after = gap;
        gap = " ";
        emit(`(${href})`);
        gap = after;
      }
      if (isBlock) breakLine(lines);
    }
  };
  walk(node, false);
  return pieces.join("").replaceAll("\u00a0", " ").trim();
};
const markup = (node) => {
  if (typeof node === "string") return escaped(node);
  const inner = () => node.children.map((child) => typeof child === "string" && rawTags.has(node.tag) ? child : markup(child)).join("");
  if (node.tag === "") return inner();
  const attributes = keys(node.attributes).map((name) => ` ${name}="${escaped(node.attributes[name])}"`).join("");
  return `<${node.tag}${attributes}>` + (voidTags.has(node.tag) ? "" : inner() + `</${node.tag}>`);
};

// Selectors: lists of compounds from right to left, each with the combinator to its left.
const selectorPart = /\s*([>+~])\s*|(\s+)|(\*|[A-Za-z][\w-]*)|#([\w-]+)|\.([\w-]+)|\[\s*([\w:-]+)\s*(?:([~|^$*]?=)\s*(?:"([^"]*)"|'([^']*)'|([\w-]+))\s*)?\]|:(first-child|last-child|only-child|empty)|:nth-child\(\s*(odd|even|[+-]?\d*n(?:\s*[+-]\s*\d+)?|\d+)\s*\)|:not\(([^()]+)\)/y;
const nthOf = (text) => {
  if (text === "odd") return [2, 1];
  if (text === "even") return [2, 0];
  const found = /^([+-]?\d*)n(?:\s*([+-])\s*(\d+))?$/.exec(text);
  if (!found) return [0, +text];
  const step = found[1] === "" || found[1] === "+" ? 1 : found[1] === "-" ? -1 : +found[1];
  return [step, found[3] ? +(found[2] + found[3]) : 0];
};
const attributeTests = {
  "=": (value, wanted) => value === wanted,
  "~=": (value, wanted) => value.split(/\s+/).includes(wanted),
  "|=": (value, wanted) => value === wanted || value.startsWith(wanted + "-"),
  "^=": (value, wanted) => wanted !== "" && value.startsWith(wanted),
  "$=": (value, wanted) => wanted !== "" && value.endsWith(wanted),
  "*=": (value, wanted) => wanted !== "" && value.includes(wanted),
};
const compoundTests = (where, found) => {
  const [, , , tag, id, cls, name, operator, double, single, bare, place, nth, not] = found;
  if (tag) return tag === "*" ? () => true : (node) => node.tag === tag.toLowerCase();
  if (id) return (node) => node.attributes.id === id;
  if (cls) return (node) => (node.attributes.class ?? "").split(/\s+/).includes(cls);
  if (name) {
    const lower = name.toLowerCase();
    if (!operator) return (node) => Object.hasOwn(node.attributes, lower);
    const wanted = double ?? single ?? bare, test = attributeTests[operator];
    return (node) => Object.hasOwn(node.attributes, lower) && test(node.attributes[lower], wanted);
  }
  if (place === "empty") return (node) => node.children.length === 0;
  if (place === "first-child") return (node) => node.place === 0;
  if (place === "last-child") return (node) => node.place === node.parent.elements.length - 1;
  if (place === "only-child") return (node) => node.parent.elements.length === 1;
  if (nth) {
    const [step, first] = nthOf(nth);
    return (node) => {
      const distance = node.place + 1 - first;
      return step === 0 ? distance === 0 : distance % step === 0 && distance / step >= 0;
    };
  }
  const inner = selectorOf(where, not);
  return (node) => !inner.some((chain) => matches(node, chain, 0));
};
const selectorOf = (where, text) => text.split(/,(?![^\[]*\])(?![^(]*\))/).map((one) => {
  const source = one.trim();
  const chain = [];
  let tests = [], at = 0, combinator = null;
  while (at < source.length) {
    selectorPart.lastIndex = at;
    const found = selectorPart.exec(source);
    if (!found) throw refused(where, `selector is not understood at "${source.slice(at, at + 30)}"`);
    at = selectorPart.lastIndex;
    if (found[1] || found[2]) {
      if (!tests.length) throw refused(where, `selector has nothing before "${source.slice(at - 1, at + 30)}"`);
      chain.unshift({ tests, combinator });
      combinator = found[1] ?? " ";
      tests = [];
      continue;
    }
    tests.push(compoundTests(where, found));
  }
  if (!tests.length) throw refused(where, "selector ends without an element");
  chain.unshift({ tests, combinator });
  return chain;
});
const siblingBefore = (node) => node.parent.elements[node.place - 1];
const matches = (node, chain, i) => {
  if (!chain[i].tests.every((test) => test(node))) return false;
  if (i + 1 === chain.length) return true;
  switch (chain[i].combinator) {
    case ">": return node.parent.tag !== "" && matches(node.parent, chain, i + 1);
    case "+": { const before = siblingBefore(node); return before !== undefined && matches(before, chain, i + 1); }
    case "~":
      for (let before = siblingBefore(node); before; before = siblingBefore(before)) if (matches(before, chain, i + 1)) return true;
      return false;
    default:
      for (let above = node.parent; above.tag !== ""; above = above.parent) if (matches(above, chain, i + 1)) return true;
      return false;
  }
};

globals.html = {
  escape(text) { return escaped(textOf("html.escape", "text", text)); },
  unescape(text) { return unescaped(textOf("html.unescape", "text", text)); },
  toText(source, options) {
    const where = "html.toText";
    const { links = false } = optionsOf(where, options, ["links"]);
    return readerText(treeOf(textOf(where, "html", source)), links);
  },
  select(source, selector, options) {
    const where = "html.select";
    const { get = "text", attribute } = optionsOf(where, options, ["get", "attribute"]);
    oneOf(where, "get", get, ["text", "html", "outer"]);
    const chains = selectorOf(where, textOf(where, "selector", selector));
    const found = [];
    const walk = (node) => {
      for (const child of node.elements) {
        if (chains.some((chain) => matches(child, chain, 0))) found.push(child);
        walk(child);
      }
    };
    walk(treeOf(textOf(where, "html", source)));
    if (attribute !== undefined) {
      const name = textOf(where, "attribute", attribute).toLowerCase();
      return found.map((node) => (Object.hasOwn(node.attributes, name) ? node.attributes[name] : null));
    }
    if (get === "outer") return found.map(markup);
    return found.map((node) => (get === "html" ? markup({ ...node, tag: "" }) : readerText(node, false)));
  },
};
