/** A select with type-ahead, for one option or several (the ARIA combobox pattern). */

import { h, icon, freshId } from "./dom.js";
import { placeNear } from "./popover.js";
import { plain } from "./mrkdwn.js";

const PAUSE_MS = 150;
const same = (a, b) => a.value === b.value;

export class Combobox {
  /**
   * @param {Object} hooks attributes for the input
   * @param {{load: function(string): Promise<Object[]>, change: function(Object[]), selected: Object[],
   *   placeholder: string, several?: boolean, clearable?: boolean, most?: number, atLeast?: number}} settings
   */
  constructor(hooks, settings) {
    Object.assign(this, { several: false, clearable: false, most: Infinity, atLeast: 0, ...settings });
    this.list = h("ul", {
      class: "listbox",
      id: freshId("listbox"),
      role: "listbox",
      "aria-label": settings.placeholder,
    });
    this.list.popover = "manual";
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.input = h("input", {
      type: "text",
      role: "combobox",
      autocomplete: "off",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": this.list.id,
      placeholder: settings.placeholder,
      dir: "auto",
      ...hooks,
    });
    this.chips = h("span", { class: "chips" });
    this.clear = h(
      "button",
      { type: "button", class: "clear", "aria-label": "Clear", onclick: () => this.set([]) },
      icon("close"),
    );
    this.root = h("div", { class: "combobox" }, this.chips, this.input, this.clear, icon("down"), this.list);
    this.listen();
    this.show();
  }

  listen() {
    this.input.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.open(), PAUSE_MS);
    });
    this.input.addEventListener("click", () => this.open());
    this.input.addEventListener("focus", () => this.input.select());
    this.input.addEventListener("blur", () => this.close());
    this.input.addEventListener("keydown", (event) => this.key(event));
  }

  get isOpen() {
    return this.input.getAttribute("aria-expanded") === "true";
  }

  /** What was typed; the name of the selected option is not a query. */
  get query() {
    const text = this.input.value.trim();
    return !this.several && this.selected[0] && text === this.selected[0].text.text ? "" : text;
  }

  key(event) {
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in moves) {
      event.preventDefault();
      if (this.isOpen) this.move(moves[event.key]);
      else this.open();
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.list.querySelector(".active")?.click();
    } else if (event.key === "Escape" && this.isOpen) {
      event.preventDefault();
      this.close();
    } else if (event.key === "Backspace" && this.several && !this.input.value) {
      this.set(this.selected.slice(0, -1));
    }
  }

  async open() {
    const { query } = this;
    const request = (this.request = {});
    if (query.length < this.atLeast)
      return this.fill([this.message(`Type at least ${this.atLeast} characters`)]);
    const wait = setTimeout(() => this.fill([this.message("Loading…")]), PAUSE_MS);
    try {
      const groups = await this.load(query);
      if (request === this.request) this.fill(groups.flatMap((group) => this.group(group)));
    } catch (error) {
      if (request === this.request) this.fill([this.message(error.message)]);
    } finally {
      clearTimeout(wait);
    }
  }

  group({ label, options }) {
    const heading = label ? [h("li", { class: "group", role: "presentation" }, plain(label))] : [];
    return [...heading, ...options.map((option) => this.option(option))];
  }

  option(option) {
    const chosen = this.selected.some((each) => same(each, option));
    return h(
      "li",
      {
        role: "option",
        id: freshId("option"),
        "aria-selected": String(chosen),
        "data-value": option.value,
        onclick: () => this.pick(option),
      },
      h("span", { dir: "auto" }, plain(option.text)),
      option.description && h("small", { dir: "auto" }, plain(option.description)),
    );
  }

  message(text) {
    return h("li", { class: "message", role: "presentation" }, text);
  }

  fill(items) {
    if (document.activeElement !== this.input) return;
    this.list.replaceChildren(...(items.length ? items : [this.message("No matches")]));
    if (!this.isOpen) this.list.showPopover();
    this.input.setAttribute("aria-expanded", "true");
    this.list.style.minWidth = `${this.root.offsetWidth}px`;
    placeNear(this.root, this.list);
    this.activate(
      this.list.querySelector('[aria-selected="true"]') ?? this.list.querySelector("[role=option]"),
    );
  }

  move(step) {
    const options = [...this.list.querySelectorAll("[role=option]")];
    const at = options.findIndex((each) => each.classList.contains("active"));
    this.activate(options[(at + step + options.length) % options.length]);
  }

  activate(option) {
    this.list.querySelector(".active")?.classList.remove("active");
    option?.classList.add("active");
    option?.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", option?.id ?? "");
  }

  close() {
    clearTimeout(this.timer);
    this.request = null;
    if (this.isOpen) this.list.hidePopover();
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.show();
  }

  pick(option) {
    if (!this.several) return this.set([option]);
    const without = this.selected.filter((each) => !same(each, option));
    if (without.length < this.selected.length) return this.set(without);
    if (this.selected.length < this.most) this.set([...this.selected, option]);
  }

  set(selected) {
    this.selected = selected;
    this.close();
    this.change(selected);
  }

  show() {
    const [only] = this.selected;
    this.input.value = this.several ? "" : (only?.text.text ?? "");
    this.clear.hidden = this.several || !this.clearable || !only;
    this.chips.replaceChildren(...(this.several ? this.selected.map((option) => this.chip(option)) : []));
  }

  chip(option) {
    const remove = () => this.set(this.selected.filter((each) => !same(each, option)));
    const label = `Remove ${option.text.text}`;
    return h(
      "span",
      { class: "chip" },
      plain(option.text),
      h("button", { type: "button", "aria-label": label, onclick: remove }, icon("close")),
    );
  }
}
