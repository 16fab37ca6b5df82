/** Small questions: a confirmation, and a line of text. */

import { h, freshId } from "./dom.js";

/** Asks; resolves to the dialog's answer: "yes" where agreed, "" otherwise. */
function ask(title, content, { yes, no = "Cancel", danger = false }) {
  const titleId = freshId("question");
  const style = danger ? "button danger" : "button primary";
  const dialog = h(
    "dialog",
    { class: "question", "aria-labelledby": titleId, "data-testid": "question" },
    h(
      "form",
      { method: "dialog" },
      h("h2", { id: titleId }, title),
      h("div", { class: "question-text" }, content),
      h(
        "div",
        { class: "question-buttons" },
        h(
          "button",
          { class: "button", type: "button", "data-testid": "deny", onclick: () => dialog.close("") },
          no,
        ),
        h("button", { class: style, value: "yes", "data-testid": "confirm" }, yes),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) =>
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue);
    }),
  );
}

/** @returns {Promise<boolean>} */
export const confirmed = async (title, content, answers) => (await ask(title, content, answers)) === "yes";

/** @returns {Promise<string|null>} the line that was typed, or null */
export async function askLine(title, label, yes) {
  const input = h("input", {
    class: "input",
    required: true,
    maxlength: "80",
    autocomplete: "off",
    autofocus: true,
  });
  const agreed = await confirmed(title, h("label", { class: "field" }, label, input), { yes });
  return agreed ? input.value.trim() : null;
}
