// Tells a page that was left open when its session is over: you logged out in another tab, or somebody ended it.
// What a script knows protects nothing: the server asks at every request. This only spares a surprise.

const { user } = JSON.parse(document.querySelector("#bootstrap").textContent);

async function stillSignedIn() {
  try {
    const response = await fetch("/api/session");
    const now = await response.json();
    return now.user !== null && now.user.id === user.id;
  } catch {
    return true; // no network is no logout
  }
}

if (user !== null) {
  document.addEventListener("visibilitychange", async () => {
    if (document.visibilityState === "visible" && !(await stillSignedIn())) location.reload();
  });
}

// The Back button may bring back a page of somebody who has logged out since.
window.addEventListener("pageshow", async (event) => {
  if (event.persisted && user !== null && !(await stillSignedIn())) location.reload();
});
