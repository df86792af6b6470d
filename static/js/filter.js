/* Adds a filter field above a long list of checkboxes. Hidden checkboxes that are ticked stay in the form. */
const LONG = 8;

export function startFilters(root) {
  for (const box of root.querySelectorAll("[data-filter]")) {
    const rows = [...box.querySelectorAll(".form-check")];
    if (rows.length > LONG && !box.previousElementSibling?.matches(".epi-choices-find")) add(box, rows);
  }
}

function add(box, rows) {
  const find = document.createElement("label");
  const input = document.createElement("input");
  const status = document.createElement("span");
  find.className = "epi-choices-find";
  input.type = "search";
  input.className = "form-control";
  input.autocomplete = "off";
  status.className = "epi-small";
  status.setAttribute("role", "status");
  find.append(box.dataset.filter, input);
  box.before(find, status);

  const tell = () => {
    const wanted = plain(input.value);
    for (const row of rows) row.hidden = !plain(row.textContent).includes(wanted);
    const counts = {
      shown: rows.filter((row) => !row.hidden).length,
      all: rows.length,
      chosen: rows.filter((row) => row.querySelector(":checked")).length,
    };
    status.textContent = box.dataset.filterShown.replace(/\{(\w+)\}/g, (_, name) => counts[name]);
  };
  input.addEventListener("input", (event) => {
    event.stopPropagation(); // not part of the form: must not save a draft
    tell();
  });
  input.addEventListener("change", (event) => event.stopPropagation());
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  box.addEventListener("change", tell);
  tell();
}

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();
