"use strict";
// A page about one gene: the map of single bases, which zooms and pans, and one tip for all that has values.

const data = JSON.parse(document.getElementById("data").textContent);
const tip = document.getElementById("tip");

function show(text, event) {
  tip.textContent = text;
  tip.style.display = "block";
  const left = Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 4);
  tip.style.left = `${Math.max(left, 4)}px`;
  tip.style.top = `${Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 4)}px`;
}

function hide() {
  tip.style.display = "none";
}

for (const node of document.querySelectorAll("[data-tip]")) {
  node.addEventListener("pointermove", (event) => show(node.dataset.tip, event));
  node.addEventListener("pointerleave", hide);
}

const canvas = document.getElementById("map");
const BASES = "ACGT";
const COLOURS = { A: "#15803d", C: "#1d4ed8", G: "#b45309", T: "#b91c1c", N: "#777" };
const HEIGHT = { importance: 110, row: 16, sites: 34, axis: 22 };
const length = data.bases.length;
const limit = Math.max(...data.changes.flat().map((value) => Math.abs(value ?? 0)), 1e-9);
const peak = Math.max(...data.importance.map(Math.abs), 1e-9);
const view = { first: 0, count: length };

function width() {
  return canvas.clientWidth / view.count;
}

function colour(value) {
  // From blue (lower expression) over white to red.
  if (value === null) return "#eee";
  const share = Math.min(Math.abs(value) / limit, 1) ** 0.7;
  const fade = (channel) => Math.round(255 - share * (255 - channel));
  return value < 0 ? `rgb(${fade(31)},${fade(95)},${fade(153)})` : `rgb(${fade(185)},${fade(28)},${fade(28)})`;
}

function draw() {
  const ratio = devicePixelRatio || 1;
  const tall = HEIGHT.importance + 4 * HEIGHT.row + HEIGHT.sites + HEIGHT.axis;
  canvas.style.height = `${tall}px`;
  canvas.width = Math.round(canvas.clientWidth * ratio);
  canvas.height = Math.round(tall * ratio);
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  const step = width();
  const middle = HEIGHT.importance / 2;
  const start = Math.floor(view.first);
  const end = Math.min(Math.ceil(view.first + view.count), length);
  pen.strokeStyle = "#ccc";
  pen.beginPath();
  pen.moveTo(0, middle);
  pen.lineTo(canvas.clientWidth, middle);
  pen.stroke();
  for (let place = start; place < end; place += 1) {
    const x = (place - view.first) * step;
    const tallness = (data.importance[place] / peak) * (middle - 2);
    const letter = data.bases[place];
    pen.fillStyle = COLOURS[letter];
    if (step > 5 && Math.abs(tallness) > 3) {
      pen.save();
      pen.translate(x + step / 2, middle);
      pen.scale(step / 9, -tallness / 10);
      pen.font = "bold 14px sans-serif";
      pen.textAlign = "center";
      pen.scale(1, -1);
      pen.fillText(letter, 0, 0);
      pen.restore();
    } else {
      pen.fillRect(x, tallness > 0 ? middle - tallness : middle, Math.max(step - 0.2, 0.6), Math.abs(tallness));
    }
    for (let base = 0; base < 4; base += 1) {
      pen.fillStyle = data.bases[place] === BASES[base] ? "#d4d4d4" : colour(data.changes[place][base]);
      pen.fillRect(x, HEIGHT.importance + base * HEIGHT.row, step + 0.5, HEIGHT.row - 1);
    }
  }
  pen.font = "11px sans-serif";
  pen.fillStyle = "#555";
  pen.textAlign = "left";
  pen.fillText(`\u00b1 ${peak.toPrecision(2)} log2`, 2, 10);
  drawSites(pen, step);
  drawAxis(pen, step);
}

function drawSites(pen, step) {
  const top = HEIGHT.importance + 4 * HEIGHT.row + 3;
  pen.font = "11px sans-serif";
  pen.textAlign = "left";
  let used = [-1, -1];
  for (const [name, start, end] of data.sites) {
    const x = (start - view.first) * step;
    pen.fillStyle = "#444";
    pen.fillRect(x, top, Math.max((end - start) * step, 2), 3);
    const row = used.findIndex((last) => x > last);
    if (row < 0) continue;
    pen.fillText(name, x, top + 14 + 12 * row);
    used[row] = x + pen.measureText(name).width + 6;
  }
}

function drawAxis(pen, step) {
  const top = HEIGHT.importance + 4 * HEIGHT.row + HEIGHT.sites;
  const every = [5, 10, 20, 50, 100, 200, 500].find((gap) => gap * step > 55) || 1000;
  pen.fillStyle = "#555";
  pen.textAlign = "center";
  for (let place = 0; place < length; place += 1) {
    const distance = data.distance[place];
    if (distance % every !== 0) continue;
    const x = (place - view.first + 0.5) * step;
    if (x < 14 || x > canvas.clientWidth - 14) continue;
    pen.fillRect(x, top, 1, 4);
    pen.fillText(distance === 0 ? "TSS" : distance, x, top + 16);
  }
}

function zoom(factor, at = 0.5) {
  const centre = view.first + at * view.count;
  view.count = Math.max(20, Math.min(length, view.count * factor));
  view.first = Math.max(0, Math.min(length - view.count, centre - at * view.count));
  draw();
}

function pan(places) {
  view.first = Math.max(0, Math.min(length - view.count, view.first + places));
  draw();
}

function described(event) {
  const box = canvas.getBoundingClientRect();
  const place = Math.floor(view.first + (event.clientX - box.left) / width());
  if (place < 0 || place >= length) return "";
  const row = Math.floor((event.clientY - box.top - HEIGHT.importance) / HEIGHT.row);
  const letter = data.bases[place];
  const where = `${data.distance[place]} bp from the TSS (${data.places[place]})`;
  const named = data.sites.filter(([, start, end]) => start <= place && place < end).map(([name]) => name);
  const site = named.length ? `\nmotif ${named.join(", ")}` : "";
  const value = row >= 0 && row < 4 ? data.changes[place][row] : null;
  if (value !== null && BASES[row] !== letter) {
    return `${where}\n${letter} to ${BASES[row]}: ${value.toFixed(3)} log2${site}`;
  }
  return `${where}\n${letter}, importance ${data.importance[place].toFixed(3)} log2${site}`;
}

let dragged = null;
canvas.addEventListener("pointerdown", (event) => {
  dragged = event.clientX;
  canvas.setPointerCapture(event.pointerId);
});
canvas.addEventListener("pointerup", () => {
  dragged = null;
});
canvas.addEventListener("pointermove", (event) => {
  if (dragged !== null) {
    pan((dragged - event.clientX) / width());
    dragged = event.clientX;
  }
  const text = described(event);
  if (text) show(text, event);
});
canvas.addEventListener("pointerleave", hide);
canvas.addEventListener(
  "wheel",
  (event) => {
    event.preventDefault();
    const box = canvas.getBoundingClientRect();
    zoom(event.deltaY < 0 ? 0.8 : 1.25, (event.clientX - box.left) / box.width);
  },
  { passive: false },
);
document.getElementById("in").addEventListener("click", () => zoom(0.5));
document.getElementById("out").addEventListener("click", () => zoom(2));
document.getElementById("all").addEventListener("click", () => zoom(length));
addEventListener("resize", draw);
draw();
