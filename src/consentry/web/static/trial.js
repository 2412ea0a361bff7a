// Test, in place: of a credential, and of what a new source or destination would read.

import { getPiece, postForm, Refused } from "./asking.js";
import { preparePieces } from "./pieces.js";

const PATIENCE_MS = 5 * 60 * 1000; // many streams may be asked, and each may take its time
const NO_ANSWER = "Consentry doesn't answer. Check that it runs and that you are online, then test again.";

export function prepareTrials(root) {
  for (const form of root.querySelectorAll("[data-tests-credential]")) once(form, () => testCredential(form));
  for (const form of root.querySelectorAll("form[data-test]")) once(form, () => testChoice(form));
}

function once(form, trial) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.ariaBusy === "true") return;
    form.ariaBusy = "true";
    try {
      await trial();
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
    const words = result.status === "success" ? "The test succeeded just now:" : "The test failed just now:";
    said.textContent = [words, result.detail, result.hint].filter(Boolean).join(" ");
  } catch (error) {
    said.textContent = error instanceof Refused ? [error.message, error.hint].join(" ") : NO_ANSWER;
  }
}

async function testChoice(form) {
  const said = form.querySelector("[data-test-said]");
  const place = form.querySelector("[data-samples]");
  said.textContent = `Asking ${form.dataset.provider} for sample rows.`;
  try {
    const piece = await getPiece(form.action, new FormData(form), PATIENCE_MS);
    if (piece === null) return form.submit(); // the answer is a page of its own
    place.innerHTML = piece;
    preparePieces(place);
    said.textContent = place.querySelector("[data-said]")?.dataset.said ?? "";
  } catch {
    said.textContent = NO_ANSWER;
  }
}
