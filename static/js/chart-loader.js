/* Charts come after the text: their script and style are fetched only where a page has a chart, when it comes near. */
const own = document.currentScript ?? document.querySelector("script[data-charts]");
let loading;

export function startCharts(root) {
  const places = root.querySelectorAll("[data-chart]:not(.js-plotly-plot)");
  if (!places.length) return;
  if (window.epiCharts) {
    window.epiCharts.draw(root);
    return;
  }
  const near = new IntersectionObserver((seen) => {
    if (!seen.some(({ isIntersecting }) => isIntersecting)) return;
    near.disconnect();
    load();
  }, { rootMargin: "1200px" });
  for (const place of places) near.observe(place);
  window.addEventListener("beforeprint", load, { once: true });
}

function load() {
  if (loading) return;
  loading = true;
  // Plotly looks for this id and class, and then leaves out the inline style that the policy would refuse.
  const style = Object.assign(document.createElement("link"), {
    id: "plotly.js-style-global",
    className: "no-inline-styles",
    rel: "stylesheet",
    href: own.dataset.chartsStyle,
  });
  const script = Object.assign(document.createElement("script"), { src: own.dataset.charts, async: true });
  document.head.append(style, script);
}
