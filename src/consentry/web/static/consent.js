// One attempt after another to get consent: a pop-up that goes to the provider, and words for every way it can end.
// The words themselves stand in the page, drawn by the server; this only chooses among them.

import { getWords, postForm, Refused, under, Unreachable } from "./asking.js";

const PATIENCE_MS = 5 * 60 * 1000;
const POLL_MS = 1000;
const SILENT_POLLS = 5; // so many unanswered questions before it is said that nobody answers
const CLOSED_POLLS = 2; // so many answers after the window was closed, because its last news may still be on the way
const CHANNEL = "consentry-consent";

export class Consent {
  constructor(form, onDone) {
    this.form = form;
    this.onDone = onDone;
    this.id = form.dataset.consent;
    this.happening = form.querySelector("[data-happening]");
    this.popup = null;
    this.attempt = 0;
    this.hear = (event) => {
      if (event.origin === location.origin) this.heard(event.data, (words) => event.source?.postMessage(words, event.origin));
    };
    this.channel = new BroadcastChannel(CHANNEL);
    this.channel.addEventListener("message", (event) => this.heard(event.data, (words) => this.channel.postMessage(words)));
    window.addEventListener("message", this.hear);
    form.addEventListener("submit", (event) => { event.preventDefault(); this.start(); });
    form.addEventListener("click", (event) => this.do(event.target.closest("[data-does]")?.dataset.does));
  }

  stop() {
    this.end();
    this.popup?.close();
    this.channel.close();
    window.removeEventListener("message", this.hear);
  }

  // Has to run within the click itself, or browsers take the window for an advertisement.
  start() {
    this.end();
    const attempt = ++this.attempt;
    this.popup?.close();
    this.popup = window.open("about:blank", "consentry-consent", windowFeatures());
    if (!this.popup || this.popup.closed) return this.say("blocked");
    this.say("opening");
    describe(this.popup, this.happening.textContent.trim());
    this.lead(attempt);
  }

  async lead(attempt) {
    try {
      const begun = await postForm(this.form.action, {});
      if (attempt !== this.attempt) return;
      this.popup.location.replace(begun.authorize_url);
      this.authorization = begun.authorization;
      this.say("waiting");
      this.watch();
    } catch (error) {
      this.popup?.close();
      this.sayRefusal(error);
    }
  }

  watch() {
    this.silent = 0;
    this.closed = 0;
    this.timer = setInterval(() => this.look(), POLL_MS);
    this.limit = setTimeout(() => { this.end(); this.popup?.close(); this.say("timed_out"); }, PATIENCE_MS);
  }

  end() {
    clearInterval(this.timer);
    clearTimeout(this.limit);
    this.authorization = null;
  }

  // A closed window doesn't end the watch: what was decided in it may still arrive, and counts.
  async look() {
    const asked = this.authorization;
    if (!asked || this.isLooking) return;
    this.isLooking = true;
    try {
      const told = await getWords(under(`/authorizations/${asked}`));
      if (asked === this.authorization) this.take(told);
    } catch (error) {
      if (asked === this.authorization) this.miss(error);
    } finally {
      this.isLooking = false;
    }
  }

  take(told) {
    this.silent = 0;
    if (told.status === "begun") {
      this.closed = this.popup.closed ? this.closed + 1 : 0;
      return this.say(this.closed >= CLOSED_POLLS ? "closed" : "waiting");
    }
    if (told.status === "taken") return this.say("waiting");
    this.end();
    this.popup?.close();
    if (told.status === "connected") return this.succeed();
    if (told.status === "pending_account") return this.say("other_account", `It came from ${told.other_account || "one with no name"}, and ${told.account || "another one"} is in use.`);
    this.say("failed", told.detail, told.hint);
  }

  miss(error) {
    if (error instanceof Refused) {
      this.end();
      return this.sayRefusal(error);
    }
    this.silent += 1;
    if (this.silent >= SILENT_POLLS) this.say("unreachable");
  }

  succeed() {
    this.say("connected");
    this.onDone();
  }

  heard(words, answer) {
    if (!this.authorization || words?.ended !== this.authorization) return;
    answer({ heard: this.authorization });
    this.look();
  }

  async do(what) {
    if (what === "again") this.start();
    if (what === "look") this.popup?.focus();
    if (what === "here") await this.goHere();
    if (what === "accept" || what === "refuse") await this.decide(what === "accept");
  }

  async goHere() {
    try {
      const begun = await postForm(this.form.action, { return_to: this.form.dataset.done });
      location.assign(begun.authorize_url);
    } catch (error) {
      this.sayRefusal(error);
    }
  }

  async decide(accepts) {
    try {
      await postForm(under(`/credentials/${this.id}/confirm-account`), { accept: accepts ? "yes" : "no" });
      this.succeed();
    } catch (error) {
      this.sayRefusal(error);
    }
  }

  sayRefusal(error) {
    if (error instanceof Unreachable) return this.say("unreachable");
    if (error.status === 401) return this.say("signed_out");
    this.say("failed", error.message, error.hint);
  }

  // Saying the same thing again would make screen readers repeat it every second.
  say(name, detail = "", hint = "") {
    const key = [name, detail, hint].join("|");
    if (key === this.said && this.happening.childElementCount) return;
    this.said = key;
    const saying = this.form.querySelector(`template[data-saying="${name}"]`).content.cloneNode(true);
    saying.querySelector(name === "failed" && detail ? "[data-words]" : "[data-detail]").textContent = detail;
    if (hint) saying.querySelector("[data-hint]").textContent = hint;
    this.happening.replaceChildren(saying);
    this.happening.scrollIntoView({ block: "nearest" });
  }
}

function windowFeatures() {
  const width = 560;
  const height = 720;
  const left = Math.max(0, Math.round(window.screenX + (window.outerWidth - width) / 2));
  const top = Math.max(0, Math.round(window.screenY + (window.outerHeight - height) / 2));
  return `popup,width=${width},height=${height},left=${left},top=${top}`;
}

function describe(popup, words) {
  popup.document.title = "Consentry";
  popup.document.body.textContent = words;
}
