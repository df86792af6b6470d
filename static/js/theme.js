/* Runs before the first paint: the chosen look, if one was chosen, else the device's. Nothing else is kept in the browser. */
try {
  const chosen = localStorage.getItem("epi-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.bsTheme = chosen;
} catch {
  /* storage is off: the device decides */
}
document.documentElement.classList.add("has-script");
