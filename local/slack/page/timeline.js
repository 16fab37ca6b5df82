/** The messages of a channel, with days and threads between them; and the thread pane. */

import { h, icon, iconButton, place } from "./dom.js";
import { Composer } from "./composer.js";
import { Messages } from "./messages.js";
import { clockTime, dayKey, dayName } from "./time.js";
import { welcome } from "./welcome.js";

const SHOWN_REPLIES = 3;
const TOGETHER_S = 300;
const NEAR_PX = 120;
const GONE = "This message was deleted.";
const isGone = (message) => !message || message.subtype === "tombstone";

export class Timeline {
  constructor(store, { root, scroller, jump }) {
    Object.assign(this, {
      store,
      root,
      scroller,
      jump,
      messages: new Messages(store),
      kept: new Map(),
      expanded: new Set(),
    });
    store.on("channel", () => this.restart());
    store.on("messages", () => this.show());
    jump.addEventListener("click", () => this.toEnd());
    scroller.addEventListener("scroll", () => {
      this.atEnd = this.nearEnd;
      if (this.atEnd) jump.hidden = true;
    });
    // pictures that come in late, and a thread pane that opens, must not push the end out of sight
    new ResizeObserver(() => this.atEnd && this.toEnd()).observe(root);
    root.addEventListener("keydown", (event) => walkMessages(event, root));
  }

  get nearEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR_PX;
  }

  restart() {
    this.messages.forget();
    this.kept.clear();
    this.fresh = true;
    this.newest = "";
    this.root.replaceChildren();
    this.root.setAttribute("aria-busy", "true");
  }

  show() {
    const wasNearEnd = this.fresh || this.nearEnd;
    this.atEnd = wasNearEnd;
    place(this.root, this.nodes());
    reachable(this.root);
    this.root.removeAttribute("aria-busy");
    this.scroll(wasNearEnd);
    this.fresh = false;
  }

  /** Stays at the end where the reader was there, or wrote just now; else says that there is more. */
  scroll(wasNearEnd) {
    const last = [...this.store.messages.values()].reduce((a, b) => (a && a.ts > b.ts ? a : b), null);
    const isNew = last && last.ts > this.newest;
    this.newest = last?.ts ?? "";
    if (wasNearEnd || (isNew && last.user === this.store.me)) this.toEnd();
    else if (isNew) this.jump.hidden = false;
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.jump.hidden = true;
  }

  nodes() {
    const threads = this.store.threads();
    if (!threads.length) return [this.welcome()];
    const nodes =
      this.store.messages.size >= this.store.limit ? [this.keep("earlier", () => this.earlierButton())] : [];
    let previous = null;
    for (const thread of threads) {
      const { ts, parent, replies } = thread;
      const newDay = !previous || dayKey(previous.ts) !== dayKey(ts);
      if (newDay) nodes.push(this.keep(`day ${dayKey(ts)}`, () => divider(dayName(ts))));
      nodes.push(this.parent(thread, newDay ? null : previous));
      if (replies.length) nodes.push(this.replies(thread));
      previous = isGone(parent) || replies.length ? { ts } : parent;
    }
    return nodes;
  }

  welcome() {
    const here = this.store.channels.get(this.store.channel)?.bot_is_member;
    return this.keep(`welcome ${here}`, () => welcome(this.store));
  }

  keep(key, make) {
    if (!this.kept.has(key)) this.kept.set(key, make());
    return this.kept.get(key);
  }

  parent({ ts, parent }, previous) {
    if (isGone(parent)) return this.keep(`gone ${ts}`, () => h("p", { class: "gone", "data-ts": ts }, GONE));
    const node = this.messages.node(parent);
    const together =
      previous?.user === parent.user && parent.ts - previous.ts < TOGETHER_S && !parent.is_ephemeral;
    node.classList.toggle("together", Boolean(together));
    return node;
  }

  /** A thread's replies, at sight below its message: the last few, the earlier ones on demand. */
  replies({ ts, replies }) {
    const box = this.keep(`replies ${ts}`, () =>
      h("section", { class: "replies", "aria-label": "Replies", "data-thread-ts": ts }),
    );
    const shown = this.expanded.has(ts) ? replies : lastFewAndCard(replies);
    const hidden = replies.length - shown.length;
    const nodes = shown.map((reply) => this.messages.node(reply));
    place(
      box,
      [hidden ? this.showEarlier(ts, hidden) : null, ...nodes, this.threadFooter(ts, replies)].filter(
        Boolean,
      ),
    );
    return box;
  }

  showEarlier(ts, count) {
    const expand = () => {
      this.expanded.add(ts);
      this.show();
    };
    const words = `Show ${count} earlier ${count === 1 ? "reply" : "replies"}`;
    return this.keep(`earlier ${ts} ${count}`, () =>
      h("button", { type: "button", class: "link", onclick: expand, "data-testid": "show-earlier" }, words),
    );
  }

  threadFooter(ts, replies) {
    const words = replies.length === 1 ? "1 reply" : `${replies.length} replies`;
    const open = () => this.store.openThread(ts);
    return this.keep(`footer ${ts} ${replies.length} ${replies.at(-1).ts}`, () =>
      h(
        "p",
        { class: "thread-footer" },
        h("button", { type: "button", class: "link", onclick: open, "data-testid": "reply-count" }, words),
        h("span", { class: "quiet" }, `last ${clockTime(replies.at(-1).ts)}`),
        h(
          "button",
          { type: "button", class: "link", onclick: open, "data-testid": "reply-in-thread" },
          icon("reply"),
          "Reply in thread",
        ),
      ),
    );
  }

  earlierButton() {
    return h(
      "button",
      { type: "button", class: "link earlier", onclick: () => this.store.loadEarlier() },
      "Load earlier messages",
    );
  }
}

/** The thread that is open on the right, with a composer of its own. */
export class ThreadPane {
  constructor(store, root) {
    Object.assign(this, { store, root, messages: new Messages(store) });
    store.on("channel", () => this.messages.forget());
    store.on("channel thread messages", () => this.show());
    root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented) store.openThread(null);
      else walkMessages(event, root);
    });
  }

  show() {
    const { thread } = this.store;
    this.root.hidden = thread === null;
    document.body.classList.toggle("thread-open", thread !== null);
    if (thread !== this.shown) this.build(thread);
    if (thread !== null) this.fill(thread);
  }

  build(thread) {
    this.shown = thread;
    this.root.replaceChildren();
    if (thread === null) return;
    this.list = h("div", {
      class: "timeline",
      role: "log",
      "aria-live": "polite",
      "aria-label": "Thread messages",
    });
    const compose = h("footer", { class: "compose" });
    this.root.append(
      h(
        "header",
        { class: "pane-header" },
        h("h2", {}, "Thread"),
        h("span", { class: "quiet" }, `# ${this.store.channelName(this.store.channel)}`),
        iconButton("close", "Close thread", () => this.store.openThread(null), {
          "data-testid": "close-thread",
        }),
      ),
      h("div", { class: "scroller" }, this.list),
      compose,
    );
    new Composer(this.store, compose, { thread }).focus();
  }

  fill(ts) {
    if (!this.store.messages.size) return;
    const { parent, replies } = this.store.threads().find((each) => each.ts === ts) ?? { replies: [] };
    const count = replies.length === 1 ? "1 reply" : `${replies.length} replies`;
    const first = isGone(parent) ? h("p", { class: "gone" }, GONE) : this.messages.node(parent);
    const before = this.list.childElementCount;
    place(this.list, [first, divider(count), ...replies.map((reply) => this.messages.node(reply))]);
    reachable(this.list);
    if (this.list.childElementCount !== before)
      this.list.parentNode.scrollTop = this.list.parentNode.scrollHeight;
  }
}

/** The last replies; and the bot's newest card with them, so that its answer is always in sight. */
function lastFewAndCard(replies) {
  const card = replies.findLast((reply) => reply.bot_id && reply.blocks?.length);
  return replies.filter((reply, at) => reply === card || at >= replies.length - SHOWN_REPLIES);
}

function divider(text) {
  return h("div", { class: "divider", role: "separator", "aria-label": text }, h("span", {}, text));
}

/** Tab reaches one message, the last; arrow keys go on from there. */
function reachable(root) {
  const all = [...root.querySelectorAll("article")];
  all.forEach((article, at) => (article.tabIndex = at === all.length - 1 ? 0 : -1));
}

function walkMessages(event, root) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const all = [...root.querySelectorAll("article")];
  const at = all.indexOf(document.activeElement);
  if (!step || at < 0) return;
  event.preventDefault();
  all[Math.max(0, Math.min(all.length - 1, at + step))].focus();
}
