// Feeds (RSS 0.9x, 1.0, 2.0, Atom) as one shape, whatever prefix a namespace has in them.
const feedLists = ["item", "entry", "link", "category", "enclosure", "author"];
const feedPlain = (value) => {
  const found = isArray(value) ? value[0] : value;
  if (found === undefined || found === null) return null;
  if (typeof found === "string") return found.trim() || null;
  const own = found["#text"] ?? null;
  const inside = keys(found).filter((name) => name[0] !== "@" && name !== "#text");
  if (inside.length === 0) return own?.trim() || null;
  // Atom's type="xhtml": markup that stands there as such.
  return inside.map((name) => xmlEscapedFree(name, found[name])).join("").trim() || own;
};
const xmlEscapedFree = (name, value) => xmlWrite("feed.parse", name, value, "", 0).replace(/^\n/, "");
const feedMember = (item, ...names) => {
  for (const name of names) {
    const found = feedPlain(item[name]);
    if (found !== null) return found;
  }
  return null;
};
const feedTime = (text) => {
  if (text === null) return null;
  const at = new Date(text);
  return isNaN(at.getTime()) ? text : at.toISOString();
};
const feedLink = (links = []) => {
  const all = links.map((link) => typeof link === "string" ? { href: link.trim(), rel: "alternate" }
    : { href: (link["@href"] ?? link["#text"] ?? "").trim(), rel: link["@rel"] ?? "alternate" }).filter((link) => link.href !== "");
  return (all.find((link) => link.rel === "alternate") ?? all[0])?.href ?? null;
};
const feedNames = (list = []) => list.map((one) => typeof one === "string" ? one : one["@term"] ?? one["#text"] ?? "")
  .map((name) => name.trim()).filter((name) => name !== "");
const feedAuthors = (item) => (item.author ?? []).map((one) => typeof one === "string" ? one.trim() : feedMember(one, "name", "email", "#text"))
  .concat([feedMember(item, "dc:creator")]).find((name) => name) ?? null;
const feedItem = (item) => {
  const one = typeof item === "string" ? { title: item } : item;
  const made = {
    title: feedMember(one, "title", "dc:title"),
    link: feedLink(one.link),
    author: feedAuthors(one),
    published_at: feedTime(feedMember(one, "pubDate", "published", "dc:date", "updated")),
    updated_at: feedTime(feedMember(one, "updated")),
    summary: feedMember(one, "description", "summary"),
    content: feedMember(one, "content:encoded", "content"),
    categories: feedNames(one.category),
    enclosures: (one.enclosure ?? []).filter((file) => typeof file === "object").map((file) => ({ url: file["@url"] ?? null, type: file["@type"] ?? null, length: file["@length"] ?? null })),
  };
  // What names it; else where it leads; else what it says.
  const id = feedMember(one, "guid", "id") ?? one["@rdf:about"] ?? made.link;
  return { id: (id ?? globals.hash.sha256(JSON.stringify([made.title, made.published_at, made.summary, made.content]))).slice(0, 2000), ...made };
};
globals.feed = {
  parse(text) {
    const where = "feed.parse";
    const root = xmlRead(where, textOf(where, "text", text).trimStart(), (element) => xmlValue(element, feedLists));
    const name = keys(root)[0];
    const tree = root[name];
    const kind = name === "rss" ? "rss" : name === "feed" || name === "atom:feed" ? "atom" : name === "rdf:RDF" ? "rss" : null;
    if (kind === null || typeof tree !== "object") throw refused(where, `<${name}> is no feed; one begins with <rss>, <feed> or <rdf:RDF>`);
    const about = kind === "atom" ? tree : isArray(tree.channel) ? tree.channel[0] : tree.channel;
    if (typeof about !== "object") throw refused(where, "the feed has no <channel>");
    const items = kind === "atom" ? tree.entry ?? [] : about.item ?? tree.item ?? [];
    return { kind, title: feedMember(about, "title"), link: feedLink(about.link), items: items.map(feedItem) };
  },
};
