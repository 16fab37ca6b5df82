/** The bot's modals: a stack of views in one dialog. */

import { post } from "./api.js";
import { renderBlocks } from "./blocks.js";
import { h, icon } from "./dom.js";
import { plain } from "./mrkdwn.js";
import { Surface } from "./surface.js";

export class Modal {
  /** @type {{view: Object, surface: Surface, form?: HTMLElement}[]} the topmost last */
  stack = [];

  constructor(store, dialog) {
    this.store = store;
    this.dialog = dialog;
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.dismiss();
    });
  }

  get top() {
    return this.stack.at(-1);
  }

  /** Takes a view event from the stream. */
  receive({ type, view, view_id: id }) {
    if (type === "view_opened") this.stack = [this.entry(view)];
    else if (type === "view_pushed") this.stack = [...this.without(view.id), this.entry(view)];
    else if (type === "view_updated") this.update(view);
    else if (type === "view_closed") this.stack = this.without(id);
    this.show();
  }

  entry(view, kept = {}) {
    return { view, surface: new Surface(this.store, { view_id: view.id }, kept) };
  }

  without(id) {
    return this.stack.filter((entry) => entry.view.id !== id);
  }

  /** Replaces a view that is open; what was filled in stays where block and action are the same. */
  update(view) {
    this.stack = this.stack.map((entry) =>
      entry.view.id === view.id && entry.view.hash !== view.hash
        ? this.entry(view, entry.surface.values)
        : entry,
    );
  }

  closeAll() {
    this.stack = [];
    this.show();
  }

  show() {
    if (this.shown === this.top) return;
    this.shown = this.top;
    this.dialog.replaceChildren();
    if (!this.top) return this.dialog.close();
    this.dialog.dataset.viewId = this.top.view.id;
    this.dialog.dataset.callbackId = this.top.view.callback_id;
    this.top.form ??= this.form(this.top);
    this.dialog.append(this.top.form);
    if (!this.dialog.open) this.dialog.showModal();
    (
      this.dialog.querySelector("[autofocus]") ??
      this.dialog.querySelector(".modal-body :is(input, textarea, button), .modal-submit")
    )?.focus();
  }

  form({ view, surface }) {
    const back = this.stack.length > 1;
    const submit =
      view.submit &&
      h(
        "button",
        { class: "button primary modal-submit", "data-testid": "modal-submit" },
        plain(view.submit),
      );
    const send = (event) => {
      event.preventDefault();
      this.submit(submit);
    };
    return h(
      "form",
      { class: "modal-form", novalidate: true, onsubmit: send },
      h(
        "header",
        { class: "modal-header" },
        h("h2", { id: "modal-title", dir: "auto" }, plain(view.title)),
        h(
          "button",
          { type: "button", class: "icon-button", "aria-label": "Close", onclick: () => this.dismiss() },
          icon("close"),
        ),
      ),
      h("div", { class: "modal-body" }, renderBlocks(view.blocks, surface)),
      surface.note,
      h(
        "footer",
        { class: "modal-footer" },
        h(
          "button",
          { type: "button", class: "button", "data-testid": "modal-close", onclick: () => this.dismiss() },
          view.close ? plain(view.close) : back ? "Back" : submit ? "Cancel" : "Close",
        ),
        submit,
      ),
    );
  }

  /** The person closes the topmost view. */
  async dismiss() {
    const { view, surface } = this.top;
    this.stack = view.clear_on_close ? [] : this.without(view.id);
    this.show();
    await post("close", { user: this.store.me, view_id: view.id }).catch((error) => surface.report(error));
  }

  async submit(button) {
    const { view, surface } = this.top;
    const missing = problems(view, surface.values);
    this.showErrors(missing);
    if (Object.keys(missing).length || button?.getAttribute("aria-busy") === "true") return;
    button?.setAttribute("aria-busy", "true");
    surface.say("");
    try {
      this.answered(
        view,
        surface,
        await post("submit", { user: this.store.me, view_id: view.id, state: { values: surface.values } }),
      );
    } catch (error) {
      surface.report(error);
    } finally {
      button?.removeAttribute("aria-busy");
    }
  }

  /** What the bot said to the submission. New and changed views arrive by the stream. */
  answered(view, surface, { acknowledged = true, response_action: action, errors = {} }) {
    if (!acknowledged)
      return surface.say("corrigible did not answer in time. Nothing was lost; please try again.");
    if (Object.keys(errors).length) return this.showErrors(errors);
    if (action === "clear") this.stack = [];
    else if (!action) this.stack = this.without(view.id);
    this.show();
  }

  showErrors(errors) {
    for (const block of this.dialog.querySelectorAll(".input-block")) {
      const text = errors[block.dataset.blockId] ?? "";
      const note = block.querySelector(".field-error");
      note.textContent = text;
      note.hidden = !text;
      block.classList.toggle("invalid", Boolean(text));
      block.querySelector("[data-action-id]")?.setAttribute("aria-invalid", String(Boolean(text)));
    }
    this.dialog.querySelector(".invalid :is(input, textarea, button)")?.focus();
  }
}

/** What Slack's own client refuses before it asks the bot: `{block_id: words}`. */
function problems(view, values) {
  const inputs = view.blocks.filter((block) => block.type === "input");
  const found = inputs.map((block) => [
    block.block_id,
    problem(block, values[block.block_id]?.[block.element.action_id]),
  ]);
  return Object.fromEntries(found.filter(([, words]) => words));
}

function problem({ optional, element }, state = {}) {
  const { type, ...rest } = state;
  const empty = Object.values(rest).every(
    (value) => value === null || value === undefined || value.length === 0,
  );
  if (empty) return optional ? null : "Please complete this required field.";
  if (rest.value?.length < element.min_length)
    return `Please write at least ${element.min_length} characters.`;
  return null;
}
