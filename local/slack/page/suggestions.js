/** What a composer offers while one types `/`, `@` or `:`. */

import { freshId, h } from "./dom.js";
import { EMOJI } from "./emoji.js";

const WORD = /(^|\s)([@:][\p{L}\p{N}_+-]*)$/u;
const MOST = 8;

/** @returns {{insert: string, title: string, detail: string, from: number}[]} `from`: where the typed word begins */
function offers(store, before) {
  if (/^\/[^\n]*$/.test(before)) return commandOffers(store, before);
  const word = WORD.exec(before)?.[2];
  if (!word) return [];
  const from = before.length - word.length;
  const typed = word.slice(1).toLowerCase();
  if (word[0] === "@")
    return peopleOffers(store, typed)
      .filter(({ title }) => title !== word)
      .map((offer) => ({ ...offer, from }));
  if (typed.length < 2) return [];
  const names = [...EMOJI.keys()].filter((name) => name.includes(typed));
  return names.map((name) => ({
    insert: `:${name}: `,
    title: `${EMOJI.get(name)} :${name}:`,
    detail: "",
    from,
  }));
}

function commandOffers(store, before) {
  const mine = store.commands.map(({ command, description, usage_hint: hint }) => ({
    insert: `${command} `,
    title: `${command} ${hint ?? ""}`,
    detail: description,
  }));
  const all = [
    ...mine,
    {
      insert: "/invite @corrigible",
      title: "/invite @corrigible",
      detail: "Let corrigible join this channel",
    },
  ];
  return all
    .filter(({ insert }) => insert.startsWith(before) && insert.trim() !== before.trim())
    .map((offer) => ({ ...offer, from: 0 }));
}

function peopleOffers(store, typed) {
  const found = [...store.users.values()].filter(
    ({ id, name }) => name.toLowerCase().startsWith(typed) || store.nameOf(id).toLowerCase().includes(typed),
  );
  return found.map(({ id, name, is_bot: isBot }) => ({
    insert: `@${name} `,
    title: `@${name}`,
    detail: isBot ? "App" : store.nameOf(id),
  }));
}

export class Suggestions {
  constructor(store, input) {
    Object.assign(this, { store, input, found: [], at: 0 });
    this.list = h("ul", {
      class: "suggestions",
      id: freshId("suggestions"),
      role: "listbox",
      "aria-label": "Suggestions",
      "data-testid": "suggestions",
      hidden: true,
    });
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    input.setAttribute("aria-controls", this.list.id);
    input.setAttribute("aria-autocomplete", "list");
    input.addEventListener("input", () => this.update());
    input.addEventListener("blur", () => this.hide());
  }

  update() {
    this.found = offers(this.store, this.input.value.slice(0, this.input.selectionStart)).slice(0, MOST);
    this.at = 0;
    this.show();
  }

  hide() {
    this.found = [];
    this.show();
  }

  show() {
    const option = ({ title, detail }, at) =>
      h(
        "li",
        {
          role: "option",
          id: `${this.list.id}-${at}`,
          "aria-selected": String(at === this.at),
          onclick: () => this.take(at),
        },
        h("b", {}, title),
        h("small", {}, detail),
      );
    this.list.replaceChildren(...this.found.map(option));
    this.list.hidden = !this.found.length;
    this.input.setAttribute("aria-activedescendant", this.found.length ? `${this.list.id}-${this.at}` : "");
  }

  /** @returns {boolean} whether the key was for the suggestions */
  key(event) {
    const { length } = this.found;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!length || event.isComposing) return false;
    if (step) this.at = (this.at + step + length) % length;
    else if (event.key === "Escape") this.found = [];
    else if (event.key === "Tab" || event.key === "Enter") this.take(this.at);
    else return false;
    event.preventDefault();
    this.show();
    return true;
  }

  take(at) {
    const { from, insert } = this.found[at];
    this.input.setRangeText(insert, from, this.input.selectionStart, "end");
    this.hide();
    this.input.focus();
    this.input.dispatchEvent(new Event("input"));
  }
}
