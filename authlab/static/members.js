// The list of members follows what is typed: a fragment of the page, fetched without the layout around it.
// Without this file the Search button does the same.

const WAIT_MS = 250;

const field = document.querySelector("#q");
const list = document.querySelector("#members");
let timer;
let newest = 0;

field.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(search, WAIT_MS);
});

async function search() {
  const turn = ++newest;
  try {
    const response = await fetch(`/fragments/members?${new URLSearchParams({ q: field.value })}`);
    if (response.status === 401) return location.reload(); // the session is over: the page says what to do
    const html = await response.text();
    // Our own server's template, where every value is escaped; an older answer does not replace a newer one.
    if (response.ok && turn === newest) list.innerHTML = html;
  } catch {
    // No answer: the list stays as it was.
  }
}
