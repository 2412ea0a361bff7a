// The result of a consent. Where a page of ours waits for it, this window tells it and closes; else it leads on.

import { preparePieces } from "./pieces.js";

const result = document.querySelector("[data-result]");
const ended = Number(result.dataset.result);
const own = location.origin;
const channel = new BroadcastChannel("consentry-consent");

const hear = (words) => { if (words?.heard === ended) window.close(); };
channel.addEventListener("message", (event) => hear(event.data));
window.addEventListener("message", (event) => { if (event.origin === own) hear(event.data); });

channel.postMessage({ ended });
window.opener?.postMessage({ ended }, document.documentElement.dataset.origin);

preparePieces(document);
if (result.dataset.status === "connected" && result.dataset.onward) location.replace(result.dataset.onward);
