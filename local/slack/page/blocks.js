/** Block Kit's blocks as DOM nodes. */

import { freshId, h, safeUrl } from "./dom.js";
import { interactive } from "./elements.js";
import { markdown } from "./markdown.js";
import { mrkdwn, plain, textObject } from "./mrkdwn.js";
import { richText } from "./richtext.js";
import { Scope } from "./surface.js";

const MAKERS = {
  section,
  header: (block) => h("h3", { class: "block-header", dir: "auto" }, plain(block.text)),
  divider: () => h("hr"),
  context: (block, surface) =>
    h(
      "div",
      { class: "context" },
      block.elements.map((element) => contextElement(element, surface)),
    ),
  actions: (block, surface) =>
    h(
      "div",
      { class: "actions" },
      block.elements.map((element) => placed(element, block, surface)),
    ),
  context_actions: (block, surface) => MAKERS.actions(block, surface),
  image: (block) => h("figure", {}, block.title && h("figcaption", {}, plain(block.title)), image(block)),
  input: inputBlock,
  rich_text: (block, surface) => richText(block, surface.store),
  markdown: (block) => markdown(block.text),
};

/** @param {Object[]} blocks @param {Surface} surface */
export function renderBlocks(blocks, surface) {
  return blocks.map((block) => {
    const inner = MAKERS[block.type]?.(block, surface) ?? unknown("block", block.type);
    return h("div", { class: `block ${block.type}-block`, "data-block-id": block.block_id }, inner);
  });
}

function unknown(what, type) {
  return h("p", { class: "unknown" }, `This page cannot show the ${what} “${type}”.`);
}

function placed(element, block, surface) {
  if (element.type === "image") return image(element);
  return interactive(element, new Scope(surface, block, element)) ?? unknown("element", element.type);
}

function section(block, surface) {
  return h(
    "div",
    { class: "section" },
    h(
      "div",
      { class: "section-text" },
      block.text && textObject(block.text, surface.store),
      block.fields &&
        h(
          "div",
          { class: "fields" },
          block.fields.map((field) => h("div", {}, textObject(field, surface.store))),
        ),
    ),
    block.accessory && h("div", { class: "accessory" }, placed(block.accessory, block, surface)),
  );
}

function contextElement(element, surface) {
  if (element.type === "image") return image(element);
  return h(
    "div",
    {},
    element.type === "mrkdwn" ? mrkdwn(element.text, surface.store) : textObject(element, surface.store),
  );
}

/** A picture; one on another site, which this page may not load, becomes a link with its description. */
export function image({ image_url: url, slack_file: file, alt_text: alt }) {
  const own = file && (file.id ? `files/${file.id}` : new URL(file.url, location.href).pathname);
  const address = new URL(url ?? own, location.href);
  const link = h(
    "a",
    { class: "no-image", href: safeUrl(address.href), target: "_blank", rel: "noopener noreferrer" },
    alt || address.href,
  );
  if (address.origin !== location.origin && address.protocol !== "data:") return link;
  const picture = h("img", { src: address.href, alt, loading: "lazy" });
  picture.addEventListener("error", () => picture.replaceWith(link));
  return picture;
}

function inputBlock(block, surface) {
  const labelId = freshId("label");
  const controlId = freshId("control");
  const noteId = freshId("hint");
  const about = { dispatches: block.dispatch_action === true, labelId, controlId, noteId };
  const control = interactive(block.element, new Scope(surface, block, block.element, about));
  return h(
    "div",
    { class: "field" },
    h(
      "label",
      { id: labelId, for: controlId },
      plain(block.label),
      block.optional && h("span", { class: "optional" }, " (optional)"),
    ),
    control ?? unknown("element", block.element.type),
    h(
      "div",
      { id: noteId },
      block.hint && h("small", { class: "hint", dir: "auto" }, plain(block.hint)),
      h("p", { class: "field-error", role: "alert", "data-testid": "field-error", hidden: true }),
    ),
  );
}
