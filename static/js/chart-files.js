/* Saves pictures of charts as PNG, which the server gives as SVG, and prints charts with their numbers. */

const SCALE = 2;

export function startChartFiles() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-save-picture]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    savePicture(link.href).catch(() => location.assign(link.href)); // as SVG
  });
  openNumbersInPrint();
}

async function savePicture(url) {
  const response = await fetch(url);
  const name = response.headers.get("content-disposition")?.match(/filename="(.+)\.svg"/)?.[1];
  if (!response.ok || !name) throw new Error(`No picture: ${response.status}`);
  download(await drawn(await response.text()), `${name}.png`);
}

async function drawn(svg) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth * SCALE, image.naturalHeight * SCALE];
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

function download(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function openNumbersInPrint() {
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll(".epi-chart-numbers:not([open])")];
    for (const numbers of closed) numbers.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const numbers of closed) numbers.open = false;
  });
}
