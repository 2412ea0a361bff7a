// Test, in place: of a credential, and of what a new source or destination would read.

import { getPiece, postForm, Refused } from "./asking.js";
import { preparePieces } from "./pieces.js";

const PATIENCE_MS = 5 * 60 * 1000; // many streams may be asked, and each may take its time
const NO_ANSWER = "Consentry doesn't answer. Check that it runs and that you are online, then test again.";

export function prepareTrials(root) {
  for (const form of root.querySelectorAll("[data-tests-credential]")) once(form, () => testCredential(form));
  for (const form of root.querySelectorAll("form[data-test]")) once(form, (button) => testChoice(form, button));
}

function once(form, trial) {
  form.addEventListener("submit", async (event) => {
    if (event.submitter?.matches("[data-goes]")) return; // Save, which leads to a page of its own
    event.preventDefault();
    if (form.ariaBusy === "true") return;
    form.ariaBusy = "true";
    try {
      await trial(event.submitter);
    } finally {
      form.ariaBusy = "false";
    }
  });
}

async function testCredential(form) {
  const said = document.querySelector("[data-test-said]");
  said.textContent = `Asking ${form.dataset.provider}.`;
  try {
    const result = await postForm(form.action, {});
    const words = result.status === "success" ? "The last test succeeded just now:" : "The last test failed just now:";
    said.textContent = [words, result.detail, result.hint].filter(Boolean).join(" ");
  } catch (error) {
    said.textContent = error instanceof Refused ? [error.message, error.hint].join(" ") : NO_ANSWER;
  }
}

async function testChoice(form, button) {
  const said = form.querySelector("[data-test-said]");
  const place = form.querySelector("[data-samples]");
  said.textContent = button?.dataset.saying ?? `Asking ${form.dataset.provider} for sample rows.`;
  try {
    const address = button?.hasAttribute("formaction") ? button.formAction : form.action;
    const piece = await getPiece(address, new FormData(form), PATIENCE_MS);
    if (piece === null) { // the answer is a page of its own
      form.action = address;
      return form.submit();
    }
    place.innerHTML = piece;
    preparePieces(place);
    said.textContent = place.querySelector("[data-said]")?.dataset.said ?? "";
  } catch {
    said.textContent = NO_ANSWER;
  }
}
