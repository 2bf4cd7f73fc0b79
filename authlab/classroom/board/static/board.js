// The picture follows what is reported: its fragment is fetched now and then, while somebody looks.
// Without this file, reloading the page does the same.

const live = document.querySelector("#live");

async function refresh() {
  if (document.visibilityState !== "visible") return;
  try {
    const response = await fetch(live.dataset.fragment);
    if (response.status === 401) return location.reload(); // the session is over: the page says what to do
    if (!response.ok) return;
    const html = await response.text();
    // What a person has scrolled to, opened or focused stays so: the rest is our own server's template,
    // where every value is escaped.
    const box = live.querySelector(".scroll");
    const [left, focused] = [box?.scrollLeft, live.contains(document.activeElement)];
    if (focused) return; // not under somebody's keyboard
    const shut = [...live.querySelectorAll("details")].map((one) => one.open);
    live.innerHTML = html;
    live.querySelectorAll("details").forEach((one, number) => (one.open = shut[number] ?? one.open));
    if (left) live.querySelector(".scroll").scrollLeft = left;
  } catch {
    // No answer: the picture stays as it was.
  }
}

if (live) setInterval(refresh, live.dataset.seconds * 1000);
