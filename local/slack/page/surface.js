/** Where blocks stand (a message or a view): keeps what is filled in, and takes clicks to the bot. */

import { PageError, post } from "./api.js";
import { confirmed } from "./dialogs.js";
import { h } from "./dom.js";
import { plain, textObject } from "./mrkdwn.js";

const NO_ANSWER = "corrigible did not answer in time. Please try again.";

export class Surface {
  values = {};

  /**
   * @param {Store} store
   * @param {{channel: string, ts: string}|{view_id: string}} place
   * @param {Object} kept values to go on with, where block and action are still the same
   */
  constructor(store, place, kept = {}) {
    this.store = store;
    this.place = place;
    this.kept = kept;
    this.note = h("p", { class: "note", role: "alert", "data-testid": "note", hidden: true });
  }

  say(text) {
    this.note.textContent = text;
    this.note.hidden = !text;
  }

  record(blockId, actionId, state) {
    (this.values[blockId] ??= {})[actionId] = state;
  }

  /** Posts `block_actions`; `node` looks busy until the bot has acknowledged. */
  async act(action, node) {
    if (node.getAttribute("aria-busy") === "true") return;
    node.setAttribute("aria-busy", "true");
    this.say("");
    try {
      const body = { user: this.store.me, ...this.place, action, state: { values: this.values } };
      const { acknowledged } = await post("action", body);
      if (!acknowledged) this.say(NO_ANSWER);
    } catch (error) {
      this.report(error);
    } finally {
      node.removeAttribute("aria-busy");
    }
  }

  /** Option groups for a type-ahead: always `[{label?, options}]`. */
  async options(blockId, actionId, value) {
    const asked = { user: this.store.me, ...this.place, block_id: blockId, action_id: actionId, value };
    const { options = [], option_groups: groups } = await post("options", asked);
    return groups?.length ? groups : [{ options }];
  }

  report(error) {
    if (!(error instanceof PageError)) throw error;
    this.say(error.message);
  }
}

/** One element's view of its surface. */
export class Scope {
  /** @param {boolean} dispatches whether a change is told to the bot at once */
  constructor(
    surface,
    block,
    element,
    { dispatches = true, labelId = null, controlId = null, noteId = null } = {},
  ) {
    Object.assign(this, { surface, block, element, dispatches, labelId, controlId, noteId });
    this.store = surface.store;
  }

  /** Attributes of the element's main control. */
  hooks(label) {
    return {
      id: this.controlId,
      "data-action-id": this.element.action_id,
      "data-block-id": this.block.block_id,
      "aria-labelledby": this.labelId,
      "aria-label": this.labelId ? null : label,
      "aria-describedby": this.noteId,
    };
  }

  /** What the element starts with: what was filled in before, else `initial`; kept from now on. */
  begin(initial) {
    const { type, action_id: actionId } = this.element;
    const before = this.surface.kept[this.block.block_id]?.[actionId];
    const state = before?.type === type ? before : { type, ...initial };
    this.surface.record(this.block.block_id, actionId, state);
    return state;
  }

  /** Keeps a new value, and tells the bot where this element dispatches. */
  async change(value, node) {
    this.surface.record(this.block.block_id, this.element.action_id, { type: this.element.type, ...value });
    if (this.dispatches && (await this.agreed())) await this.act(value, node);
  }

  act(value, node) {
    const { action_id, type } = this.element;
    return this.surface.act({ action_id, block_id: this.block.block_id, type, ...value }, node);
  }

  /** Shows the element's `confirm` object, if it has one. */
  async agreed() {
    const { confirm } = this.element;
    if (!confirm) return true;
    return confirmed(plain(confirm.title), textObject(confirm.text, this.store), {
      yes: confirm.confirm?.text ?? "Yes",
      no: confirm.deny?.text ?? "Cancel",
      danger: confirm.style === "danger",
    });
  }
}
