/** The top of the channel: its name and topic, whether the bot is in it, and who is writing. */

import { confirmed } from "./dialogs.js";
import { h, icon, iconButton } from "./dom.js";
import { avatar } from "./messages.js";
import { openMenu } from "./popover.js";

export function channelHeader(store, root, { tabs, become, toggleSidebar }) {
  const menuButton = iconButton("menu", "Channels", toggleSidebar, {
    class: "icon-button only-narrow",
    "data-testid": "menu",
    "aria-controls": "sidebar",
  });
  const title = h("div", { class: "channel-title" });
  const switcher = h("div", { class: "switcher" });
  root.replaceChildren(menuButton, title, tabs, switcher);
  store.on("workspace channel", () => {
    const channel = store.channels.get(store.channel);
    const named = channel?.is_im ? `${store.channelName(store.channel)} (app)` : (channel?.name ?? "");
    const name = channel?.is_im || channel?.is_mpim ? named : `# ${named}`;
    title.replaceChildren(
      h("h2", { id: "channel-name" }, name),
      h("p", { class: "quiet topic" }, channel?.topic?.value ?? channel?.topic ?? ""),
    );
    if (channel && store.bot.installed && !channel.bot_is_member) title.append(inviteButton(store));
    if (channel?.is_im && store.bot.installed && store.bot.removable) title.append(removeButton(store));
    switcher.replaceChildren(userSwitch(store, become));
  });
}

function inviteButton(store) {
  const attributes = {
    type: "button",
    class: "button small",
    "data-testid": "invite",
    "aria-label": "Invite corrigible",
  };
  return h(
    "button",
    { ...attributes, onclick: () => store.inviteBot() },
    "Invite",
    h("span", { class: "wide" }, " corrigible"),
  );
}

function removeButton(store) {
  const { name, installed_in: place } = store.bot;
  const remove = async () => {
    const warning = `${name} will read and answer nothing in ${place} any more.`;
    if (await confirmed(`Remove ${name}?`, warning, { yes: "Remove", danger: true })) await store.removeBot();
  };
  return h(
    "button",
    { type: "button", class: "button small", "data-testid": "remove-app", onclick: remove },
    "Remove app",
  );
}

function userSwitch(store, become) {
  const choices = store.people.map(({ id, name }) => ({
    label: [avatar(store, id), store.nameOf(id)],
    checked: id === store.me,
    run: () => become(id),
    "data-testid": "user-choice",
    "data-user": id,
    "data-name": name,
  }));
  const button = h(
    "button",
    {
      type: "button",
      class: "button user-switch",
      "data-testid": "user-switch",
      "data-user": store.me,
      "aria-haspopup": "menu",
      "aria-expanded": "false",
    },
    avatar(store, store.me),
    h("span", {}, h("span", { class: "wide" }, "You are: "), store.nameOf(store.me).split(" ")[0]),
    icon("down"),
  );
  button.addEventListener("click", () => openMenu(button, "Write as", choices));
  return button;
}
