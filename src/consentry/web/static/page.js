// Every page loads this. Without it all of them still work; with it the overlay opens in place and things say more.

import { preparePieces } from "./pieces.js";
import { openOverlay } from "./overlay.js";
import { prepareTrials } from "./trial.js";

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-opens]")) return;
  event.preventDefault();
  const address = new URL(form.action);
  address.search = new URLSearchParams(new FormData(form)).toString();
  openOverlay(address.href, { isSmall: form.dataset.opens === "small" });
});

preparePieces(document);
prepareTrials(document);

const root = document.documentElement;
const elsewhere = document.querySelector("[data-elsewhere]");
if (elsewhere && root.dataset.origin !== location.origin) elsewhere.hidden = false;

document.querySelector("[data-summary]:not([hidden])")?.focus();
