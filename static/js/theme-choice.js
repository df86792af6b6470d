/* Switches the theme: light, dark or the device's. Stores it in localStorage and fires epi:theme for the charts. */
export function startTheme() {
  const root = document.documentElement;
  const buttons = [...document.querySelectorAll("[data-theme-choice] [data-theme]")];
  const tell = () => document.dispatchEvent(new CustomEvent("epi:theme"));
  const show = () => {
    const current = root.dataset.bsTheme || "auto";
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.theme === current));
  };
  const keep = (theme) => {
    try {
      if (theme === "auto") localStorage.removeItem("epi-theme");
      else localStorage.setItem("epi-theme", theme);
    } catch {
      /* localStorage is disabled: the choice applies to this page only */
    }
  };
  for (const button of buttons) {
    button.addEventListener("click", () => {
      const { theme } = button.dataset;
      if (theme === "auto") delete root.dataset.bsTheme;
      else root.dataset.bsTheme = theme;
      keep(theme);
      show();
      tell();
    });
  }
  for (const place of document.querySelectorAll("[data-theme-choice]")) place.hidden = false;
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tell);
  show();
}
