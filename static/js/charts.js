/* Draws every [data-chart] from the JSON beside it. The table below the chart has the numbers for screen readers. */
import Plotly from "plotly.js/lib/core";
import bar from "plotly.js/lib/bar";
import scatterpolar from "plotly.js/lib/scatterpolar";

Plotly.register([bar, scatterpolar]); // core includes scatter

const CONFIG = { displayModeBar: false, doubleClick: false, showTips: false, showAxisDragHandles: false };

/* Plotly's own "responsive" forgets the height of a chart: its rows were cut off and its legend lay on the bars. */
const widths = new WeakMap();
const observer = new ResizeObserver((entries) => {
  for (const { target } of entries) if (widths.get(target) !== target.clientWidth) drawOne(target);
});

export function draw(root = document) {
  for (const place of root.querySelectorAll("[data-chart]")) drawOne(place);
}

function drawOne(place) {
  const figure = figureOf(place);
  if (!figure) return;
  widths.set(place, place.clientWidth);
  if (place.clientWidth) figure.layout.width = place.clientWidth;
  observer.observe(place);
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

/* Returns the figure with what a picture needs on its own: title, demonstration mark, source and date of the data. */
function pictureOf(place) {
  const figure = figureOf(place);
  const box = place.getBoundingClientRect();
  const width = Math.max(box.width, 640);
  const title = document.getElementById(place.dataset.chart.replace(/-figure$/, "-title"))?.textContent ?? "";
  const lines = wrapped(captionOf(place), Math.floor(width / 7));
  const top = 72 + lines.length * 16;
  figure.layout = {
    ...figure.layout,
    paper_bgcolor: resolved("var(--epi-card)"),
    title: {
      text: title, x: 0.02, xanchor: "left", y: 1, yref: "container", yanchor: "top", pad: { t: 20 }, font: { size: 16 },
      subtitle: { text: lines.join("<br>"), font: { size: 12, color: resolved("var(--epi-muted)") } },
    },
    margin: { ...figure.layout.margin, t: top, l: Math.max(figure.layout.margin?.l ?? 0, 16), b: 24 },
    width,
    height: box.height + top,
  };
  return figure;
}

function captionOf(place) {
  const figure = place.closest("figure");
  const parts = figure?.querySelectorAll("figcaption .epi-tag, .epi-chart-source > span") ?? [];
  return [...parts].map((part) => part.textContent.trim().replace(/\s+/g, " ")).join(" · ");
}

function wrapped(text, most) {
  const lines = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < most) lines[lines.length - 1] = `${last} ${word}`;
    else if (word) lines.push(word);
  }
  return lines;
}

async function save(button) {
  const place = document.querySelector(`[data-chart="${button.dataset.save}"]`);
  const { data, layout } = pictureOf(place);
  const { width, height } = layout;
  const filename = place.dataset.chart.replace(/^chart-|-figure$/g, "");
  await Plotly.downloadImage({ data, layout, config: CONFIG }, { format: "png", scale: 2, width, height, filename });
}

/* Prints charts in light colours, with their numbers. */
const root = document.documentElement;
let chosenTheme;
let closed = [];

window.addEventListener("beforeprint", () => {
  chosenTheme = root.dataset.bsTheme;
  root.dataset.bsTheme = "light";
  draw();
  closed = [...document.querySelectorAll(".epi-chart-numbers:not([open])")];
  for (const numbers of closed) numbers.open = true;
});
window.addEventListener("afterprint", () => {
  if (chosenTheme) root.dataset.bsTheme = chosenTheme;
  else delete root.dataset.bsTheme;
  draw();
  for (const numbers of closed) numbers.open = false;
});

document.addEventListener("click", ({ target }) => {
  const button = target.closest?.("[data-save]");
  if (button) save(button);
});
document.addEventListener("epi:theme", () => draw());
window.epiCharts = { draw, pictureOf };
draw();
