/** The bot's home tab: what it publishes for one person, next to their direct messages. */

import { post } from "./api.js";
import { renderBlocks } from "./blocks.js";
import { h } from "./dom.js";
import { Surface } from "./surface.js";

export class Home {
  /** @param {{root: HTMLElement, tabs: HTMLElement}} places @param {function(Error)} report */
  constructor(store, { root, tabs }, report) {
    Object.assign(this, { store, root, report });
    this.messagesTab = this.tab("Messages", "messages-tab", () => this.hide());
    this.homeTab = this.tab("Home", "home-tab", () => this.open());
    tabs.append(this.messagesTab, this.homeTab);
    tabs.hidden = true; // until it is known whose messages these are
    store.on("channel", () => {
      tabs.hidden = !store.channels.get(store.channel)?.is_im;
      this.hide();
    });
  }

  tab(name, testId, onclick) {
    return h("button", { type: "button", class: "tab", "data-testid": testId, onclick }, name);
  }

  show(open) {
    this.root.hidden = !open;
    document.body.classList.toggle("home-open", open);
    this.homeTab.setAttribute("aria-pressed", String(open));
    this.messagesTab.setAttribute("aria-pressed", String(!open));
  }

  hide() {
    this.show(false);
  }

  /** Tells the bot that its home is looked at; it may publish a newer one in answer. */
  async open() {
    this.show(true);
    this.root.replaceChildren(h("p", { class: "quiet" }, "corrigible has not published anything here yet."));
    const before = this.surface;
    const { view } = await post("home", { user: this.store.me }).catch((error) => (this.report(error), {}));
    if (view && this.surface === before) this.update(view);
  }

  update(view) {
    this.surface = new Surface(this.store, { view_id: view.id }, this.surface?.values);
    this.root.replaceChildren(...renderBlocks(view.blocks, this.surface), this.surface.note);
  }
}
