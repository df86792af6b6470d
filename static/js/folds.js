// What is open without JavaScript and on wide screens begins closed on a phone, where it would push the list out of sight.

const NARROW = matchMedia("(max-width: 36rem)");

export function startFolds() {
  const apply = () => {
    for (const fold of document.querySelectorAll("details[data-fold]")) {
      fold.open = !NARROW.matches || fold.querySelector(".invalid-feedback") !== null;
    }
  };
  apply();
  NARROW.addEventListener("change", apply);
}
