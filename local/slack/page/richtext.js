/** `rich_text` blocks: what Slack's own composer makes of a person's message. */

import { h } from "./dom.js";
import { emojiNode, link, mention } from "./mrkdwn.js";

const STYLES = { bold: "strong", italic: "em", strike: "s", code: "code", underline: "u" };

export function richText(block, directory) {
  return h(
    "div",
    { class: "rich-text" },
    block.elements.map((part) => container(part, directory)),
  );
}

function container(part, directory) {
  const inner = () => part.elements.map((leaf) => styled(leaf, directory));
  switch (part.type) {
    case "rich_text_list":
      return h(
        part.style === "ordered" ? "ol" : "ul",
        {},
        part.elements.map((item) => h("li", {}, container(item, directory))),
      );
    case "rich_text_quote":
      return h("blockquote", { dir: "auto" }, inner());
    case "rich_text_preformatted":
      return h("pre", { dir: "auto" }, inner());
    default:
      return h("p", { dir: "auto" }, inner());
  }
}

function styled(leaf, directory) {
  const tags = Object.keys(leaf.style ?? {}).filter((name) => leaf.style[name] && STYLES[name]);
  return tags.reduce((node, name) => h(STYLES[name], {}, node), plainLeaf(leaf, directory));
}

function plainLeaf(leaf, directory) {
  switch (leaf.type) {
    case "link":
      return link(leaf.url, leaf.text ?? leaf.url);
    case "user":
      return mention(leaf.user_id, directory);
    case "channel":
      return h("span", { class: "mention" }, `#${directory.channelName(leaf.channel_id)}`);
    case "broadcast":
      return h("span", { class: "mention mine" }, `@${leaf.range}`);
    case "emoji":
      return emojiNode(leaf.name);
    default:
      return leaf.text ?? "";
  }
}
