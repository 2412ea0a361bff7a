// The form of a destination, in place: a button brings what it stands for without leaving the page, a chosen file is read
// at once, and the mapping shows what each column holds. Without this, the same buttons lead through whole pages.

import { sendForm } from "./asking.js";
import { preparePieces } from "./pieces.js";

const PATIENCE_MS = 30 * 60 * 1000; // a large file over a slow line
const LARGEST = 200 * 1024 * 1024;
const NO_ANSWER = "Consentry doesn't answer. Check that it runs and that you are online, then try again.";

export function prepareDestination(root) {
  const form = root.querySelector("form[data-does]");
  if (!form) return;
  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button || button.form !== form || button.matches("[data-goes]") || form.dataset.plain) return;
    event.preventDefault();
    if (form.ariaBusy !== "true") bring(form, button);
  });
  form.addEventListener("change", (event) => {
    const field = event.target;
    if (field.matches("[data-file]")) readFile(form, field);
    if (field.matches("[data-maps]")) showExample(form, field);
    if (field.matches("[data-endpoint]")) chooseEndpoint(form, field);
  });
}

async function bring(form, button) {
  const said = button.closest("section").querySelector("[data-said-here]");
  const words = button.dataset.saying ?? "";
  const data = new FormData(form, button);
  const file = form.querySelector("[data-file]")?.files[0];
  if (form.querySelector("[name=origin]:checked")?.value !== "upload") data.delete("file");
  form.ariaBusy = "true";
  said.textContent = words;
  const sent = (part) => { if (file && part < 1) said.textContent = `Uploading ${file.name}, ${Math.floor(part * 100)} %.`; else said.textContent = words; };
  try {
    const piece = await sendForm(button.formAction.split("#")[0], data, { patience: PATIENCE_MS, sent });
    if (piece === null) return goPlainly(form, button);
    put(form, piece, button.value, new URL(button.formAction).hash.slice(1));
  } catch {
    said.textContent = NO_ANSWER;
  } finally {
    form.ariaBusy = "false";
  }
}

// The answer is a page of its own, such as the way to sign in: let the browser have it.
function goPlainly(form, button) {
  form.dataset.plain = "yes";
  form.requestSubmit(button);
}

function put(form, piece, deed, place) {
  const inside = form.querySelector("[data-inside]");
  inside.innerHTML = piece;
  preparePieces(inside);
  const wrong = inside.querySelector("[data-summary]:not([hidden])");
  const shown = wrong ?? document.getElementById(place);
  const words = inside.querySelector("[data-said]").dataset.said;
  const said = inside.querySelector(`[value="${deed}"][name=do]`)?.closest("section").querySelector("[data-said-here]");
  if (said && !wrong) {
    said.textContent = "";
    setTimeout(() => { said.textContent = words; }); // after the place stands there, so that it is spoken
  }
  shown?.focus({ preventScroll: true });
  shown?.scrollIntoView({ block: wrong ? "center" : "nearest" });
}

function readFile(form, field) {
  const file = field.files[0];
  if (!file) return;
  const wrong = document.getElementById(`${field.id}-wrong`);
  wrong.hidden = file.size <= LARGEST;
  if (file.size > LARGEST) {
    wrong.querySelector("span").textContent = `${file.name} is larger than 200 MB. Split it, or name its path on the machine.`;
    field.value = "";
    return;
  }
  form.querySelector("#read-rows")?.click();
}

function showExample(form, field) {
  const row = [...form.querySelectorAll("[data-column]")].find((each) => each.dataset.column === field.value);
  document.getElementById(field.dataset.maps).textContent = row?.dataset.example ?? "";
  if (field.value === "=") document.getElementById(`${field.id}-value`).focus();
}

function chooseEndpoint(form, field) {
  document.getElementById(field.dataset.endpoint).textContent = field.selectedOptions[0].dataset.meaning;
  if (form.querySelector("[data-column]")) form.querySelector("#read-rows").click(); // its fields are other ones
}
