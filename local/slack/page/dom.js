/** Building the page out of DOM nodes. What people wrote only ever becomes a text node. */

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  hash: "M5 9h14M4 15h14M10 4 8 20M16 4l-2 16",
  plus: "M12 5v14M5 12h14",
  close: "M6 6l12 12M18 6 6 18",
  menu: "M4 6h16M4 12h16M4 18h16",
  down: "m6 9 6 6 6-6",
  back: "m15 6-6 6 6 6",
  send: "M4 12 3 4l18 8-18 8 1-8zm0 0h8",
  smile: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8.5 14.5a4.5 4.5 0 0 0 7 0M9 9.5v.01M15 9.5v.01",
  reply: "M21 12a8 8 0 0 1-8 8H4l2-3a8 8 0 1 1 15-5z",
  edit: "M4 20h4L19 9l-4-4L4 16v4zM13 7l4 4",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13",
  more: "M5 12v.01M12 12v.01M19 12v.01",
  eye: "M2 12s4-7 10-7 10 7 10 7-4 7-10 7-10-7-10-7zm10 3a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
  at: "M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0zm0-4v5.5a2.5 2.5 0 0 0 5 0V12a9 9 0 1 0-3.5 7.1",
  bolt: "M13 3 5 14h6l-1 7 8-11h-6l1-7z",
  mark: "M6 8h8.5a4.5 4.5 0 0 1 0 9H9M10 4 6 8l4 4",
  check: "m5 12 5 5 9-10",
};

/**
 * Makes an element. `on…` attributes become listeners; null, undefined and false leave an attribute out.
 * @param {string} tag @param {Object} attributes @param {...(Node|string|null)} children
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => ![null, undefined, false].includes(child)));
  return element;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  for (const [key, value] of [
    ["viewBox", "0 0 24 24"],
    ["class", "icon"],
    ["aria-hidden", "true"],
  ]) {
    svg.setAttribute(key, value);
  }
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button that shows only an icon; its label is for the tooltip and for those who cannot see it. */
export function iconButton(name, label, onclick, attributes = {}) {
  const shown = { type: "button", class: "icon-button", title: label, "aria-label": label, onclick };
  return h("button", { ...shown, ...attributes }, icon(name));
}

/** Gives `parent` exactly these children and touches none that stay, so that focus and open menus stay too. */
export function place(parent, nodes) {
  const kept = new Set(nodes);
  for (const child of [...parent.childNodes]) if (!kept.has(child)) child.remove();
  nodes.forEach((node, at) => {
    if (parent.childNodes[at] !== node) parent.insertBefore(node, parent.childNodes[at] ?? null);
  });
}

let lastId = 0;
export const freshId = (prefix) => `${prefix}-${(lastId += 1)}`;

/** Only addresses that cannot run a script may become links. */
export function safeUrl(url) {
  return /^(https?:|mailto:|tel:)/i.test(url ?? "") ? url : null;
}
