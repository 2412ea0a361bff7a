// Loaded before anything can be pressed: what opens the overlay waits for it, instead of leaving for a page of its own
// because the modules were still on their way.

(() => {
  const overlay = new URL("overlay.js", document.currentScript.src).href;
  const drawn = new Promise((resolve) => { document.addEventListener("DOMContentLoaded", resolve, { once: true }); });

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("[data-opens]")) return;
    event.preventDefault();
    const address = new URL(form.action);
    address.search = new URLSearchParams(new FormData(form)).toString();
    try {
      await drawn;
      const { openOverlay } = await import(overlay);
      await openOverlay(address.href, { isSmall: form.dataset.opens === "small" });
    } catch {
      location.assign(address);
    }
  });
})();
