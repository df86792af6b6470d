/* Prevents double submission: disables the buttons of a sent form until the response or a return to the page. */
export function startSubmit() {
  document.addEventListener("submit", (event) => {
    const { target: form, submitter } = event;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    // In a later task, so that the name and value of the pressed button are still submitted.
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
