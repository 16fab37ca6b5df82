/** What the page knows: who is acting, the workspace, the open channel and its messages. */

import { get, post } from "./api.js";

const PAGE_SIZE = 200;
const byTs = (a, b) => (a.ts < b.ts ? -1 : 1);
const readKey = (user) => `corrigible.read.${location.pathname}${user}`;

export const isReply = (message) => Boolean(message.thread_ts) && message.thread_ts !== message.ts;

/** Tells listeners of "workspace", "channel", "messages", "thread" and "unread" when that part has changed. */
export class Store extends EventTarget {
  team = { name: "" };
  users = new Map();
  channels = new Map();
  bot = { connected: false, installed: true };
  commands = [];
  shortcuts = [];
  channel = null;
  thread = null;
  messages = new Map();
  unread = new Map();
  limit = PAGE_SIZE;
  loading = false;
  request = null;
  missed = [];

  /** @param {string} me the id of who is acting */
  constructor(me) {
    super();
    this.me = me;
  }

  on(topics, listener) {
    for (const topic of topics.split(" ")) this.addEventListener(topic, listener);
  }

  changed(topic) {
    this.dispatchEvent(new Event(topic));
  }

  get people() {
    return [...this.users.values()].filter((user) => !user.is_bot);
  }

  nameOf(id) {
    const user = this.users.get(id);
    return (user?.is_bot ? user.name : user?.real_name || user?.name) ?? id ?? "App";
  }

  handleOf(id) {
    return this.users.get(id)?.name ?? id;
  }

  channelName(id) {
    const channel = this.channels.get(id);
    return channel?.is_im ? this.handleOf(this.bot.user_id) : (channel?.name ?? id);
  }

  /** Who may be written as `@name`: people by their handle and by their full name, and the bot. */
  get mentionable() {
    return [...this.users.values()].flatMap(({ id, name, real_name: full }) => [
      { id, name },
      { id, name: full || name },
    ]);
  }

  async loadWorkspace(user) {
    const state = await get("state", { user });
    this.team = state.team;
    this.users = new Map(state.users.map((each) => [each.id, each]));
    this.channels = new Map(state.channels.map((each) => [each.id, each]));
    this.bot = state.bot;
    this.commands = state.commands;
    this.shortcuts = state.shortcuts ?? [];
    this.changed("workspace");
  }

  async open(channel, thread = null) {
    this.channel = channel;
    this.thread = thread;
    this.limit = PAGE_SIZE;
    this.messages = new Map();
    this.missed = [];
    this.changed("channel");
    await this.refresh();
  }

  openThread(ts) {
    this.thread = ts;
    this.changed("thread");
  }

  /** Brings the bot into the open channel. */
  async inviteBot() {
    await post("invite", { user: this.me, channel: this.channel });
    await this.loadWorkspace(this.me);
    this.changed("messages");
  }

  /** Uninstalls the bot; the stream tells every page of it. */
  async removeBot() {
    await post("uninstall", { user: this.me });
  }

  /** Fetches the open channel's messages; what arrives meanwhile is applied after them. */
  async refresh() {
    const { channel, me } = this;
    const request = (this.request = {});
    this.loading = true;
    const { messages } = await get("messages", { user: me, channel, limit: this.limit });
    if (request !== this.request) return;
    const before = this.messages;
    this.messages = new Map(
      messages.map((message) => [message.ts, unchanged(before.get(message.ts), message)]),
    );
    this.loading = false;
    this.missed.splice(0).forEach((event) => this.apply(event));
    this.markRead();
    this.changed("messages");
  }

  async loadEarlier() {
    this.limit *= 2;
    await this.refresh();
  }

  /** Applies one event from the stream. */
  receive(event) {
    const channel = event.message?.channel ?? event.channel;
    if (event.type === "bot") return this.setConnected(event.connected);
    if (event.type === "installation") return this.loadWorkspace(this.me);
    if (channel !== this.channel) return this.receiveElsewhere(event);
    if (this.loading) return this.missed.push(event);
    this.apply(event);
    this.markRead();
    this.changed("messages");
  }

  apply({ type, message, ts }) {
    if (type === "message_deleted") this.messages.delete(ts);
    else if (message) this.messages.set(message.ts, message);
  }

  receiveElsewhere({ type, message }) {
    if (type !== "message") return;
    if (!this.channels.has(message.channel)) this.loadWorkspace(this.me);
    if (message.user !== this.me) this.countUnread(message.channel);
  }

  setConnected(connected) {
    this.bot = { ...this.bot, connected };
    this.changed("workspace");
  }

  countUnread(channel) {
    this.unread.set(channel, (this.unread.get(channel) ?? 0) + 1);
    this.changed("unread");
  }

  /** Marks channels that got messages since this person last looked. */
  async findUnread() {
    const { me } = this;
    const read = readMarks(me);
    this.unread = new Map();
    for (const { id } of this.channels.values()) {
      if (id === this.channel || !read[id]) continue;
      const { messages } = await get("messages", { user: me, channel: id, limit: 1 });
      if (me !== this.me) return;
      if (messages.some(({ ts, user }) => ts > read[id] && user !== me)) this.countUnread(id);
    }
  }

  markRead() {
    const newest = [...this.messages.keys()].sort().at(-1) ?? "0";
    localStorage.setItem(readKey(this.me), JSON.stringify({ ...readMarks(this.me), [this.channel]: newest }));
    if (this.unread.delete(this.channel)) this.changed("unread");
  }

  /** The channel as threads, oldest first: `{ts, parent, replies}`; the parent is undefined where it was deleted. */
  threads() {
    const threads = new Map();
    const thread = (ts) => threads.get(ts) ?? threads.set(ts, { ts, replies: [] }).get(ts);
    for (const message of [...this.messages.values()].sort(byTs)) {
      if (isReply(message)) thread(message.thread_ts).replies.push(message);
      else thread(message.ts).parent = message;
    }
    return [...threads.values()].sort(byTs);
  }
}

const readMarks = (user) => JSON.parse(localStorage.getItem(readKey(user)) ?? "{}");

const unchanged = (before, now) => (JSON.stringify(before) === JSON.stringify(now) ? before : now);
