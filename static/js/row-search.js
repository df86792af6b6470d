/* Searches the rows that a field accepts while somebody types, and adds those that match to its list or checkboxes.
   Without this script, the button sends the form, which is shown again with the rows added. */
const PAUSE = 300;

export function startRowSearch(root) {
  for (const part of root.querySelectorAll("[data-row-search]")) start(part, part.dataset.rowSearch);
}

function start(part, name) {
  const input = part.querySelector("input");
  const button = part.querySelector("button");
  const status = part.querySelector("[role=status]");
  const field = part.closest(".epi-field");
  let timer;
  let asked = "";
  button.type = "button"; // Enter in another field saves the form

  const search = async () => {
    clearTimeout(timer);
    const text = (asked = input.value.trim());
    const url = new URL(window.location.href);
    url.search = new URLSearchParams({ find: name, [`find-${name}`]: text });
    try {
      const response = await fetch(url, { headers: { Accept: "application/json" } });
      if (!response.ok) throw new Error(response.statusText);
      const found = await response.json();
      if (text !== asked) return; // somebody typed on
      show(field, name, found.rows);
      status.textContent = found.text;
    } catch {
      status.textContent = part.dataset.failed;
    }
  };
  input.addEventListener("input", (event) => {
    event.stopPropagation(); // not part of the form: must not save a draft
    clearTimeout(timer);
    if (input.value.trim() !== asked) timer = setTimeout(search, PAUSE);
  });
  input.addEventListener("change", (event) => event.stopPropagation());
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    search();
  });
  button.addEventListener("click", search);
}

function show(field, name, rows) {
  const select = field.querySelector("select");
  const list = select ?? field.querySelector(".epi-choices");
  for (const old of list.querySelectorAll("[data-found]")) if (!isChosen(old)) old.remove();
  const offered = new Map([...list.querySelectorAll("option, input")].map((choice) => [choice.value, choice]));
  const fresh = rows.filter((row) => !offered.has(row.value));
  if (select) select.querySelector("option[value='']").after(...options(fresh));
  else list.prepend(...fresh.map((row) => checkbox(row, name)));
  mark(list, rows.map((row) => row.value));
}

/* Returns the options, those with a group below its name. A group is removed as a whole. */
function options(rows) {
  const parts = new Map();
  for (const row of rows) {
    const made = option(row);
    if (!row.group) {
      made.dataset.found = "";
      parts.set(made, made);
      continue;
    }
    const group = parts.get(row.group) ?? document.createElement("optgroup");
    group.label = row.group;
    group.dataset.found = "";
    group.append(made);
    parts.set(row.group, group);
  }
  return parts.values();
}

const isChosen = (row) => row.selected || row.querySelector?.(":checked");

const option = ({ value, label }) => new Option(label, value);

function checkbox({ value, label }, name) {
  const row = document.createElement("div");
  const input = document.createElement("input");
  const text = document.createElement("label");
  row.className = "form-check";
  row.dataset.found = "";
  Object.assign(input, { type: "checkbox", className: "form-check-input", name, value, id: `id_${name}_found_${value}` });
  Object.assign(text, { className: "form-check-label", htmlFor: input.id, textContent: label });
  row.append(input, text);
  return row;
}

/* Moves the checkboxes that match to the top, where they are seen. */
function mark(list, values) {
  if (list.tagName === "SELECT") return;
  const rows = [...list.querySelectorAll(".form-check")];
  const matching = rows.filter((row) => values.includes(row.querySelector("input").value));
  list.prepend(...matching);
}
