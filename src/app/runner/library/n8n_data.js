// What n8n's nodes XML and Compare Datasets do, as its libraries do it (tests/import/peer).
Object.assign(globals.n8n, {
  /// The Compare Datasets node: of A alone, the same, different, of B alone.
  compareDatasets([left, right], pairs, { resolve = "includeBoth", prefer = "input1", except = "", skip = "", all = false, plainNames = false, version = 2.3 } = {}) {
    const where = "Compare Datasets";
    if (pairs.some((pair) => pair.includes(""))) throw failed(`${where}: both fields of a pair to match must be named`);
    const [a, b] = [left, right].map((list) => (list ?? []).filter((item) => keys(item.json).length > 0));
    if (version < 2.2) [a, b].forEach((list, side) => pairs.forEach((pair) => {
      const isThere = (item) => plainNames ? Object.hasOwn(item.json, pair[side]) : pathGet(item.json, pair[side]) !== undefined;
      if (list.length > 0 && !list.some(isThere)) throw failed(`${where}: Field '${pair[side]}' is not present in any of items in 'Input ${"AB"[side]}'`);
    }));
    const left_out = text(skip).split(",").map((name) => name.trim());
    const nested = left_out.some((name) => name.includes("."));
    if (nested && (plainNames || (resolve === "includeBoth" && version >= 2.1))) throw failed(`${where}: fields within others (a.b) cannot be left out here`);
    const without = (json) => {
      const out = copied(json);
      for (const name of left_out) pathUnset(out, name, !nested);
      return out;
    };
    const mixed = (one, two) => {
      const [entry, match] = prefer === "input1" ? [one, two] : [two, one];
      const json = copied(entry.json);
      for (const name of isArray(except) ? except : except === "" ? [] : text(except).split(",").map((name) => name.trim())) {
        if (plainNames) put(json, name, match.json[name]);
        else pathSet(json, name, pathGet(match.json, name) ?? null);
      }
      return { ...entry, json };
    };
    const both = (one, two) => {
      const value = version >= 2 ? (v) => v === undefined ? null : v : (v) => v || null;
      const [first, second] = version >= 2 ? ["inputA", "inputB"] : ["input1", "input2"];
      const out = { keys: {}, same: {}, different: {}, skipped: {} };
      for (const [name] of pairs) if (one.json[name] !== undefined) put(out.keys, name, one.json[name]);
      for (const name of keys({ ...one.json, ...two.json })) {
        const isCommon = Object.hasOwn(one.json, name) && Object.hasOwn(two.json, name);
        if (isCommon && equalJson(one.json[name], two.json[name])) put(out.same, name, one.json[name]);
        else put(left_out.includes(name) ? out.skipped : out.different, name, { [first]: value(one.json[name]), [second]: value(two.json[name]) });
      }
      if (keys(out.skipped).length === 0) delete out.skipped;
      return made(out, { paired: pairedOf(one, two) });
    };
    const used = new Set();
    const alone = [], same = [], different = [];
    for (const item of a) {
      const wanted = pairs.map(([name]) => pathGet(item.json, name, plainNames));
      const found = wanted.includes(undefined) ? [] : b.flatMap((other, i) => pairs.every(([, name], p) => equalJson(pathGet(other.json, name, plainNames), wanted[p])) ? [i] : []);
      const taken = all ? found : found.slice(0, 1);
      for (const i of taken) used.add(i);
      if (taken.length === 0) alone.push(item);
      let isSame = false;
      for (const i of taken) {
        if (equalJson(without(item.json), without(b[i].json))) isSame = true;
        else different.push({ preferInput1: () => item, preferInput2: () => b[i], mix: () => mixed(item, b[i]) }[resolve]?.() ?? both(item, b[i]));
      }
      if (isSame) same.push(item);
    }
    return [alone, same, different, b.filter((_, i) => !used.has(i))];
  },
  /// The XML node: an item's text as values, as xml2js makes them.
  xmlToJson(json, property, { attributes: attrkey = "$", text: charkey = "_", lists = false, root = true, merge = true, ignore = false, trim = false, normalize = false, lower = false } = {}) {
    const given = json[property];
    if (given === undefined) throw failed(`XML: Item has no JSON property called "${property}"`);
    const named = (name) => ["__proto__", "constructor", "prototype"].includes(name) ? `sanitized_${name}` : name;
    const add = (to, given, value) => {
      const name = named(given);
      if (!Object.hasOwn(to, name)) return put(to, name, lists ? [value] : value);
      if (!isArray(to[name])) put(to, name, [to[name]]);
      to[name].push(value);
    };
    const out = xmlRead("XML", text(given), (element) => {
      const value = {};
      let content = element.text.join("");
      const isBlank = /^\s*$/.test(content) && !element.hasCdata;
      if (!isBlank && trim) content = content.trim();
      if (!isBlank && normalize) content = content.replace(/\s{2,}/g, " ").trim();
      if (!isBlank) put(value, charkey, content);
      if (!ignore && keys(element.attributes).length > 0) {
        if (!merge) put(value, attrkey, Object.fromEntries(keys(element.attributes).map((name) => [named(name), element.attributes[name]])));
        else for (const name of keys(element.attributes)) add(value, name, element.attributes[name]);
      }
      for (const name of keys(element.children)) for (const child of element.children[name]) add(value, lower ? name.toLowerCase() : name, child);
      const names = keys(value);
      if (names.length === 0) return content;
      return names.length === 1 && !isBlank ? content : value;
    });
    const [name] = keys(out);
    const inner = out[name];
    if (!root && (typeof inner !== "object" || inner === null)) throw failed("XML: without its outermost element nothing is left but a text, which is no item");
    return root ? put({}, named(lower ? name.toLowerCase() : name), inner) : inner;
  },
  /// The XML node: an item's values as a text, as xml2js's builder makes it.
  jsonToXml(json, property, { attributes: attrkey = "$", text: charkey = "_", root = "root", cdata = false, headless = false } = {}) {
    const asText = (value) => text(value).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/\r/g, "&#xD;");
    const asAttribute = (value) => text(value).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;").replace(/\t/g, "&#x9;").replace(/\n/g, "&#xA;").replace(/\r/g, "&#xD;");
    const content = (value) => cdata && typeof value === "string" && /[&<>]/.test(value) ? `<![CDATA[${value.replace("]]>", "]]]]><![CDATA[>")}]]>` : asText(value);
    const element = (name, value, depth) => {
      if (!xmlIsName(name)) throw refused("XML", `"${name.slice(0, 40)}" cannot be the name of an element`);
      const indent = "  ".repeat(depth);
      let attributes = "";
      const inside = [];  // {text} or an element's lines
      const render = (given) => {
        if (typeof given !== "object") { inside.push({ text: content(given) }); return; }
        if (isArray(given)) { for (const child of given) for (const key of keys(child ?? {})) inside.push(element(key, child[key], depth + 1)); return; }
        for (const key of keys(given ?? {})) {
          const child = given[key];
          if (key === attrkey) {
            if (typeof child === "object") for (const one of keys(child ?? {})) if (child[one] !== undefined && child[one] !== null) attributes += ` ${one}="${asAttribute(child[one])}"`;
          } else if (key === charkey) inside.push({ text: content(child) });
          else if (isArray(child)) for (const entry of child) inside.push(element(key, entry, depth + 1));
          else inside.push(element(key, child ?? "", depth + 1));
        }
      };
      render(value);
      const begin = `${indent}<${name}${attributes}`;
      if (inside.every((one) => one.text === "")) return `${begin}/>\n`;
      if (inside.length === 1 && inside[0].text !== undefined) return `${begin}>${inside[0].text}</${name}>\n`;
      return `${begin}>\n${inside.map((one) => one.text === undefined ? one : `${indent}  ${one.text}\n`).join("")}${indent}</${name}>\n`;
    };
    const names = keys(json);
    const body = names.length === 1 && root === "root" ? element(names[0], json[names[0]] ?? "", 0) : element(root, json, 0);
    return put({}, property, ((headless ? "" : '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n') + body).replace(/\n$/, ""));
  },
});
