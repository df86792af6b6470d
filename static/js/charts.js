/* Draws every [data-chart] from the JSON beside it. The table below the chart has the numbers for screen readers. */
import Plotly from "plotly.js/lib/core";
import bar from "plotly.js/lib/bar";
import scatterpolar from "plotly.js/lib/scatterpolar";

Plotly.register([bar, scatterpolar]); // core includes scatter

const CONFIG = { displayModeBar: false, responsive: true, doubleClick: false, showTips: false, showAxisDragHandles: false };

export function draw(root = document) {
  for (const place of root.querySelectorAll("[data-chart]")) drawOne(place);
}

function drawOne(place) {
  const figure = figureOf(place);
  if (!figure) return;
  Plotly.react(place, figure.data, figure.layout, CONFIG).then(() => {
    for (const button of document.querySelectorAll(`[data-save="${place.dataset.chart}"]`)) button.hidden = false;
  });
}

function figureOf(place) {
  const source = document.getElementById(place.dataset.chart);
  if (!source) return null;
  const figure = inColour(JSON.parse(source.textContent));
  figure.layout.font = { family: getComputedStyle(document.body).fontFamily, ...figure.layout.font };
  if (window.matchMedia("(max-width: 36rem)").matches) fitPhone(figure.layout);
  return figure;
}

function fitPhone(layout) {
  layout.font.size = 12;
  if (!layout.polar) return;
  layout.font.size = 11;
  layout.margin = { l: 58, r: 58, t: 24, b: 56 };
  layout.height = 340;
}

/* replaces CSS variables such as "var(--epi-late)" by their colours in the current theme */
function inColour(value, known = new Map()) {
  if (Array.isArray(value)) return value.map((part) => inColour(part, known));
  if (value && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, inColour(part, known)]));
  if (typeof value !== "string" || !value.startsWith("var(--")) return value;
  if (!known.has(value)) known.set(value, resolved(value));
  return known.get(value);
}

function resolved(colour) {
  const probe = document.createElement("span");
  probe.style.color = colour;
  document.body.append(probe);
  const seen = getComputedStyle(probe).color;
  probe.remove();
  return seen;
}

async function save(button) {
  const place = document.querySelector(`[data-chart="${button.dataset.save}"]`);
  const figure = figureOf(place);
  const title = document.getElementById(place.dataset.chart.replace(/-figure$/, "-title"))?.textContent ?? "";
  const { width, height } = place.getBoundingClientRect();
  const layout = {
    ...figure.layout,
    paper_bgcolor: resolved("var(--epi-card)"),
    title: { text: title, x: 0.02, xanchor: "left", y: 1, yref: "container", yanchor: "top", pad: { t: 20 }, font: { size: 16 } },
    margin: { ...figure.layout.margin, t: 72, l: Math.max(figure.layout.margin?.l ?? 0, 16), b: 24 },
  };
  await Plotly.downloadImage(
    { data: figure.data, layout, config: CONFIG },
    { format: "png", scale: 2, width: Math.max(width, 640), height: height + 72, filename: place.dataset.chart.replace(/-figure$/, "") },
  );
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest?.("[data-save]");
  if (button) save(button);
});
document.addEventListener("epi:theme", () => draw());
window.epiCharts = { draw };
draw();
