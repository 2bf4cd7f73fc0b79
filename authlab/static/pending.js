// While a form is on its way its button waits: a second click would send it twice, and a change of password, for
// one, is over after the first. The server is ready for both all the same; without this file forms work as they do.

function setPending(form, pending) {
  for (const button of form.querySelectorAll("button")) {
    button.dataset.words ??= button.textContent;
    button.disabled = pending;
    button.textContent = pending ? (button.dataset.pending ?? button.dataset.words) : button.dataset.words;
  }
  form.setAttribute("aria-busy", String(pending));
}

document.addEventListener("submit", (event) => setPending(event.target, true));

// The Back button can bring the page back as it was left, with its buttons still pending.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.forms) setPending(form, false);
});
