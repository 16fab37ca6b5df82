/** One message: who, when, what, its reactions and what can be done with it. */

import { post } from "./api.js";
import { image, renderBlocks } from "./blocks.js";
import { confirmed } from "./dialogs.js";
import { h, icon, iconButton } from "./dom.js";
import { decode, emojiNode, encode, mrkdwn } from "./mrkdwn.js";
import { openEmojiPicker, openMenu } from "./popover.js";
import { isReply } from "./state.js";
import { Surface } from "./surface.js";
import { clockTime, dateOf, fullTime } from "./time.js";

/** Makes the nodes of messages and keeps each for as long as its message stays as it is. */
export class Messages {
  constructor(store) {
    this.store = store;
    this.made = new Map();
  }

  forget() {
    this.made.clear();
  }

  /** @returns {HTMLElement} the same one as before where the message has not changed */
  node(message) {
    const before = this.made.get(message.ts);
    if (before?.message === message) return before.node;
    const node = this.article(message);
    if (before?.node.contains(document.activeElement)) keepFocus(before.node, node);
    this.made.set(message.ts, { message, node });
    return node;
  }

  article(message) {
    const { store } = this;
    const name = message.username || store.nameOf(message.user);
    const surface = new Surface(store, { channel: message.channel, ts: message.ts });
    const article = h(
      "article",
      {
        class: message.is_ephemeral ? "message ephemeral" : "message",
        tabindex: "-1",
        "aria-label": `${name}, ${clockTime(message.ts)}`,
        "data-testid": isReply(message) ? "reply" : "message",
        "data-ts": message.ts,
        "data-user": message.user ?? message.bot_id,
        "data-bot": message.bot_id ? "true" : "false",
      },
      avatar(store, message.user),
      h(
        "div",
        { class: "message-body" },
        message.is_ephemeral && this.onlyYou(message, surface),
        byline(message, name),
        this.content(message, surface),
        files(message),
        this.reactions(message, surface),
        surface.note,
      ),
    );
    article.append(this.toolbar(message, surface, article));
    return article;
  }

  onlyYou({ channel, ts }, surface) {
    const dismiss = () =>
      post("delete", { user: this.store.me, channel, ts }).catch((error) => surface.report(error));
    const button = h(
      "button",
      { type: "button", class: "link", "data-testid": "dismiss", onclick: dismiss },
      "Dismiss",
    );
    return h("p", { class: "only-you" }, icon("eye"), "Only visible to you", button);
  }

  /** A bot's blocks stand for its text; what people write is in the text. */
  content(message, surface) {
    const { store } = this;
    const attached = (message.attachments ?? []).map((each) => attachment(each, surface));
    if (message.bot_id && message.blocks?.length) {
      return h(
        "div",
        { class: "content card", "data-testid": "card" },
        renderBlocks(message.blocks, surface),
        attached,
      );
    }
    const paragraphs = mrkdwn(message.text ?? "", store);
    if (message.edited) (paragraphs.at(-1) ?? h("p")).append(h("small", { class: "edited" }, " (edited)"));
    return h("div", { class: "content" }, paragraphs, attached);
  }

  reactions(message, surface) {
    const chip = ({ name, users, count }) => {
      const mine = users.includes(this.store.me);
      const who = users.map((id) => this.store.nameOf(id)).join(", ");
      return h(
        "button",
        {
          type: "button",
          class: "reaction",
          "aria-pressed": String(mine),
          "aria-label": `${name.replaceAll("_", " ")}, ${count}: ${who}`,
          title: `${who} reacted with :${name}:`,
          "data-reaction": name,
          onclick: () => this.react(message, name, mine, surface),
        },
        emojiNode(name),
        h("span", {}, String(count)),
      );
    };
    return message.reactions?.length ? h("div", { class: "reactions" }, message.reactions.map(chip)) : null;
  }

  async react({ channel, ts }, name, remove, surface) {
    await post("reaction", { user: this.store.me, channel, ts, name, remove }).catch((error) =>
      surface.report(error),
    );
  }

  toolbar(message, surface, article) {
    if (message.is_ephemeral) return "";
    const mine = message.user === this.store.me;
    const shortcuts = this.store.shortcuts.filter(({ type }) => type === "message");
    const pick = (event) =>
      openEmojiPicker(event.currentTarget, (name) => this.react(message, name, false, surface));
    const reply = () => this.store.openThread(message.thread_ts ?? message.ts);
    return h(
      "div",
      { class: "toolbar", role: "group", "aria-label": "Message actions" },
      iconButton("smile", "Add a reaction", pick, { "data-testid": "react" }),
      iconButton("reply", "Reply in thread", reply, { "data-testid": "reply-in-thread" }),
      mine
        ? iconButton("edit", "Edit message", () => this.edit(message, article, surface), {
            "data-testid": "edit",
          })
        : null,
      mine
        ? iconButton("trash", "Delete message", () => this.remove(message, surface), {
            "data-testid": "delete",
          })
        : null,
      shortcuts.length ? this.shortcutButton(message, shortcuts, surface) : null,
    );
  }

  shortcutButton({ channel, ts }, shortcuts, surface) {
    const run = (callback_id) =>
      post("shortcut", { user: this.store.me, callback_id, channel, ts }).catch((error) =>
        surface.report(error),
      );
    const items = shortcuts.map(({ name, callback_id: id }) => ({
      label: name,
      run: () => run(id),
      "data-callback-id": id,
    }));
    return iconButton(
      "more",
      "More actions",
      (event) => openMenu(event.currentTarget, "More actions", items),
      { "data-testid": "more" },
    );
  }

  async remove({ channel, ts }, surface) {
    const sure = await confirmed("Delete message", "Delete this message for everyone?", {
      yes: "Delete",
      danger: true,
    });
    if (sure)
      await post("delete", { user: this.store.me, channel, ts }).catch((error) => surface.report(error));
  }

  edit(message, article, surface) {
    const content = article.querySelector(".content");
    const text = h("textarea", {
      class: "input",
      "aria-label": "Edit message",
      dir: "auto",
      rows: "2",
      "data-testid": "edit-text",
    });
    text.value = decode(message.text, this.store);
    const leave = () => form.replaceWith(content);
    const save = async (event) => {
      event.preventDefault();
      const body = {
        user: this.store.me,
        channel: message.channel,
        ts: message.ts,
        text: encode(text.value, this.store.mentionable),
      };
      await post("edit", body)
        .then(leave)
        .catch((error) => surface.report(error));
    };
    const form = h(
      "form",
      { class: "edit-form", onsubmit: save },
      text,
      h("button", { type: "button", class: "button", onclick: leave }, "Cancel"),
      h("button", { class: "button primary" }, "Save"),
    );
    text.addEventListener("keydown", (event) => {
      if (event.key === "Escape") leave();
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) save(event);
    });
    content.replaceWith(form);
    text.focus();
  }
}

export function avatar(store, id) {
  const user = store.users.get(id);
  const node = h("span", { class: user?.is_bot ? "avatar bot" : "avatar", "aria-hidden": "true" });
  node.append(user?.is_bot ? icon("mark") : initials(store.nameOf(id)));
  if (user?.color) node.style.setProperty("--person", `#${user.color.replace("#", "")}`);
  return node;
}

const initials = (name) =>
  name
    .split(/\s+/)
    .map((word) => word[0])
    .slice(0, 2)
    .join("")
    .toUpperCase();

function byline(message, name) {
  const iso = dateOf(message.ts).toISOString();
  return h(
    "header",
    { class: "byline" },
    h("b", { class: "name" }, name),
    message.bot_id && h("span", { class: "badge" }, "App"),
    h("time", { datetime: iso, title: fullTime(message.ts) }, clockTime(message.ts)),
  );
}

function attachment({ color, blocks, text, fallback }, surface) {
  const inner = blocks ? renderBlocks(blocks, surface) : mrkdwn(text ?? fallback ?? "", surface.store);
  const node = h("div", { class: "attachment" }, inner);
  if (color) node.style.borderColor = `#${color.replace("#", "")}`;
  return node;
}

function files({ files: list = [] }) {
  const one = ({ name, title, mimetype, url_private: url, alt_txt: alt }) =>
    mimetype?.startsWith("image/")
      ? h(
          "figure",
          {},
          h("figcaption", {}, title ?? name),
          image({ slack_file: { url }, alt_text: alt ?? title ?? name }),
        )
      : h(
          "a",
          { class: "no-image", href: new URL(url, location.href).pathname, target: "_blank" },
          title ?? name,
        );
  return list.length ? h("div", { class: "files" }, list.map(one)) : null;
}

/** A card that changes under the person's hands: the focus goes to the same element, else to the new card. */
function keepFocus(before, after) {
  const { actionId } = document.activeElement.dataset;
  queueMicrotask(() =>
    ((actionId && after.querySelector(`[data-action-id="${CSS.escape(actionId)}"]`)) || after).focus({
      preventScroll: true,
    }),
  );
  before.replaceWith(after);
}
