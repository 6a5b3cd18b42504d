// Markdown to HTML: CommonMark's common part with GitHub's tables and strikethrough. Safe: HTML in it is shown as text, and
// addresses are http, https, mailto, tel or relative.
const safeAddress = (address) => /^(?:https?:|mailto:|tel:|[^:]*$|[^:]*[/?#].*$)/i.test(address.trim()) ? address.trim() : "#";
const inlineStart = /[\\`*_~!\[<&\n]/g;
const wordAt = (text, at) => at >= 0 && at < text.length && /[\p{L}\p{N}]/u.test(text[at]);
const inlineLink = /\[((?:[^\[\]\\]|\\.|\[[^\[\]]*\])*)\]\(\s*(<[^<>\n]*>|[^\s()]*(?:\([^\s()]*\)[^\s()]*)*)(?:\s+(?:"([^"]*)"|'([^']*)'))?\s*\)/y;
const inlineAddress = /<((?:https?:\/\/|mailto:)[^\s<>]*|[\w.+-]+@[\w-]+(?:\.[\w-]+)+)>/y;
const plainAddress = /https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]]/g;
const linked = (text) => {
  let out = "", at = 0;
  for (const found of text.matchAll(plainAddress)) {
    out += escaped(text.slice(at, found.index)) + `<a href="${escaped(found[0])}">${escaped(found[0])}</a>`;
    at = found.index + found[0].length;
  }
  return out + escaped(text.slice(at));
};
const emphases = [["**", "strong"], ["__", "strong"], ["~~", "del"], ["*", "em"], ["_", "em"]];
const closing = (text, mark, from) => {
  for (let at = text.indexOf(mark, from); at >= 0; at = text.indexOf(mark, at + 1)) {
    if (text[at - 1] === "\\" || /\s/.test(text[at - 1])) continue;
    if (mark.length === 1 && (text[at + 1] === mark || text[at - 1] === mark)) {
      while (text[at + 1] === mark) at++;
      continue;
    }
    if (mark[0] === "_" && wordAt(text, at + mark.length)) continue;
    return at;
  }
  return -1;
};
const inline = (text, depth = 0) => {
  let out = "", at = 0;
  const special = (here) => {
    const c = text[here];
    if (c === "\\") {
      if (text[here + 1] === "\n") return ["<br>\n", here + 2];
      return /[!-\/:-@\[-`{-~]/.test(text[here + 1] ?? "") ? [escaped(text[here + 1]), here + 2] : null;
    }
    if (c === "\n") return [/ {2,}$/.test(text.slice(Math.max(0, here - 3), here)) ? "<br>\n" : "\n", here + 1];
    if (c === "`") {
      const [ticks] = /^`+/.exec(text.slice(here, here + 100));
      let end = text.indexOf(ticks, here + ticks.length);
      while (end >= 0 && (text[end + ticks.length] === "`" || text[end - 1] === "`" && ticks.length === 1)) end = text.indexOf(ticks, end + 1);
      if (end < 0) return [ticks, here + ticks.length];
      const code = text.slice(here + ticks.length, end).replaceAll("\n", " ");
      return [`<code>${escaped(/^ .*[^ ].* $/.test(code) ? code.slice(1, -1) : code)}</code>`, end + ticks.length];
    }
    if (c === "&") {
      const found = /^&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|\w{2,9});/.exec(text.slice(here, here + 12));
      return found ? [escaped(unescaped(found[0])), here + found[0].length] : null;
    }
    if (c === "<") {
      inlineAddress.lastIndex = here;
      const found = inlineAddress.exec(text);
      if (!found) return null;
      const address = found[1].includes(":") ? found[1] : "mailto:" + found[1];
      return [`<a href="${escaped(address)}">${escaped(found[1])}</a>`, inlineAddress.lastIndex];
    }
    if (c === "[" || c === "!" && text[here + 1] === "[") {
      inlineLink.lastIndex = here + (c === "!" ? 1 : 0);
      const found = inlineLink.exec(text);
      if (!found) return null;
      const address = escaped(safeAddress(unescaped(found[2].replace(/^<(.*)>$/, "$1"))));
      const title = found[3] ?? found[4];
      const named = title === undefined ? "" : ` title="${escaped(unescaped(title))}"`;
      return [c === "!" ? `<img src="${address}" alt="${escaped(found[1])}"${named}>`
        : `<a href="${address}"${named}>${depth < 8 ? inline(found[1], depth + 1) : escaped(found[1])}</a>`, inlineLink.lastIndex];
    }
    for (const [mark, tag] of emphases) {
      if (!text.startsWith(mark, here) || /\s/.test(text[here + mark.length] ?? " ")) continue;
      if (mark[0] === "_" && wordAt(text, here - 1)) continue;
      const end = depth < 8 ? closing(text, mark, here + mark.length + 1) : -1;
      if (end > 0) return [`<${tag}>${inline(text.slice(here + mark.length, end), depth + 1)}</${tag}>`, end + mark.length];
    }
    return null;
  };
  while (at < text.length) {
    inlineStart.lastIndex = at;
    const found = inlineStart.exec(text);
    const here = found ? found.index : text.length;
    const before = text.slice(at, here);
    out += linked(text[here] === "\n" ? before.replace(/ +$/, "") : before);
    if (!found) break;
    const made = special(here);
    out += made ? made[0] : escaped(text[here]);
    at = made ? made[1] : here + 1;
  }
  return out;
};

const listItem = /^( {0,3})([-*+]|\d{1,9}[.)])(?:( {1,4})(?! )|( +)|$)(.*)$/;
const tableRow = (line) => line.trim().replace(/^\||(?<!\\)\|$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
const tableRule = /^ {0,3}\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;
const blockStart = (line) =>
  /^ {0,3}(?:#{1,6}(?:\s|$)|>|```|~~~|(?:[-*_] *){3,}$)/.test(line) || /^ {0,3}(?:[-*+]|1[.)]) +\S/.test(line);
const blocks = (lines, depth, isTight) => {
  const out = [];
  let i = 0;
  const take = (isIn) => { const from = i; while (i < lines.length && isIn(lines[i])) i++; return lines.slice(from, i); };
  while (i < lines.length) {
    const line = lines[i];
    if (line.trim() === "") { i++; continue; }
    const heading = /^ {0,3}(#{1,6})(?:\s+(.*?))?(?:\s+#+)?\s*$/.exec(line);
    if (heading) { out.push(`<h${heading[1].length}>${inline(heading[2] ?? "")}</h${heading[1].length}>`); i++; continue; }
    if (/^ {0,3}(?:(?:- *){3,}|(?:\* *){3,}|(?:_ *){3,})$/.test(line)) { out.push("<hr>"); i++; continue; }
    const fence = /^ {0,3}(`{3,}|~{3,})\s*([^`\s]*)/.exec(line);
    if (fence) {
      i++;
      const code = take((one) => !one.trim().startsWith(fence[1]));
      i++;
      const named = fence[2] ? ` class="language-${escaped(fence[2])}"` : "";
      out.push(`<pre><code${named}>${escaped(code.join("\n"))}${code.length ? "\n" : ""}</code></pre>`);
      continue;
    }
    if (/^ {4}/.test(line)) {
      const code = take((one) => /^ {4}/.test(one) || one.trim() === "").map((one) => one.slice(4));
      out.push(`<pre><code>${escaped(code.join("\n").trimEnd())}\n</code></pre>`);
      continue;
    }
    if (/^ {0,3}>/.test(line) && depth < 20) {
      const quoted = take((one) => /^ {0,3}>/.test(one)).map((one) => one.replace(/^ {0,3}> ?/, ""));
      out.push(`<blockquote>\n${blocks(quoted, depth + 1, false)}\n</blockquote>`);
      continue;
    }
    const item = listItem.exec(line);
    if (item && depth < 20) { out.push(list(item)); continue; }
    if (line.includes("|") && tableRule.test(lines[i + 1] ?? "") && tableRow(line).length === tableRow(lines[i + 1]).length) {
      out.push(table());
      continue;
    }
    const from = i++;
    while (i < lines.length && lines[i].trim() !== "" && !blockStart(lines[i]) && !/^ {0,3}(?:=+|-+)\s*$/.test(lines[i])) i++;
    const text = inline(lines.slice(from, i).map((one) => one.trimStart()).join("\n").trimEnd());
    const rule = /^ {0,3}(=+|-+)\s*$/.exec(lines[i] ?? "");
    if (rule) { i++; out.push(rule[1][0] === "=" ? `<h1>${text}</h1>` : `<h2>${text}</h2>`); continue; }
    out.push(isTight ? text : `<p>${text}</p>`);
  }
  return out.join("\n");

  function list(first) {
    const isOrdered = /\d/.test(first[2]), mark = first[2].slice(-1);
    const items = [];
    let isLoose = false;
    for (let found = first; found && /\d/.test(found[2]) === isOrdered && found[2].slice(-1) === mark; found = listItem.exec(lines[i] ?? "")) {
      const width = found[1].length + found[2].length + (found[3]?.length ?? 1);
      const own = [(found[4] ?? "").slice(1) + found[5]];
      i++;
      while (i < lines.length) {
        const line = lines[i];
        if (line.trim() === "") {
          let next = i;
          while (next < lines.length && lines[next].trim() === "") next++;
          const after = lines[next] ?? "";
          const isOwn = after.startsWith(" ".repeat(width)), isNext = !isOwn && listItem.test(after);
          if (isOwn || isNext) isLoose = true;
          if (isNext) i = next;
          if (!isOwn) break;
          own.push("");
          i++;
        } else if (line.startsWith(" ".repeat(width))) {
          own.push(line.slice(width));
          i++;
        } else if (!blockStart(line) && !listItem.test(line) && own.at(-1).trim() !== "") {
          own.push(line.trimStart());
          i++;
        } else break;
      }
      items.push(own);
    }
    const tag = isOrdered ? "ol" : "ul", start = parseInt(first[2], 10);
    const body = items.map((own) => {
      const inner = blocks(own, depth + 1, !isLoose);
      return `<li>${isLoose ? "\n" + inner + "\n" : inner}</li>`;
    });
    return `<${tag}${isOrdered && start !== 1 ? ` start="${start}"` : ""}>\n${body.join("\n")}\n</${tag}>`;
  }
  function table() {
    const head = tableRow(lines[i]);
    const sides = tableRow(lines[i + 1]).map((rule) => {
      const side = /^:-+:$/.test(rule) ? "center" : rule.endsWith(":") ? "right" : rule.startsWith(":") ? "left" : "";
      return side && ` align="${side}"`;
    });
    i += 2;
    const rows = take((one) => one.trim() !== "" && !blockStart(one)).map(tableRow);
    const cells = (row, tag) => `<tr>\n${head.map((_, c) => `<${tag}${sides[c]}>${inline(row[c] ?? "")}</${tag}>`).join("\n")}\n</tr>`;
    const body = rows.length ? `\n<tbody>\n${rows.map((row) => cells(row, "td")).join("\n")}\n</tbody>` : "";
    return `<table>\n<thead>\n${cells(head, "th")}\n</thead>${body}\n</table>`;
  }
};
// The other way: what of HTML has a mark in Markdown.
const marksOf = { strong: "**", b: "**", em: "*", i: "*", del: "~~", s: "~~" };
const rawText = (node) => typeof node === "string" ? node : node.tag === "br" ? "\n" : node.children.map(rawText).join("");
const around = (mark, text) => {
  const inner = text.trim();
  return inner === "" ? text : text.slice(0, text.indexOf(inner)) + mark + inner + mark + text.slice(text.indexOf(inner) + inner.length);
};
const inlineMarks = (node) => {
  if (typeof node === "string") return node.replace(/\s+/g, " ").replace(/[\\`*_\[\]]/g, "\\$&");
  if (hiddenTags.has(node.tag)) return "";
  const inner = () => node.children.map(inlineMarks).join("");
  switch (node.tag) {
    case "br": return "  \n";
    case "code": return "`" + rawText(node).replace(/\s+/g, " ").replaceAll("`", "'") + "`";
    case "img": return node.attributes.src ? `![${(node.attributes.alt ?? "").replace(/[\[\]]/g, "")}](${node.attributes.src.replace(/[\s()<>]/g, (c) => encodePart(c))})` : "";
    case "a": {
      const text = inner(), { href } = node.attributes;
      return href && text.trim() ? `[${text.trim()}](${href.trim().replace(/[\s()<>]/g, (c) => encodePart(c))})` : text;
    }
    default: return marksOf[node.tag] ? around(marksOf[node.tag], inner()) : inner();
  }
};
const tableMarks = (node) => {
  const rows = [];
  const find = (one) => { for (const child of one.elements) child.tag === "tr" ? rows.push(child) : child.tag !== "table" && find(child); };
  find(node);
  const cells = rows.map((row) => row.elements.map((cell) => inlineMarks(cell).replace(/\s+/g, " ").trim().replaceAll("|", "\\|")));
  if (!cells.length) return "";
  const width = Math.max(...cells.map((row) => row.length));
  const line = (row) => "| " + Array.from({ length: width }, (_, i) => row[i] ?? "").join(" | ") + " |";
  return [line(cells[0]), line(Array(width).fill("---")), ...cells.slice(1).map(line)].join("\n");
};
const blockMarks = (node) => {
  const out = [];
  let run = "";
  const flush = () => {
    const text = run.replace(/ *\n */g, (found) => (found.startsWith("  ") ? "  \n" : "\n")).replace(/ {2,}(?!\n)/g, " ").trim();
    if (text !== "") out.push(text.replace(/^(#{1,6}|[-+>]|\d+[.)])(?=\s)/gm, "\\$1"));
    run = "";
  };
  const shifted = (text, first) => first + text.replaceAll("\n", "\n" + " ".repeat(first.length));
  for (const child of node.children) {
    if (typeof child === "string" || !blockTags.has(child.tag)) { run += inlineMarks(child); continue; }
    flush();
    const heading = /^h([1-6])$/.exec(child.tag);
    if (hiddenTags.has(child.tag)) continue;
    if (heading) out.push("#".repeat(+heading[1]) + " " + inlineMarks(child).replace(/\s+/g, " ").trim());
    else if (child.tag === "hr") out.push("---");
    else if (child.tag === "pre") out.push("```\n" + rawText(child).replace(/^\n|\n$/g, "") + "\n```");
    else if (child.tag === "table") out.push(tableMarks(child));
    else if (child.tag === "blockquote") out.push("> " + blockMarks(child).join("\n\n").replaceAll("\n", "\n> "));
    else if (child.tag === "ul" || child.tag === "ol") {
      const items = child.elements.filter((item) => item.tag === "li");
      out.push(items.map((item, i) => shifted(blockMarks(item).join("\n"), child.tag === "ol" ? `${i + 1}. ` : "- ")).join("\n"));
    } else out.push(...blockMarks(child));
  }
  flush();
  return out.filter((block) => block !== "");
};
globals.markdown = {
  fromHtml(source) { return blockMarks(treeOf(textOf("markdown.fromHtml", "html", source))).join("\n\n"); },
  toHtml(text) {
    const lines = textOf("markdown.toHtml", "text", text).replace(/\r\n?/g, "\n").replace(/\t/g, "    ").split("\n");
    return blocks(lines, 0, false);
  },
};
