// Small comforts of single pieces: copy, show a secret, offered scopes, tabs, all or none, time zones, moments in the reader's time.

const COPIED_MS = 2000;

export function preparePieces(root) {
  for (const element of root.querySelectorAll("time[data-when]")) {
    element.title = new Date(element.dateTime).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  }
  for (const button of root.querySelectorAll("[data-copy]")) prepareCopy(button);
  for (const button of root.querySelectorAll("[data-reveal]")) prepareReveal(button);
  for (const list of root.querySelectorAll("[data-scopes]")) prepareScopes(list);
  for (const list of root.querySelectorAll("[role=tablist]")) prepareTabs(list);
  for (const button of root.querySelectorAll("[data-check-all], [data-check-none]")) prepareAllOrNone(button);
  for (const place of root.querySelectorAll("[data-zone]")) prepareZone(document.getElementById(place.dataset.zone));
}

function prepareCopy(button) {
  const words = button.querySelector("[data-word]");
  const before = words.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    words.textContent = (await copied(field)) ? "Copied" : "Press Ctrl+C";
    words.setAttribute("role", "status");
    setTimeout(() => { words.textContent = before; }, COPIED_MS);
  });
}

async function copied(field) {
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    field.focus();
    field.select();
    return document.execCommand("copy");
  }
}

function prepareReveal(button) {
  const field = document.getElementById(button.dataset.reveal);
  button.hidden = false;
  button.addEventListener("click", () => {
    const shows = field.type === "password";
    field.type = shows ? "text" : "password";
    button.setAttribute("aria-pressed", String(shows));
    button.textContent = shows ? "Hide" : "Show";
  });
}

function prepareScopes(list) {
  const field = document.getElementById(list.dataset.scopes);
  const buttons = [...list.querySelectorAll("[data-scope]")].map((item) => asButton(item));
  const chosen = () => field.value.split(/\s+/).filter(Boolean);
  const show = () => {
    for (const button of buttons) button.setAttribute("aria-pressed", String(chosen().includes(button.dataset.scope)));
  };
  for (const button of buttons) {
    button.addEventListener("click", () => {
      const name = button.dataset.scope;
      const names = chosen().includes(name) ? chosen().filter((one) => one !== name) : [...chosen(), name];
      field.value = names.join(" ");
      show();
    });
  }
  field.addEventListener("input", show);
  show();
}

function asButton(item) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = item.className;
  button.dataset.scope = item.dataset.scope;
  button.append(...item.childNodes);
  item.removeAttribute("class");
  delete item.dataset.scope;
  item.append(button);
  return button;
}

function prepareTabs(list) {
  const tabs = [...list.querySelectorAll("[role=tab]")];
  const mode = list.closest("form").querySelector("[data-mode]");
  const choose = (chosen) => {
    for (const tab of tabs) {
      const is = tab === chosen;
      tab.setAttribute("aria-selected", String(is));
      tab.tabIndex = is ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).hidden = !is;
    }
    mode.value = chosen.dataset.mode;
    chosen.focus();
  };
  for (const [place, tab] of tabs.entries()) {
    tab.addEventListener("click", (event) => { event.preventDefault(); choose(tab); });
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (event.key === " ") { event.preventDefault(); choose(tab); }
      if (step) choose(tabs[(place + step + tabs.length) % tabs.length]);
    });
  }
}

function prepareAllOrNone(button) {
  const name = button.dataset.checkAll ?? button.dataset.checkNone;
  const checked = button.dataset.checkAll !== undefined;
  button.hidden = false;
  button.addEventListener("click", () => {
    for (const box of button.closest("form").querySelectorAll(`input[type=checkbox][name="${name}"]`)) box.checked = checked;
  });
}

// Offers the known time zones, and the reader's own where nobody has chosen one yet.
function prepareZone(field) {
  field.setAttribute("list", "zones");
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const known = [...document.querySelectorAll("#zones option")].some((option) => option.value === own);
  if (known && field.value === "UTC" && field.form.querySelector("[name=schedule][value=hand]")?.checked) field.value = own;
}
