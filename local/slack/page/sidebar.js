/** The left side: the workspace, its channels, the direct messages and whether the bot is there. */

import { PageError, post } from "./api.js";
import { askLine } from "./dialogs.js";
import { h, icon, iconButton, place } from "./dom.js";
import { avatar } from "./messages.js";

export function sidebar(store, root, { go, say }) {
  const status = h("p", { class: "bot-status", role: "status", "data-testid": "bot-status" });
  const about = h(
    "p",
    { class: "about" },
    "A practice workspace on this machine. Nothing you write leaves it.",
  );
  const show = () => {
    const focused = root.contains(document.activeElement) && document.activeElement.dataset.channel;
    place(root, [h("h1", { class: "team" }, store.team.name), status, ...lists(store, { go, say }), about]);
    if (focused) root.querySelector(`[data-channel="${focused}"]`)?.focus();
  };
  store.on("workspace channel unread", show);
  store.on("workspace", () => {
    const { connected, installed } = store.bot;
    const shown = `${installed} ${connected}`;
    if (status.dataset.shown === shown) return;
    status.dataset.shown = shown;
    status.replaceChildren(...botStatus(store.bot));
  });
}

function lists(store, { go, say }) {
  const all = [...store.channels.values()];
  const add = iconButton("plus", "Add a channel", () => addChannel(store, { go, say }), {
    "data-testid": "add-channel",
  });
  const group = iconButton("plus", "New group message", () => openGroup(store, { go, say }), {
    "data-testid": "add-group",
  });
  const list = (isDirect) =>
    h(
      "ul",
      {},
      all.filter((each) => !each.is_channel === isDirect).map((each) => entry(store, each, go)),
    );
  return [
    h("div", { class: "list-head" }, h("h2", {}, "Channels"), add),
    list(false),
    h("div", { class: "list-head" }, h("h2", {}, "Direct messages"), group),
    list(true),
  ];
}

function botStatus({ name, connected, installed }) {
  if (!installed) return [h("span", { class: "dot" }), `${name} is not installed`];
  if (connected) return [h("span", { class: "dot on" }), `${name} is connected`];
  return [h("span", { class: "dot" }), `${name} is not connected. Messages wait for it.`];
}

function entry(store, channel, go) {
  const { id } = channel;
  const unread = store.unread.get(id);
  const name = store.channelName(id);
  const link = h(
    "a",
    {
      href: `#channel=${id}&user=${store.me}`,
      class: unread ? "unread" : "",
      "aria-current": id === store.channel ? "page" : null,
      "data-testid": "channel-link",
      "data-channel": id,
      "data-name": name,
      onclick: (event) => {
        event.preventDefault();
        go(id);
      },
    },
    channel.is_channel ? icon("hash") : avatar(store, store.bot.user_id),
    h("span", { class: "channel-name" }, channel.is_im ? `${name} (app)` : name),
    unread && h("span", { class: "count" }, String(unread), h("span", { class: "sr-only" }, " unread")),
  );
  return h("li", {}, link);
}

async function openGroup(store, { go, say }) {
  const typed = await askLine("New group message", "With whom? Names, with commas between them", "Open");
  if (!typed) return;
  let opened;
  try {
    opened = await post("group", { user: store.me, users: typed.toLowerCase() });
  } catch (error) {
    if (!(error instanceof PageError)) throw error;
    return say(error.message);
  }
  await store.loadWorkspace(store.me);
  go(opened.channel.id);
}

async function addChannel(store, { go, say }) {
  const typed = await askLine("Add a channel", "Name", "Create");
  if (!typed) return;
  const name = typed.toLowerCase().replace(/^#/, "").replaceAll(/\s+/g, "-");
  try {
    await post("channel", { user: store.me, name });
  } catch (error) {
    if (!(error instanceof PageError)) throw error;
    return say(error.message);
  }
  await store.loadWorkspace(store.me);
  go([...store.channels.values()].find((each) => each.name === name)?.id ?? store.channel);
}
