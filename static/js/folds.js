// Closes details[data-fold] on phones, where they would push the list off the screen. Open without JavaScript.
// Until this has run, the style sheet hides their content, so that nothing moves when they are closed.

const NARROW = matchMedia("(max-width: 36rem)");

export function startFolds() {
  const apply = () => {
    for (const fold of document.querySelectorAll("details[data-fold]")) {
      fold.open = !NARROW.matches || fold.querySelector(".invalid-feedback") !== null;
      fold.dataset.fold = "ready";
    }
  };
  apply();
  NARROW.addEventListener("change", apply);
}
