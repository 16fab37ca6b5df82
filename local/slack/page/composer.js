/** Where one writes: a channel's composer, or a thread's. */

import { PageError, post } from "./api.js";
import { runCommand } from "./commands.js";
import { h, iconButton } from "./dom.js";
import { encode } from "./mrkdwn.js";
import { openEmojiPicker } from "./popover.js";
import { Suggestions } from "./suggestions.js";

/** What an administrator types to change the open channel. */
const CHANGES = {
  "/archive": "archive",
  "/remove": "remove",
  "/rename": "rename",
  "/share": "share",
  "/unarchive": "unarchive",
  "/unshare": "unshare",
};

export class Composer {
  /** @param {{thread?: string}} place a thread's ts, for the composer of a thread */
  constructor(store, root, { thread } = {}) {
    Object.assign(this, { store, thread, drafts: new Map() });
    const named = (name) => (thread ? `thread-${name}` : name);
    this.text = h("textarea", {
      id: named("composer"),
      "data-testid": named("composer"),
      rows: "1",
      dir: "auto",
      autocomplete: "off",
    });
    this.send = iconButton("send", "Send", () => this.submit(), {
      "data-testid": named("send"),
      class: "icon-button send",
    });
    this.note = h("p", { class: "note", role: "alert", "data-testid": named("composer-note"), hidden: true });
    this.suggestions = new Suggestions(store, this.text);
    root.replaceChildren(
      this.note,
      h(
        "div",
        { class: "composer" },
        this.suggestions.list,
        this.text,
        h(
          "div",
          { class: "composer-tools" },
          iconButton("smile", "Insert an emoji", (event) =>
            openEmojiPicker(event.currentTarget, (name) => this.insert(`:${name}: `)),
          ),
          iconButton("at", "Mention someone", () => this.insert("@")),
          iconButton("bolt", "Commands", () => this.insert("/"), { hidden: Boolean(thread) }),
          h("small", { class: "quiet hint" }, "Enter sends, Shift + Enter starts a new line"),
          this.send,
        ),
      ),
    );
    this.listen();
    this.rename();
  }

  listen() {
    this.text.addEventListener("input", () => this.fit());
    this.text.addEventListener("keydown", (event) => {
      if (this.suggestions.key(event) || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.submit();
    });
  }

  /** The channel has changed: its name, and the draft that was left there. */
  rename() {
    const channel = this.store.channels.get(this.store.channel);
    const where = `${channel?.is_im || channel?.is_mpim ? "" : "#"}${this.store.channelName(this.store.channel)}`;
    const label = this.thread ? "Reply…" : `Message ${where}`;
    this.text.disabled = !this.store.channel;
    this.text.placeholder = label;
    this.text.setAttribute("aria-label", label);
    this.say("");
  }

  swapDraft(from, to) {
    this.drafts.set(from, this.text.value);
    this.text.value = this.drafts.get(to) ?? "";
    this.rename();
    this.fit();
  }

  focus() {
    this.text.focus();
  }

  insert(text) {
    this.text.focus();
    this.text.setRangeText(text, this.text.selectionStart, this.text.selectionEnd, "end");
    this.text.dispatchEvent(new Event("input"));
  }

  fit() {
    this.text.style.height = "auto";
    this.text.style.height = `${this.text.scrollHeight}px`;
    this.send.classList.toggle("ready", Boolean(this.text.value.trim()));
  }

  say(words) {
    this.note.textContent = words;
    this.note.hidden = !words;
  }

  /** Sends what is written; it comes back into the box where that fails. */
  async submit() {
    const typed = this.text.value.trim();
    if (!typed) return;
    this.write("");
    this.say("");
    try {
      await this.deliver(typed);
    } catch (error) {
      if (!(error instanceof PageError)) throw error;
      if (!this.text.value) this.write(typed);
      this.say(error.message);
    }
  }

  write(text) {
    this.text.value = text;
    this.suggestions.hide();
    this.fit();
  }

  deliver(typed) {
    const { me: user, channel, mentionable } = this.store;
    const [, command, text] = /^(\/[a-z][\w-]*)\s*([\s\S]*)$/.exec(typed) ?? [];
    if (command && this.thread)
      throw new PageError("Commands do not work in threads. Write it in the channel.");
    if (command === "/invite") return this.invite(text);
    if (command in CHANGES) return post(CHANGES[command], { user, channel, name: text });
    if (command) return this.command(command, text);
    return post("message", { user, channel, text: encode(typed, mentionable), thread_ts: this.thread });
  }

  async invite(whom) {
    if (whom.replace("@", "") !== this.store.handleOf(this.store.bot.user_id))
      throw new PageError("Only corrigible can be invited here: /invite @corrigible");
    await this.store.inviteBot();
  }

  async command(command, text) {
    if (!this.store.commands.some((each) => each.command === command))
      throw new PageError(`${command} is not a command here.`);
    await runCommand(this.store, command, text);
  }
}
