/* A browser that shows a stored page again, as after Back, asks no server. Checks that the user of the page is still
   signed in, and reloads the page if not. The page is hidden until then. Without a connection it is shown again, since
   it may hold what was typed and not yet sent. */
const { user, sessionUrl } = document.currentScript.dataset;
const page = document.documentElement;

window.addEventListener("pagehide", () => {
  page.hidden = true;
});
window.addEventListener("pageshow", async ({ persisted }) => {
  if (persisted && !(await isSignedIn())) window.location.reload();
  else page.hidden = false;
});

async function isSignedIn() {
  try {
    const answer = await fetch(sessionUrl, { cache: "no-store", credentials: "same-origin" });
    return !answer.ok || String((await answer.json()).user) === user;
  } catch {
    return true;
  }
}
