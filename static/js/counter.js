/* Shows below a long text how many characters are left. Screen readers hear it when typing pauses. */
const PAUSE = 1000;

export function startCounters(root) {
  for (const line of root.querySelectorAll("[data-limit]:not([data-counts])")) watch(line, line.previousElementSibling);
}

function watch(line, area) {
  const spoken = document.createElement("span");
  spoken.className = "visually-hidden";
  spoken.setAttribute("role", "status");
  line.after(spoken);
  line.dataset.counts = "";

  const limit = Number(line.dataset.limit);
  const format = new Intl.NumberFormat(document.documentElement.lang);
  let timer;
  const show = () => {
    const left = limit - [...area.value].length; // characters as the server counts them, not UTF-16 units
    const words = left < 0 ? line.dataset.over : line.dataset.left;
    line.textContent = words.replace("{count}", format.format(Math.abs(left)));
    line.classList.toggle("is-over", left < 0);
  };
  area.addEventListener("input", () => {
    show();
    clearTimeout(timer);
    timer = setTimeout(() => {
      spoken.textContent = line.textContent;
    }, PAUSE);
  });
  show();
}
