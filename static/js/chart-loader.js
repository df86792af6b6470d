/* Loads the script and style of charts only on pages with a chart, after the load event. */
const own = document.querySelector("script[data-charts]");
let loading = false;

export function startCharts(root) {
  if (!root.querySelector("[data-chart]:not(.js-plotly-plot)")) return;
  if (window.epiCharts) {
    window.epiCharts.draw(root);
  } else if (!loading) {
    loading = true;
    if (document.readyState === "complete") load();
    else window.addEventListener("load", load, { once: true });
  }
}

function load() {
  // With this id and class, Plotly adds no inline style, which the Content Security Policy would refuse.
  const style = Object.assign(document.createElement("link"), {
    id: "plotly.js-style-global",
    className: "no-inline-styles",
    rel: "stylesheet",
    href: own.dataset.chartsStyle,
  });
  const script = Object.assign(document.createElement("script"), { src: own.dataset.charts, async: true });
  document.head.append(style, script);
}
