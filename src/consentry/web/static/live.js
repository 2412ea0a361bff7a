// What changes by itself: the page is asked for again, and each part of it that differs is put in its place. A part that
// holds the focus stays as it is until the focus has gone, unless the thing in focus is there again.

import { getPage, getPiece } from "./asking.js";
import { preparePieces } from "./pieces.js";

export function prepareLive(root) {
  for (const place of root.querySelectorAll("[data-live]")) watch(place);
  for (const place of root.querySelectorAll("[data-loads]")) {
    load(place, place.dataset.loads);
    place.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-look]");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      place.dataset.table = new URL(link.href).searchParams.get("table");
      load(place, link.href, link.id);
    });
  }
}

const turns = new WeakMap(); // by place: how often it was loaded, so that a late answer is let go

// A piece of another page, in place of the link to it; the link stays where that can't be had.
async function load(place, address, focused = "") {
  const turn = (turns.get(place) ?? 0) + 1;
  turns.set(place, turn);
  place.ariaBusy = "true";
  try {
    const piece = await getPiece(address);
    if (piece === null || turns.get(place) !== turn) return;
    place.innerHTML = piece;
    preparePieces(place);
    if (focused) document.getElementById(focused)?.focus();
  } catch {
    if (focused) location.assign(address);
  } finally {
    if (turns.get(place) === turn) place.ariaBusy = "false";
  }
}

const shown = new Map(); // by the id of a part: what was put there last, before it was made comfortable

async function watch(place) {
  let seconds = Number(place.dataset.every);
  while (seconds > 0 && place.isConnected) {
    await new Promise((resolve) => { setTimeout(resolve, seconds * 1000); });
    if (document.hidden) continue;
    try {
      const fresh = (await getPage(place.dataset.live)).getElementById(place.id);
      if (!fresh) return; // signed out, or gone
      for (const part of fresh.querySelectorAll("[data-part]")) put(part);
      for (const part of fresh.querySelectorAll("[data-loads]")) loadAnew(part);
      seconds = Number(fresh.dataset.every);
    } catch {
      seconds = Math.min(seconds * 2, 60);
    }
  }
}

function put(part) {
  const old = document.getElementById(part.id);
  if (!old || shown.get(part.id) === part.innerHTML) return;
  const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
  if (old.contains(document.activeElement) && !(focused && part.querySelector(`#${CSS.escape(focused)}`))) return;
  shown.set(part.id, part.innerHTML);
  old.innerHTML = part.innerHTML; // not replaced: a live region has to stay the same one to be spoken
  preparePieces(old);
  if (focused) document.getElementById(focused)?.focus();
}

function loadAnew(part) {
  const old = document.getElementById(part.id);
  if (!old || old.dataset.loads === part.dataset.loads) return;
  old.dataset.loads = part.dataset.loads;
  const address = new URL(part.dataset.loads, location.href);
  if (old.dataset.table) address.searchParams.set("table", old.dataset.table);
  load(old, address.href);
}
