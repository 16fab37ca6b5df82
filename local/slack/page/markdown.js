/** The `markdown` block: the part of standard Markdown that bots write. */

import { h } from "./dom.js";
import { emojiNode, link } from "./mrkdwn.js";

const INLINE =
  /`([^`]+)`|\*\*(.+?)\*\*|__(.+?)__|\*([^*\s][^*]*?)\*|\b_([^_]+?)_\b|~~(.+?)~~|\[([^\]]+)\]\(([^)\s]+)\)|:([\w+-]+):/g;
const BULLET = /^\s*(?:[-*+]|(\d+)[.)])\s+/;

export function markdown(text) {
  const lines = text.split("\n");
  const nodes = [];
  while (lines.length) nodes.push(nextBlock(lines));
  return h("div", { class: "markdown" }, nodes);
}

/** Takes the lines of one block off the front of `lines`. */
function nextBlock(lines) {
  const first = lines[0];
  if (first.startsWith("```")) return fence(lines);
  const heading = /^(#{1,6})\s+(.*)/.exec(first);
  if (heading)
    return (
      lines.shift() &&
      h("p", { class: `heading level-${heading[1].length}`, dir: "auto" }, inline(heading[2]))
    );
  if (/^(-{3,}|\*{3,})\s*$/.test(first)) return lines.shift() && h("hr");
  if (first.startsWith(">")) {
    const quoted = takeWhile(lines, (line) => line.startsWith(">")).map((line) => line.replace(/^> ?/, ""));
    return h("blockquote", { dir: "auto" }, inline(quoted.join("\n")));
  }
  if (BULLET.test(first)) return list(lines);
  if (!first.trim()) return lines.shift() ?? "";
  const isText = (line, at) =>
    at === 0 || (line.trim() && !/^(#{1,6}\s|```|>)/.test(line) && !BULLET.test(line));
  return h("p", { dir: "auto" }, inline(takeWhile(lines, isText).join("\n")));
}

function takeWhile(lines, test) {
  const end = lines.findIndex((line, at) => !test(line, at));
  return lines.splice(0, end < 0 ? lines.length : end);
}

function fence(lines) {
  lines.shift();
  const code = takeWhile(lines, (line) => !line.startsWith("```"));
  lines.shift();
  return h("pre", { dir: "auto" }, code.join("\n"));
}

function list(lines) {
  const ordered = BULLET.exec(lines[0])[1] !== undefined;
  const items = takeWhile(lines, (line) => BULLET.test(line));
  return h(
    ordered ? "ol" : "ul",
    {},
    items.map((item) => h("li", { dir: "auto" }, inline(item.replace(BULLET, "")))),
  );
}

function inline(text) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, code, bold, bold2, italic, italic2, strike, label, url, emoji] = match;
    nodes.push(text.slice(from, match.index));
    from = match.index + whole.length;
    if (code) nodes.push(h("code", {}, code));
    else if (bold || bold2) nodes.push(h("strong", {}, inline(bold ?? bold2)));
    else if (italic || italic2) nodes.push(h("em", {}, inline(italic ?? italic2)));
    else if (strike) nodes.push(h("s", {}, inline(strike)));
    else if (label) nodes.push(link(url, label));
    else nodes.push(emojiNode(emoji));
  }
  return [...nodes, text.slice(from)];
}
