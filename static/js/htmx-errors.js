/* Shows the sentences of an error above the page's content, where htmx would change nothing and say nothing. */
export function startHtmxErrors() {
  document.addEventListener("htmx:responseError", ({ detail: { xhr } }) => {
    if (xhr.getResponseHeader("X-Error-Part")) show(xhr.responseText);
  });
}

function show(html) {
  const main = document.querySelector("main");
  let note = main.querySelector(":scope > .epi-note[data-htmx-error]");
  if (!note) {
    note = document.createElement("div");
    note.className = "epi-note is-bad";
    note.dataset.htmxError = "";
    note.setAttribute("role", "alert");
    main.prepend(note);
  }
  note.innerHTML = html;
}
