/* Charts come after the text: their script and style are fetched only where a page has a chart, once it has been read in. */
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
