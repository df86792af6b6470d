/* Applies the stored theme, or else the device's, before the first paint. Nothing else is stored in the browser. */
try {
  const chosen = localStorage.getItem("epi-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.bsTheme = chosen;
} catch {
  /* localStorage is disabled: use the device's theme */
}
document.documentElement.classList.add("has-script");
