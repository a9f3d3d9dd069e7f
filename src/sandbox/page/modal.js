// A modal that the bot opened: a form with text inputs, as a dialog.

import { byId, el } from "./element.js";

const LABEL = 18;
const TEXT_DISPLAY = 10;
const STRING_SELECT = 3;
const PARAGRAPH = 2;

// `submit(values)` resolves when the bot took it, and throws with a sentence when it did not; the text typed stays then.
export function openModal(modal, submit) {
  const dialog = byId("modal");
  const error = el("p", { class: "failure", role: "alert" });
  const send = el("button", { type: "submit", class: "button primary", id: "modal-submit" }, "Submit");
  const cancel = el(
    "button",
    { type: "button", class: "button secondary", id: "modal-cancel", on: { click: () => dialog.close() } },
    "Cancel",
  );
  const form = el(
    "form",
    { method: "dialog" },
    el("h2", { id: "modal-title" }, modal.title),
    inputsOf(modal).map(drawInput),
    error,
    el("div", { class: "modal-foot" }, cancel, send),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const values = {};
    for (const input of form.querySelectorAll("[name]")) values[input.name] = input.value;
    send.disabled = true;
    error.textContent = "";
    try {
      await submit(values);
      dialog.close();
    } catch (refused) {
      error.textContent = refused.message;
    } finally {
      send.disabled = false;
    }
  });
  dialog.replaceChildren(form);
  if (!dialog.open) dialog.showModal();
  form.querySelector("[name]")?.focus();
}

// Inputs in rows (the old shape) or in labels (the new one) alike: {label, description, component} or {text}.
function inputsOf(modal) {
  return (modal.components ?? []).flatMap((row) => {
    if (row.type === TEXT_DISPLAY) return [{ text: row.content }];
    if (row.type === LABEL) return [{ label: row.label, description: row.description, component: row.component }];
    return (row.components ?? []).map((component) => ({ label: component.label, component }));
  });
}

function drawInput({ label, description, component, text }) {
  if (text) return el("p", {}, text);
  const id = `modal-${component.custom_id}`;
  const required = component.required !== false;
  const common = {
    id,
    name: component.custom_id,
    required,
    "aria-describedby": description ? `${id}-about` : undefined,
  };
  let input;
  if (component.type === STRING_SELECT) {
    input = el(
      "select",
      common,
      component.options.map((option) => el("option", { value: option.value, selected: option.default }, option.label)),
    );
  } else {
    const limits = {
      ...common,
      minlength: component.min_length,
      maxlength: component.max_length ?? 4000,
      placeholder: component.placeholder,
    };
    input =
      component.style === PARAGRAPH
        ? el("textarea", { ...limits, rows: "4" })
        : el("input", { ...limits, type: "text", autocomplete: "off" });
    input.value = component.value ?? "";
  }
  return el(
    "div",
    { class: "modal-field" },
    el("label", { for: id }, label, required && el("span", { class: "required", "aria-hidden": "true" }, " *")),
    description && el("small", { id: `${id}-about` }, description),
    input,
  );
}
