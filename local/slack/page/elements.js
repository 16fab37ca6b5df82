/** Block Kit's interactive elements. Each maker takes an element and its Scope and gives one DOM node. */

import { Combobox } from "./combobox.js";
import { freshId, h, icon, safeUrl } from "./dom.js";
import { plain, textObject } from "./mrkdwn.js";
import { openMenu } from "./popover.js";

const MAKERS = {
  button,
  overflow,
  checkboxes: (element, scope) => choices(element, scope, "checkbox"),
  radio_buttons: (element, scope) => choices(element, scope, "radio"),
  static_select: (element, scope) => select(element, scope, optionSource(element), OPTION),
  multi_static_select: (element, scope) => select(element, scope, optionSource(element), OPTIONS),
  external_select: (element, scope) => select(element, scope, remoteSource(scope), OPTION),
  multi_external_select: (element, scope) => select(element, scope, remoteSource(scope), OPTIONS),
  users_select: (element, scope) => select(element, scope, userSource(scope.store), idState("user")),
  multi_users_select: (element, scope) => select(element, scope, userSource(scope.store), idsState("user")),
  channels_select: (element, scope) => select(element, scope, channelSource(scope.store), idState("channel")),
  multi_channels_select: (element, scope) =>
    select(element, scope, channelSource(scope.store), idsState("channel")),
  conversations_select: (element, scope) =>
    select(element, scope, channelSource(scope.store), idState("conversation")),
  multi_conversations_select: (element, scope) =>
    select(element, scope, channelSource(scope.store), idsState("conversation")),
  plain_text_input: (element, scope) => textInput(element, scope, "text"),
  email_text_input: (element, scope) => textInput(element, scope, "email"),
  url_text_input: (element, scope) => textInput(element, scope, "url"),
  number_input: (element, scope) => textInput(element, scope, "number"),
  datepicker: (element, scope) => picker(element, scope, "date", "selected_date", element.initial_date),
  timepicker: (element, scope) => picker(element, scope, "time", "selected_time", element.initial_time),
  feedback_buttons: feedbackButtons,
  icon_button: iconButton,
};

/** @returns {Node|null} null where this page does not know the element */
export function interactive(element, scope) {
  return MAKERS[element.type]?.(element, scope) ?? null;
}

function button(element, scope) {
  const label = element.accessibility_label;
  const style = ["primary", "danger"].includes(element.style) ? `button ${element.style}` : "button";
  const node = h("button", { type: "button", class: style, ...scope.hooks(label) }, plain(element.text));
  node.addEventListener("click", async () => {
    if (!(await scope.agreed())) return;
    if (safeUrl(element.url)) window.open(element.url, "_blank", "noopener");
    await scope.act({ value: element.value, text: element.text }, node);
  });
  return node;
}

function iconButton(element, scope) {
  const act = () => scope.act({ value: element.value, text: element.text }, node);
  const shape = element.icon === "trash" ? "trash" : "more";
  const node = h(
    "button",
    { type: "button", class: "button", ...scope.hooks(), onclick: act },
    icon(shape),
    plain(element.text),
  );
  return node;
}

function feedbackButtons(element, scope) {
  const one = (choice, name) => {
    const act = () => scope.act({ value: choice.value, text: choice.text }, node);
    const node = h(
      "button",
      { type: "button", class: "button", "data-feedback": name, ...scope.hooks(), onclick: act },
      plain(choice.text),
    );
    return node;
  };
  return h(
    "span",
    { class: "feedback" },
    one(element.positive_button, "positive"),
    one(element.negative_button, "negative"),
  );
}

function overflow(element, scope) {
  const items = element.options.map((option) => ({
    label: plain(option.text),
    run: async () => {
      if (safeUrl(option.url)) window.open(option.url, "_blank", "noopener");
      if (await scope.agreed()) await scope.act({ selected_option: option }, node);
    },
    "data-value": option.value,
  }));
  const label = "More options";
  const attributes = {
    type: "button",
    class: "button overflow",
    "aria-haspopup": "menu",
    ...scope.hooks(label),
  };
  const node = h("button", { ...attributes, onclick: () => openMenu(node, label, items) }, icon("more"));
  return node;
}

function choices(element, scope, kind) {
  const several = kind === "checkbox";
  const initial = several
    ? { selected_options: element.initial_options ?? [] }
    : { selected_option: element.initial_option ?? null };
  const state = scope.begin(initial);
  const chosen = state.selected_options ?? [state.selected_option].filter(Boolean);
  const name = freshId("choice");
  const inputs = element.options.map((option) =>
    h("input", {
      type: kind,
      name,
      value: option.value ?? "",
      checked: chosen.some((each) => each.value === option.value),
    }),
  );
  const rows = element.options.map((option, at) =>
    h(
      "label",
      {},
      inputs[at],
      h(
        "span",
        {},
        textObject(option.text, scope.store),
        option.description && h("small", {}, textObject(option.description, scope.store)),
      ),
    ),
  );
  const node = h(
    "div",
    { class: "choices", role: several ? "group" : "radiogroup", ...scope.hooks("Choices") },
    rows,
  );
  node.addEventListener("change", () => {
    const selected = element.options.filter((_, at) => inputs[at].checked);
    scope.change(several ? { selected_options: selected } : { selected_option: selected[0] }, node);
  });
  return node;
}

/** How a select's options become its state, and back: `{several, initial(element), read(state), write(options)}`. */
const OPTION = {
  initial: (element) => ({ selected_option: element.initial_option ?? null }),
  read: (state) => [state.selected_option].filter(Boolean),
  write: ([option]) => ({ selected_option: option ?? null }),
};
const OPTIONS = {
  several: true,
  initial: (element) => ({ selected_options: element.initial_options ?? [] }),
  read: (state) => state.selected_options,
  write: (options) => ({ selected_options: options }),
};
const idState = (kind) => ({
  initial: (element) => ({ [`selected_${kind}`]: element[`initial_${kind}`] ?? null }),
  read: (state, byId) => [state[`selected_${kind}`]].filter(Boolean).map(byId),
  write: ([option]) => ({ [`selected_${kind}`]: option?.value ?? null }),
});
const idsState = (kind) => ({
  several: true,
  initial: (element) => ({ [`selected_${kind}s`]: element[`initial_${kind}s`] ?? [] }),
  read: (state, byId) => state[`selected_${kind}s`].map(byId),
  write: (options) => ({ [`selected_${kind}s`]: options.map((option) => option.value) }),
});

const option = (value, text) => ({ value, text: { type: "plain_text", text } });
const matching = (query) => (each) => each.text.text.toLowerCase().includes(query.toLowerCase());

function localSource(groups) {
  const load = async (query) =>
    groups
      .map((group) => ({ ...group, options: group.options.filter(matching(query)) }))
      .filter(({ options }) => options.length);
  const byId = (value) =>
    groups.flatMap(({ options }) => options).find((each) => each.value === value) ?? option(value, value);
  return { load, byId };
}

const optionSource = (element) => localSource(element.option_groups ?? [{ options: element.options ?? [] }]);
const userSource = (store) =>
  localSource([{ options: [...store.users.values()].map(({ id }) => option(id, store.nameOf(id))) }]);
const channelSource = (store) =>
  localSource([{ options: [...store.channels.keys()].map((id) => option(id, `#${store.channelName(id)}`)) }]);

function remoteSource({ surface, block, element }) {
  return {
    load: (query) => surface.options(block.block_id, element.action_id, query),
    atLeast: element.min_query_length ?? 3,
  };
}

function select(element, scope, { load, byId, atLeast }, kind) {
  const placeholder = element.placeholder?.text ?? "Select an option";
  const combobox = new Combobox(scope.hooks(placeholder), {
    load,
    atLeast,
    placeholder,
    several: kind.several,
    clearable: scope.labelId !== null,
    most: element.max_selected_items,
    selected: kind.read(scope.begin(kind.initial(element)), byId),
    change: (options) => scope.change(kind.write(options), combobox.input),
  });
  return combobox.root;
}

function textInput(element, scope, type) {
  const attributes = {
    ...scope.hooks(element.placeholder?.text),
    class: "input",
    dir: "auto",
    placeholder: element.placeholder?.text,
    minlength: element.min_length,
    maxlength: element.max_length,
    autofocus: element.focus_on_load,
  };
  const node = element.multiline
    ? h("textarea", { ...attributes, rows: "4" })
    : h("input", { ...attributes, type });
  if (type === "number")
    Object.assign(node, {
      step: element.is_decimal_allowed ? "any" : "1",
      min: element.min_value ?? "",
      max: element.max_value ?? "",
    });
  node.value = scope.begin({ value: element.initial_value ?? null }).value ?? "";
  const value = () => ({ value: node.value === "" ? null : node.value });
  node.addEventListener("input", () =>
    scope.surface.record(scope.block.block_id, element.action_id, { type: element.type, ...value() }),
  );
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !scope.dispatches || event.isComposing) return;
    event.preventDefault();
    scope.change(value(), node);
  });
  return element.max_length ? h("div", { class: "counted" }, node, counter(node, element.max_length)) : node;
}

function counter(node, most) {
  const count = h("small", { class: "count", "aria-hidden": "true" });
  const show = () => (count.textContent = `${node.value.length} / ${most}`);
  node.addEventListener("input", show);
  show();
  return count;
}

function picker(element, scope, type, key, initial) {
  const node = h("input", {
    type,
    class: "input picker-input",
    ...scope.hooks(element.placeholder?.text ?? `Choose a ${type}`),
  });
  node.value = scope.begin({ [key]: initial ?? null })[key] ?? "";
  node.addEventListener("change", () => scope.change({ [key]: node.value || null }, node));
  return node;
}
