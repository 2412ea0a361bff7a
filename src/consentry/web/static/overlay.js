// The overlay: one dialog, filled with what the server draws for it. Adding, editing, consent and deleting share it.

import { getPiece, postForm, Refused } from "./asking.js";
import { Consent } from "./consent.js";
import { preparePieces } from "./pieces.js";
import { showTile } from "./tiles.js";

const dialog = document.querySelector("dialog[data-overlay]");
let consent = null;
let changed = null; // the credential that was saved or authorized while the overlay was open

dialog?.addEventListener("close", () => {
  consent?.stop();
  consent = null;
  dialog.replaceChildren(); // what was typed doesn't stay behind
  if (changed) showTile(changed);
  changed = null;
});

dialog?.addEventListener("click", (event) => {
  if (event.target.closest("[data-close]")) dialog.close();
});

export async function openOverlay(address, { isSmall = false } = {}) {
  let piece = null;
  try {
    piece = dialog && await getPiece(address);
  } catch {
    piece = null;
  }
  if (!piece) return location.assign(address); // the same as a page of its own, which also knows what to say
  dialog.classList.toggle("small-overlay", isSmall);
  fill(piece);
}

function fill(piece) {
  dialog.innerHTML = piece;
  if (!dialog.open) dialog.showModal();
  preparePieces(dialog);
  const form = dialog.querySelector("form");
  if (form.matches("[data-credential-form]")) prepareCredentialForm(form);
  if (form.matches("[data-consent]")) prepareConsent(form);
  const first = dialog.querySelector("[autofocus], [data-authorize]") ?? form.querySelector(".field input:not([readonly])");
  first?.focus();
  first?.select?.();
}

function prepareCredentialForm(form) {
  const save = form.querySelector("[data-save]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (save.ariaBusy === "true") return;
    save.ariaBusy = "true";
    save.textContent = "Saving";
    try {
      const saved = await postForm(form.action, new FormData(form));
      changed = { id: saved.id, onward: saved.return_to };
      const piece = saved.consent && await getPiece(saved.consent);
      if (piece) fill(piece);
      else if (saved.consent) location.assign(saved.consent);
      else dialog.close();
    } catch (error) {
      showErrors(form, error);
    } finally {
      save.ariaBusy = "false";
      save.textContent = "Save";
    }
  });
}

function showErrors(form, error) {
  const isRefused = error instanceof Refused;
  const faults = isRefused ? error.errors : [];
  for (const place of form.querySelectorAll("[data-field]")) {
    const fault = faults.find((one) => one.field === place.dataset.field);
    const input = place.querySelector(".input");
    const wrong = place.querySelector("[data-wrong]");
    if (!wrong) continue;
    wrong.hidden = !fault;
    wrong.querySelector("span").textContent = fault?.message ?? "";
    const described = (input.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && id !== wrong.id);
    if (fault) described.unshift(wrong.id);
    input.toggleAttribute("aria-invalid", false);
    if (fault) input.setAttribute("aria-invalid", "true");
    if (described.length) input.setAttribute("aria-describedby", described.join(" "));
  }
  const summary = form.querySelector("[data-summary]");
  const message = summary.querySelector("[data-summary-message]");
  message.replaceChildren(strong(summaryWords(error, faults)), ` ${faults.length ? "" : error.hint ?? ""}`);
  summary.querySelector("[data-summary-list]").replaceChildren(...faults.map((fault) => linkTo(form, fault)));
  summary.hidden = false;
  summary.focus();
}

function summaryWords(error, faults) {
  if (faults.length) return "Some fields need another look.";
  if (error instanceof Refused) return error.message || "That could not be saved.";
  return "Consentry doesn't answer. Check that it runs and that you are online, then save again.";
}

function linkTo(form, fault) {
  const input = form.querySelector(`[data-field="${CSS.escape(fault.field)}"] .input`);
  const item = document.createElement("li");
  if (!input) {
    item.textContent = fault.message;
    return item;
  }
  const link = document.createElement("a");
  link.href = `#${input.id}`;
  link.textContent = fault.message;
  link.addEventListener("click", (event) => { event.preventDefault(); input.focus(); });
  item.append(link);
  return item;
}

function strong(words) {
  const element = document.createElement("strong");
  element.textContent = words;
  return element;
}

function prepareConsent(form) {
  const id = Number(form.dataset.consent);
  consent?.stop();
  consent = new Consent(form, () => {
    changed = { id, onward: form.dataset.done, isDone: true };
    dialog.close();
  });
}
