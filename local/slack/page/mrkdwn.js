/** Slack's mrkdwn as DOM nodes, and what a person types as mrkdwn. */

import { h, safeUrl } from "./dom.js";
import { EMOJI } from "./emoji.js";
import { fillDate } from "./time.js";

const FENCE = /```\n?([\s\S]+?)\n?```/g;
const QUOTE = /^(?:&gt;|>) ?/;
const TOKEN = new RegExp(
  [
    "`(?<code>[^`\\n]+)`",
    "<(?<angle>[^<>\\n]+)>",
    ":(?<emoji>[\\w+'-]+):(?::skin-tone-\\d:)?",
    "(?<![\\p{L}\\p{N}*])\\*(?=\\S)(?<bold>[^*\\n]*[^*\\s])\\*(?![\\p{L}\\p{N}*])",
    "(?<![\\p{L}\\p{N}_])_(?=\\S)(?<italic>[^_\\n]*[^_\\s])_(?![\\p{L}\\p{N}_])",
    "(?<![\\p{L}\\p{N}~])~(?=\\S)(?<strike>[^~\\n]*[^~\\s])~(?![\\p{L}\\p{N}~])",
    "(?<url>https?://[^\\s<>|`]*[^\\s<>|`.,;:!?'\")\\]*_~])",
  ].join("|"),
  "gu",
);

const unescape = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
export const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/**
 * @param {string} text mrkdwn
 * @param {{handleOf: function(string): string, channelName: function(string): string, me: string}} directory
 */
export function mrkdwn(text, directory) {
  const nodes = [];
  let from = 0;
  for (const fence of text.matchAll(FENCE)) {
    nodes.push(...paragraphs(text.slice(from, fence.index).replace(/\n$/, ""), directory));
    nodes.push(h("pre", { dir: "auto" }, unescape(fence[1])));
    from = fence.index + fence[0].length;
  }
  nodes.push(...paragraphs(text.slice(from).replace(from ? /^\n/ : /^(?!)/, ""), directory));
  return nodes;
}

function paragraphs(text, directory) {
  const groups = [];
  for (const line of text ? text.split("\n") : []) {
    const quoted = QUOTE.test(line);
    if (groups.at(-1)?.quoted !== quoted) groups.push({ quoted, lines: [] });
    groups.at(-1).lines.push(quoted ? line.replace(QUOTE, "") : line);
  }
  return groups.map(({ quoted, lines }) =>
    h(quoted ? "blockquote" : "p", { dir: "auto" }, inline(lines.join("\n"), directory)),
  );
}

/** One run of mrkdwn without paragraphs: emphasis, code, links, mentions, emoji. */
export function inline(text, directory) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(TOKEN)) {
    nodes.push(unescape(text.slice(from, match.index)), token(match, directory));
    from = match.index + match[0].length;
  }
  nodes.push(unescape(text.slice(from)));
  return nodes.filter((node) => node !== "");
}

function token(match, directory) {
  const { code, angle, emoji, bold, italic, strike, url } = match.groups;
  if (code) return h("code", {}, unescape(code));
  if (angle) return reference(angle, directory) ?? unescape(match[0]);
  if (emoji) return emojiNode(emoji);
  if (bold) return h("strong", {}, inline(bold, directory));
  if (italic) return h("em", {}, inline(italic, directory));
  if (strike) return h("s", {}, inline(strike, directory));
  return link(unescape(url), unescape(url));
}

/** What stands between < and >: a mention, a channel, a link; null where it is none of them. */
function reference(angle, directory) {
  const [target, label] = angle.split(/\|(.*)/s);
  if (target.startsWith("@")) return mention(target.slice(1), directory);
  if (target.startsWith("#"))
    return h("span", { class: "mention" }, `#${label || directory.channelName(target.slice(1))}`);
  if (target.startsWith("!date^")) return dateNode(target, label);
  if (target.startsWith("!")) return h("span", { class: "mention mine" }, label ?? `@${target.slice(1)}`);
  return safeUrl(target) ? link(unescape(target), unescape(label ?? target)) : null;
}

function dateNode(target, label) {
  const [, seconds, pattern] = target.split("^");
  return h("time", {}, pattern ? fillDate(pattern, seconds) : (label ?? ""));
}

export function mention(id, directory) {
  return h("span", { class: id === directory.me ? "mention mine" : "mention" }, `@${directory.handleOf(id)}`);
}

export function link(url, label) {
  return h("a", { href: safeUrl(url), target: "_blank", rel: "noopener noreferrer" }, label);
}

export function emojiNode(name) {
  const character = EMOJI.get(name);
  if (!character) return `:${name}:`;
  return h(
    "span",
    { class: "emoji", role: "img", "aria-label": name.replaceAll("_", " "), title: `:${name}:` },
    character,
  );
}

/** A `plain_text` object's words: emoji, but no other markup. */
export function plain(textObject) {
  const text = textObject?.text ?? "";
  if (textObject?.emoji === false) return [text];
  return text
    .split(/(:[\w+'-]+:)/)
    .map((part) => (/^:.+:$/.test(part) ? emojiNode(part.slice(1, -1)) : part));
}

/** A text object of either type, inline. */
export function textObject(object, directory) {
  return object?.type === "mrkdwn"
    ? mrkdwn(object.text, directory)
    : [h("p", { dir: "auto" }, plain(object))];
}

/** What a person typed, as Slack stores it: `@Ana` becomes `<@U…>`, the three special characters are escaped. */
export function encode(typed, people) {
  const names = people
    .map(({ name }) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .sort((a, b) => b.length - a.length);
  const ids = new Map(people.map(({ id, name }) => [name.toLowerCase(), id]));
  const found = new RegExp(`(?<![\\p{L}\\p{N}@])@(${names.join("|")})(?![\\p{L}\\p{N}])`, "giu");
  return escape(typed).replace(found, (_, name) => `<@${ids.get(name.toLowerCase())}>`);
}

/** The reverse of `encode`, for editing what was sent. */
export function decode(text, directory) {
  return unescape(text.replace(/<@(\w+)(?:\|[^<>]*)?>/g, (_, id) => `@${directory.handleOf(id)}`));
}
