/* Switches the theme: light, dark or the device's. Stores it in localStorage. */
export function startTheme() {
  const root = document.documentElement;
  const buttons = [...document.querySelectorAll("[data-theme-choice] [data-theme]")];
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
    });
  }
  for (const place of document.querySelectorAll("[data-theme-choice]")) place.hidden = false;
  show();
}
