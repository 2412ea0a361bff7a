// After something changed in the overlay: the tiles anew, the one it was about chosen and in focus, and a word of it.

import { getPage } from "./asking.js";

export async function showTile({ id, onward, isDone = false }) {
  const place = document.querySelector("[data-tiles]");
  const fresh = place && await freshTiles(place.dataset.tiles);
  if (!fresh) return location.assign(onward);
  place.replaceWith(fresh);
  const tile = document.getElementById(`credential-${id}`);
  if (!tile) return location.assign(onward);
  if (tile.type === "radio") tile.checked = true;
  tile.focus();
  if (isDone) say(tile);
}

async function freshTiles(address) {
  try {
    return (await getPage(address)).querySelector("[data-tiles]");
  } catch {
    return null;
  }
}

function say(tile) {
  const status = tile.closest(".tile").querySelector(".status");
  const name = tile.closest(".tile").querySelector(".name").textContent.trim();
  const notice = document.createElement("div");
  const words = document.createElement("p");
  notice.className = "notice ok";
  words.textContent = `${name}: ${status.textContent.trim()}`;
  notice.append(status.querySelector("svg").cloneNode(true), words);
  document.querySelector("[data-say]").replaceChildren(notice);
}
