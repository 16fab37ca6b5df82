/** What an empty channel says. */

import { post } from "./api.js";
import { runCommand } from "./commands.js";
import { h, icon } from "./dom.js";

const EXAMPLES = [
  "The export button crashes with error 500",
  "Could you add a dark mode to the mobile app?",
  "How do I change the card we pay with?",
];

export function welcome(store) {
  const channel = store.channels.get(store.channel);
  const title = channel.is_im
    ? "Your direct messages with corrigible"
    : `This is the very beginning of ${channel.is_mpim ? "" : "#"}${channel.name}`;
  return h(
    "div",
    { class: "welcome", "data-testid": "welcome" },
    h("h2", {}, title),
    ...(channel.bot_is_member ? examples(store) : []),
    hint(store, channel),
  );
}

function examples(store) {
  const send = (text) => post("message", { user: store.me, channel: store.channel, text });
  const example = (text) =>
    h(
      "button",
      { type: "button", class: "example", "data-testid": "example", onclick: () => send(text) },
      h("span", {}, text),
      icon("send"),
    );
  return [
    h("p", {}, "Write what a customer or colleague might ask, or send one of these:"),
    h("div", { class: "examples" }, EXAMPLES.map(example)),
  ];
}

function hint(store, channel) {
  if (channel.is_im) return null;
  if (!channel.bot_is_member) {
    return h(
      "p",
      { class: "quiet" },
      "corrigible is not here yet. Bring it in with ",
      command("/invite @corrigible", "hint-invite", () => store.inviteBot()),
      ".",
    );
  }
  const turnOn = () => runCommand(store, "/corrigible", "on reply");
  return h(
    "p",
    { class: "quiet" },
    "No answer? Turn corrigible on in this channel with ",
    command("/corrigible on reply", "turn-on", turnOn),
    ".",
  );
}

function command(text, testId, onclick) {
  return h("button", { type: "button", class: "command", "data-testid": testId, onclick }, text);
}
