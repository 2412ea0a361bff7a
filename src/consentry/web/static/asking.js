// How scripts ask our own server: with the session's token, for words or for a piece of a page.

export class Refused extends Error {
  constructor(status, words) {
    super(words.message ?? "");
    this.status = status;
    this.hint = words.hint ?? "";
    this.errors = words.errors ?? [];
  }
}

export class Unreachable extends Error {}

const token = () => document.querySelector("meta[name=csrf-token]").content;

async function ask(address, options, patience = 60_000) {
  try {
    return await fetch(address, { credentials: "same-origin", signal: AbortSignal.timeout(patience), ...options });
  } catch {
    throw new Unreachable();
  }
}

async function words(response) {
  let said;
  try {
    said = await response.json();
  } catch {
    if (response.ok || response.status >= 500) throw new Unreachable();
    said = {};
  }
  if (!response.ok) throw new Refused(response.status, said);
  return said;
}

export async function getWords(address) {
  return words(await ask(address, { headers: { Accept: "application/json" } }, 10_000));
}

export async function postForm(address, fields) {
  return words(await ask(address, {
    method: "POST",
    headers: { Accept: "application/json", "X-CSRF-Token": token() },
    body: new URLSearchParams(fields),
  }));
}

// A piece of a page as HTML; null when the server answers with something else, such as the way to sign in.
export async function getPiece(address, fields, patience) {
  const posted = fields && { method: "POST", body: new URLSearchParams(fields) };
  const headers = { Accept: "text/html", "Consentry-Fragment": "1", "X-CSRF-Token": token() };
  const response = await ask(address, { headers, ...posted }, patience);
  const html = await response.text();
  return /^\s*<!doctype/i.test(html) ? null : html;
}

// A form with its file, as a piece of a page; ``sent`` is told how much of it has left. Null as above.
export function sendForm(address, form, { patience, sent }) {
  return new Promise((resolve, reject) => {
    const asking = new XMLHttpRequest(); // fetch can't tell how far an upload is
    asking.open("POST", address);
    for (const [name, value] of [["Accept", "text/html"], ["Consentry-Fragment", "1"], ["X-CSRF-Token", token()]]) asking.setRequestHeader(name, value);
    asking.timeout = patience;
    asking.upload.addEventListener("progress", (event) => { if (event.lengthComputable) sent(event.loaded / event.total); });
    asking.addEventListener("load", () => resolve(/^\s*<!doctype/i.test(asking.responseText) ? null : asking.responseText));
    for (const way of ["error", "timeout", "abort"]) asking.addEventListener(way, () => reject(new Unreachable()));
    asking.send(form);
  });
}

export async function getPage(address) {
  const response = await ask(address, { headers: { Accept: "text/html" } });
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

export function under(path) {
  return document.documentElement.dataset.prefix + path;
}
