/* Saves a draft of a form with data-draft-url on the server, 1.5 s after typing stops; nothing in the browser. */
const PAUSE = 1500;

export function startDrafts(root) {
  for (const form of root.querySelectorAll("form[data-draft-url]")) watch(form);
}

function watch(form) {
  let timer;
  let running = null;
  const status = form.querySelector("[data-draft-status]");
  const say = (words) => {
    if (status) status.textContent = words;
  };
  const remember = (name, value) => {
    if (value && form.elements[name]) form.elements[name].value = value;
  };
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(keep, PAUSE);
  };

  async function keep() {
    if (form.dataset.sent) return;
    if (running) return later();
    running = new AbortController();
    try {
      const answer = await fetch(form.dataset.draftUrl, {
        method: "POST",
        body: fieldsOf(form),
        headers: { Accept: "application/json", "X-Requested-With": "fetch" },
        credentials: "same-origin",
        redirect: "error",
        signal: running.signal,
      });
      if (!answer.ok) throw new Error(String(answer.status));
      const { text, saved_at: savedAt, draft_version: version, form_token: token } = await answer.json();
      remember("draft_version", version);
      remember("form_token", token); // this window goes on with a draft of its own
      say(text || [form.dataset.draftKept, savedAt].filter(Boolean).join(" "));
    } catch (error) {
      if (error.name !== "AbortError") say(form.dataset.draftFailed || "");
    } finally {
      running = null;
    }
  }

  form.addEventListener("input", later);
  form.addEventListener("change", later);
  form.addEventListener("submit", () => {
    clearTimeout(timer);
    if (!running) return;
    running.abort(); // a draft that arrives after its form would restore what was just saved
    if (!form.elements.draft_version.value) form.elements.draft_version.value = "pending";
  });
}

function fieldsOf(form) {
  const fields = new FormData(form);
  for (const [name, value] of [...fields]) if (value instanceof File) fields.delete(name);
  return fields;
}
