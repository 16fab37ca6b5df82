/** Things that open next to a button: menus, and the emoji picker. They close on Escape and on a click elsewhere. */

import { h, icon } from "./dom.js";
import { EMOJI } from "./emoji.js";

const FAVOURITES =
  `+1 -1 eyes white_check_mark x tada heart joy thinking_face pray raised_hands fire rocket bug
  bulb question warning 100 clap wave sob muscle sparkles hourglass_flowing_sand`.split(/\s+/);

/** Shows `node` above everything, next to `anchor`; nothing happens where `anchor` already has one open. */
function openPopover(anchor, node) {
  if (anchor.getAttribute("aria-expanded") === "true") return;
  node.popover = "auto";
  (anchor.closest("dialog") ?? document.body).append(node);
  node.showPopover();
  placeNear(anchor, node);
  anchor.setAttribute("aria-expanded", "true");
  node.addEventListener("toggle", ({ newState }) => newState === "closed" && close(anchor, node));
}

function close(anchor, node) {
  anchor.setAttribute("aria-expanded", "false");
  if (node.contains(document.activeElement) || document.activeElement === document.body) anchor.focus();
  node.remove();
}

export function placeNear(anchor, node) {
  const box = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = node;
  const below = box.bottom + 4 + height <= innerHeight || box.top < height;
  node.style.top = `${below ? box.bottom + 4 : box.top - height - 4}px`;
  node.style.left = `${Math.max(8, Math.min(box.left, innerWidth - width - 8))}px`;
}

/** Arrow keys walk through `items`; `columns` says how far up and down go. */
function walkWithArrows(root, items, columns = 1) {
  const steps = {
    ArrowDown: columns,
    ArrowUp: -columns,
    ...(columns > 1 && { ArrowRight: 1, ArrowLeft: -1 }),
  };
  root.addEventListener("keydown", (event) => {
    const all = items();
    if (!(event.key in steps) || !all.length) return;
    event.preventDefault();
    const at = all.indexOf(document.activeElement);
    all[at < 0 ? 0 : (at + steps[event.key] + all.length) % all.length].focus();
  });
}

/** @param {{label: (string|Node)[]|string, run: function(), icon?: string, checked?: boolean, danger?: boolean}[]} choices */
export function openMenu(anchor, label, choices) {
  const menu = h("div", { class: "menu", role: "menu", "aria-label": label });
  const item = ({ label: text, run, icon: name, checked, danger, ...attributes }) =>
    h(
      "button",
      {
        type: "button",
        class: danger ? "menu-item danger" : "menu-item",
        role: checked === undefined ? "menuitem" : "menuitemradio",
        "aria-checked": checked === undefined ? null : String(checked),
        onclick: () => {
          menu.hidePopover();
          run();
        },
        ...attributes,
      },
      name && icon(name),
      h("span", {}, text),
    );
  menu.append(...choices.map(item));
  walkWithArrows(menu, () => [...menu.children]);
  openPopover(anchor, menu);
  (menu.querySelector('[aria-checked="true"]') ?? menu.firstChild)?.focus();
}

/** @param {function(string)} pick is given the chosen emoji's name */
export function openEmojiPicker(anchor, pick) {
  const grid = h("div", { class: "emoji-grid" });
  const search = h("input", { type: "search", placeholder: "Search emoji", "aria-label": "Search emoji" });
  const picker = h("div", { class: "picker", role: "dialog", "aria-label": "Choose an emoji" }, search, grid);
  const choose = (name) => {
    picker.hidePopover();
    pick(name);
  };
  const button = (name) =>
    h(
      "button",
      {
        type: "button",
        title: `:${name}:`,
        "aria-label": name.replaceAll("_", " "),
        onclick: () => choose(name),
      },
      EMOJI.get(name),
    );
  const show = () => {
    const names = search.value
      ? [...EMOJI.keys()].filter((name) => name.includes(search.value.toLowerCase()))
      : FAVOURITES;
    grid.replaceChildren(...names.slice(0, 48).map(button));
  };
  search.addEventListener("input", show);
  search.addEventListener("keydown", (event) => event.key === "Enter" && grid.firstChild?.click());
  walkWithArrows(picker, () => [...grid.children], 8);
  show();
  openPopover(anchor, picker);
  search.focus();
}
