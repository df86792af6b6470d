/* A form that was sent waits: its buttons are off until the answer, or until the person comes back to the page. */
export function startSubmit() {
  document.addEventListener("submit", (event) => {
    const { target: form, submitter } = event;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    // After this turn, so that the pressed button's own name and value still go with the form.
    setTimeout(() => {
      for (const button of form.querySelectorAll('button[type="submit"]')) button.disabled = true;
      submitter?.setAttribute("aria-busy", "true");
    });
  });
  window.addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      for (const button of form.querySelectorAll('button[type="submit"]')) {
        button.disabled = false;
        button.removeAttribute("aria-busy");
      }
    }
  });
}
