// A modal that the bot opened: a form with text inputs and menus, as a dialog.

import { byId, el } from "./element.js";

const LABEL = 18;
const TEXT_DISPLAY = 10;
const STRING_SELECT = 3;
const PARAGRAPH = 2;

// `submit(values)` resolves when the bot took it, and throws with a sentence when it did not; the text typed stays then.
export function openModal(modal, submit) {
  const dialog = byId("modal");
  const { form, send, error } = formOf(modal, "modal-", {
    cancel: () => dialog.close(),
    submit: async () => {
      send.disabled = true;
      error.textContent = "";
      try {
        await submit(valuesOf(form));
        dialog.close();
      } catch (refused) {
        error.textContent = refused.message;
      } finally {
        send.disabled = false;
      }
    },
  });
  dialog.replaceChildren(form);
  if (!dialog.open) dialog.showModal();
  form.querySelector("[name]")?.focus();
}

// The form itself. Ids begin with `prefix`, so that several can stand on one page.
export function formOf(modal, prefix, { submit, cancel }) {
  const error = el("p", { class: "failure", role: "alert" });
  const send = el("button", { type: "submit", class: "button primary", id: `${prefix}submit` }, "Submit");
  const away = el(
    "button",
    { type: "button", class: "button secondary", id: `${prefix}cancel`, on: { click: cancel } },
    "Cancel",
  );
  const form = el(
    "form",
    { method: "dialog", "aria-labelledby": `${prefix}title` },
    el("h2", { id: `${prefix}title` }, modal.title),
    inputsOf(modal).map((input) => drawInput(input, prefix)),
    error,
    el("div", { class: "modal-foot" }, away, send),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  return { form, send, error };
}

// What was typed and chosen, by custom id: a text, or a list where several can be chosen.
function valuesOf(form) {
  const values = {};
  for (const input of form.querySelectorAll("[name]")) {
    values[input.name] = input.multiple ? [...input.selectedOptions].map((option) => option.value) : input.value;
  }
  return values;
}

// Inputs in rows (the old shape) or in labels (the new one) alike: {label, description, component} or {text}.
function inputsOf(modal) {
  return (modal.components ?? []).flatMap((row) => {
    if (row.type === TEXT_DISPLAY) return [{ text: row.content }];
    if (row.type === LABEL) return [{ label: row.label, description: row.description, component: row.component }];
    return (row.components ?? []).map((component) => ({ label: component.label, component }));
  });
}

function drawInput({ label, description, component, text }, prefix) {
  if (text) return el("p", {}, text);
  const id = `${prefix}${component.custom_id}`;
  const required = component.required !== false;
  const common = {
    id,
    name: component.custom_id,
    required,
    "aria-describedby": description ? `${id}-about` : undefined,
  };
  const input = component.type === STRING_SELECT ? drawMenu(component, common) : drawText(component, common);
  return el(
    "div",
    { class: "modal-field" },
    el("label", { for: id }, label, required && el("span", { class: "required", "aria-hidden": "true" }, " *")),
    description && el("small", { id: `${id}-about` }, description),
    input,
  );
}

function drawMenu(component, common) {
  const several = (component.max_values ?? 1) > 1;
  return el(
    "select",
    { ...common, multiple: several, size: several ? Math.min(component.options.length, 6) : undefined },
    component.options.map((option) => el("option", { value: option.value, selected: option.default }, option.label)),
  );
}

function drawText(component, common) {
  const limits = {
    ...common,
    minlength: component.min_length,
    maxlength: component.max_length ?? 4000,
    placeholder: component.placeholder,
  };
  const input =
    component.style === PARAGRAPH
      ? el("textarea", { ...limits, rows: "4" })
      : el("input", { ...limits, type: "text", autocomplete: "off" });
  input.value = component.value ?? "";
  return input;
}
