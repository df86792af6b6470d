/* The summary of errors takes the focus, so that it is the first thing heard; its links focus the fields. */
export function startErrors(root) {
  const summary = root.querySelector("[data-errors]");
  if (!summary) return;
  summary.focus();
  summary.addEventListener("click", (event) => {
    const field = event.target.closest("a[href^='#']") && document.getElementById(event.target.closest("a").hash.slice(1));
    if (!field) return;
    event.preventDefault();
    field.scrollIntoView({ block: "center" });
    field.focus({ preventScroll: true });
  });
}
