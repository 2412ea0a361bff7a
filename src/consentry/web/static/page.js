// Every page loads this. Without it all of them still work; with it the overlay opens in place and things say more.

import { prepareDestination } from "./destination.js";
import { prepareLive } from "./live.js";
import { preparePieces } from "./pieces.js";
import "./overlay.js";
import { prepareTrials } from "./trial.js";

preparePieces(document);
prepareTrials(document);
prepareDestination(document);
prepareLive(document);

const root = document.documentElement;
const elsewhere = document.querySelector("[data-elsewhere]");
if (elsewhere && root.dataset.origin !== location.origin) elsewhere.hidden = false;

document.querySelector("[data-summary]:not([hidden])")?.focus();
