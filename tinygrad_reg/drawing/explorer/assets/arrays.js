// Arrays to look at: heat maps with exact numbers, histograms, summaries, tables.

const heatMaps = new Set();
const COLUMNS_WITH_NUMBERS = 8;
const ENTRIES_WITH_NUMBERS = 48;

// A number between 0 and 1 as a colour between two.
function mixed(from, to, share) {
  return from.map((channel, place) => Math.round(channel + (to[place] - channel) * share));
}

// Blue for negative and orange for positive: told apart by every kind of colour vision.
function palette() {
  const dark = document.documentElement.dataset.theme === "dark";
  return dark
    ? { negative: [86, 180, 233], zero: [38, 41, 46], positive: [240, 140, 60], nan: [255, 90, 90] }
    : { negative: [0, 98, 165], zero: [247, 247, 247], positive: [205, 84, 0], nan: [190, 0, 40] };
}

function colourOf(entry, limit) {
  const colours = palette();
  const number = numeric(entry);
  if (Number.isNaN(number)) return colours.nan;
  const share = limit === 0 ? 0 : Math.min(1, Math.abs(number) / limit);
  return mixed(colours.zero, number < 0 ? colours.negative : colours.positive, share);
}

function css(colour) {
  return `rgb(${colour.join(" ")})`;
}

function inkOn(colour) {
  const [red, green, blue] = colour;
  return red * 0.3 + green * 0.59 + blue * 0.11 > 140 ? "#111" : "#fff";
}

// An array as rows and columns; what has more axes as its matrices one below the other.
function matrixOf(array) {
  const source = array.entries === null ? array.blocks : array;
  const { shape } = source;
  const entries = source.entries ?? [];
  let columns = shape.length === 0 ? 1 : shape[shape.length - 1];
  const vector = columns === entries.length || columns === 1;
  if (vector && entries.length > 64) columns = 64;
  const rows = columns === 0 ? 0 : Math.ceil(entries.length / columns);
  return { entries, shape, columns, rows };
}

// Where the cells of a heat map are. Of more than two axes the matrices stand side by side.
function gridOf(array) {
  const { entries, shape, columns, rows } = matrixOf(array);
  if (shape.length < 3 || entries.length === 0) return tiled(entries, columns, rows, 1);
  const height = shape[shape.length - 2];
  const count = rows / height;
  const balanced = Math.ceil(Math.sqrt(2 * count * (height + 1) / (columns + 1)));
  const natural = shape[shape.length - 3];
  const across = natural >= balanced / 2 && natural <= balanced * 2 ? natural : balanced;
  return tiled(entries, columns, height, Math.min(across, count));
}

// Tiles of equal size, so many in a row, with a cell left free between them.
function tiled(entries, width, height, across) {
  const size = Math.max(1, width * height);
  const tiles = Math.ceil(entries.length / size);
  return {
    entries,
    columns: across * (width + 1) - 1,
    rows: Math.ceil(tiles / across) * (height + 1) - 1,
    width,
    cellOf(position) {
      const [tile, inside] = [Math.floor(position / size), position % size];
      return [(tile % across) * (width + 1) + (inside % width),
        Math.floor(tile / across) * (height + 1) + Math.floor(inside / width)];
    },
    positionAt(column, row) {
      const [x, y] = [column % (width + 1), row % (height + 1)];
      const tile = Math.floor(row / (height + 1)) * across + Math.floor(column / (width + 1));
      const position = tile * size + y * width + x;
      const there = x < width && y < height && column < this.columns && position < entries.length;
      return there && column >= 0 && row >= 0 ? position : null;
    },
  };
}

// Where an entry stands in the array, as Python writes it: [0, 3].
function placeOf(array, position) {
  if (array.entries === null) return blockPlace(array, position);
  const place = [];
  for (const length of [...array.shape].reverse()) {
    place.unshift(position % length);
    position = Math.floor(position / length);
  }
  return `[${place.join(", ")}]`;
}

function blockPlace(array, position) {
  const [rows, columns] = array.blocks.shape;
  return `block ${Math.floor(position / columns) + 1} of ${rows}, ` +
    `${(position % columns) + 1} of ${columns}: average`;
}

// Which of the entries stands at a place; null if the array is shown in blocks.
function positionOf(array, place) {
  if (array.entries === null || place.length !== array.shape.length) return null;
  return place.reduce((position, at, axis) => position * array.shape[axis] + at, 0);
}

// The whole of an array: caption, heat map or number, what the pointer is on, histogram, numbers.
// `label` is said by screen readers; `caption` is the same with subscripts, where it has some.
function arrayFigure(array, options) {
  const { label, caption = label, limit = null, kinks = [], className = "", brief = false } = options;
  const figure = html("figure", { class: `array ${className}` });
  const readout = html("output", { class: "readout", "aria-live": "polite" });
  figure.append(html("figcaption", {},
    html("span", {}, caption, html("small", {}, ` ${shapeText(array.shape)}`)), readout));
  if (sizeOf(array) === 0) {
    figure.append(html("p", { class: "quiet" }, "An empty array: nothing to show."));
  } else if (sizeOf(array) === 1 && array.entries !== null) {
    figure.append(scalarLine(array));
  } else {
    figure.append(heatMap(array, label, limit ?? largest(array), kinks, readout));
    if (!brief || !hasNumbers(gridOf(array))) figure.append(scaleOfColours(limit ?? largest(array)));
    if (!brief) furnish(figure, {}, [summaryLine(array), numbersTable(array), histogram(array)]);
  }
  return figure;
}

function scalarLine(array) {
  const entry = array.entries[0];
  return html("p", { class: Number.isFinite(numeric(entry)) ? "scalar" : "scalar alarm" },
    html("data", { value: String(entry) }, exactNumber(entry)));
}

// A canvas with a cell for each entry, and the exact number of the one that is pointed at.
function heatMap(array, label, limit, kinks, readout) {
  const grid = gridOf(array);
  const canvas = html("canvas", { class: "heat", tabindex: "0", role: "img",
    "aria-label": `${label}, ${shapeText(array.shape)}, ${summaryText(array)}. ` +
      "Arrow keys read the entries." });
  const map = { array, grid, canvas, limit, at: null, readout,
    kinks: new Set(kinks.map((kink) => positionOf(array, kink.entry))) }; // null is no position
  canvas.addEventListener("pointermove", (event) => readAt(map, event));
  canvas.addEventListener("pointerdown", (event) => readAt(map, event));
  canvas.addEventListener("pointerleave", (event) => {
    // A finger leaves when it is lifted, and what it touched is still to be read.
    if (event.pointerType !== "touch") readEntry(map, null);
  });
  canvas.addEventListener("mousedown", (event) => event.preventDefault());
  canvas.addEventListener("focus", () => readEntry(map, 0));
  canvas.addEventListener("blur", () => readEntry(map, null));
  canvas.addEventListener("keydown", (event) => walkEntries(map, event));
  heatMaps.add(map);
  requestAnimationFrame(() => paint(map));
  return html("div", { class: "heat-frame" }, canvas);
}

function scaleOfColours(limit) {
  if (limit === 0) return html("p", { class: "scale" }, "every entry is 0");
  const most = shortNumber(limit, 3);
  return html("p", { class: "scale" }, `colours: −${most} `, html("span", { class: "bar" }), ` ${most}`);
}

function hasNumbers(grid) {
  return grid.columns <= COLUMNS_WITH_NUMBERS && grid.entries.length <= ENTRIES_WITH_NUMBERS;
}

// The size of a cell, so that the map fits the panel and small arrays have room for numbers.
function cellSize(grid, width) {
  if (hasNumbers(grid) && width / grid.columns >= 36) {
    return { width: Math.min(64, Math.floor(width / grid.columns)), height: 28, numbers: true };
  }
  const across = Math.max(3, Math.min(22, Math.floor(width / grid.columns)));
  const wanted = Math.max(across, Math.min(22, Math.floor(48 / grid.rows)));
  const down = Math.max(3, Math.min(wanted, Math.floor(220 / grid.rows)));
  return { width: across, height: down, numbers: false };
}

function paint(map) {
  const { canvas, grid } = map;
  const room = (canvas.parentElement?.clientWidth || 320) - 2;
  const cell = cellSize(grid, room);
  const sharpness = Math.min(2, window.devicePixelRatio || 1);
  const width = grid.columns * cell.width;
  const height = grid.rows * cell.height;
  map.cell = cell;
  canvas.width = width * sharpness;
  canvas.height = height * sharpness;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d");
  pen.scale(sharpness, sharpness);
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  grid.entries.forEach((entry, position) => paintCell(pen, map, position));
}

function paintCell(pen, { grid, cell, limit, kinks, at }, position) {
  const entry = grid.entries[position];
  const [column, row] = grid.cellOf(position);
  const [left, top] = [column * cell.width, row * cell.height];
  const gap = Math.min(cell.width, cell.height) >= 6 ? 1 : 0;
  const colour = colourOf(entry, limit);
  pen.fillStyle = css(colour);
  pen.fillRect(left, top, cell.width - gap, cell.height - gap);
  pen.fillStyle = inkOn(colour);
  if (cell.numbers) paintNumber(pen, entry, left, top, cell);
  else if (Math.min(cell.width, cell.height) >= 9 && numeric(entry) < 0) {
    // A dash tells negative from positive where there is no colour, as in print.
    pen.fillRect(left + cell.width / 2 - 2.5, top + cell.height / 2 - 0.5, 4, 1);
  }
  if (kinks.has(position)) paintKink(pen, left, top, cell);
  if (position === at) {
    pen.strokeStyle = inkOn(colour);
    pen.lineWidth = 2;
    pen.strokeRect(left + 1, top + 1, cell.width - gap - 2, cell.height - gap - 2);
  }
}

function paintNumber(pen, entry, left, top, cell) {
  let text = shortNumber(entry, 4);
  pen.font = "12px system-ui, sans-serif";
  if (pen.measureText(text).width > cell.width - 4) text = shortNumber(entry, 3);
  const wide = pen.measureText(text).width;
  if (wide > cell.width - 4) pen.font = `${Math.floor(12 * (cell.width - 4) / wide)}px system-ui, sans-serif`;
  pen.fillText(text, left + (cell.width - 1) / 2, top + cell.height / 2);
}

// A corner cut off marks an entry where the function has a kink.
function paintKink(pen, left, top, cell) {
  const side = Math.min(9, cell.width / 2);
  pen.beginPath();
  pen.moveTo(left + cell.width - 1 - side, top);
  pen.lineTo(left + cell.width - 1, top);
  pen.lineTo(left + cell.width - 1, top + side);
  pen.fill();
}

function readAt(map, event) {
  const box = map.canvas.getBoundingClientRect();
  const column = Math.floor((event.clientX - box.left) / map.cell.width);
  const row = Math.floor((event.clientY - box.top) / map.cell.height);
  readEntry(map, map.grid.positionAt(column, row));
}

function readEntry(map, position) {
  const before = map.at;
  map.at = position;
  map.readout.textContent = position === null
    ? ""
    : `${placeOf(map.array, position)} = ${exactNumber(map.grid.entries[position])}`;
  if (before !== position) paint(map);
}

function walkEntries(map, event) {
  const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -map.grid.width, ArrowDown: map.grid.width };
  if (!(event.key in moves)) return;
  event.preventDefault();
  event.stopPropagation();
  const next = (map.at ?? 0) + moves[event.key];
  if (next >= 0 && next < map.grid.entries.length) readEntry(map, next);
}

// After another theme or another width of the panel.
function repaintHeatMaps() {
  for (const map of heatMaps) {
    if (map.canvas.isConnected) paint(map);
    else heatMaps.delete(map);
  }
}

function summaryText(array) {
  const said = [`min ${shortNumber(array.min ?? 0)}`, `mean ${shortNumber(array.mean ?? 0)}`,
    `max ${shortNumber(array.max ?? 0)}`, `norm ${shortNumber(array.norm ?? 0)}`];
  if (array.zeros > 0) said.push(`${shortNumber(100 * array.zeros, 3)} % zeros`);
  return said.join(" · ");
}

function summaryLine(array) {
  const line = html("p", { class: "summary" }, summaryText(array));
  if (array.nan > 0) line.append(html("strong", { class: "alarm" }, ` · ${array.nan} NaN`));
  if (array.infinite > 0) line.append(html("strong", { class: "alarm" }, ` · ${array.infinite} infinite`));
  return line;
}

// The exact numbers as a table, made when it is opened.
function numbersTable(array) {
  if (array.entries === null) return null;
  const details = html("details", { class: "numbers" }, html("summary", {}, "exact numbers"));
  details.addEventListener("toggle", () => {
    if (details.childElementCount > 1) return;
    const { columns, entries } = matrixOf(array);
    const body = html("tbody");
    for (let start = 0; start < entries.length; start += columns) {
      body.append(html("tr", {}, html("th", { scope: "row" }, placeOf(array, start)),
        ...entries.slice(start, start + columns).map((entry) => html("td", {}, exactNumber(entry)))));
    }
    details.append(html("div", { class: "scrolling", tabindex: "0", role: "region",
      "aria-label": "exact numbers" }, html("table", {}, body)));
  });
  return details;
}

function histogram(array) {
  if (array.histogram === null) return null;
  const { edges, counts } = array.histogram;
  const [width, height] = [300, 64];
  const most = Math.max(...counts, 1);
  const wide = width / counts.length;
  const bars = counts.map((count, place) => svg("rect", {
    x: place * wide, width: Math.max(0.5, wide - 1), y: height * (1 - count / most),
    height: height * count / most,
  }, svg("title", {}, `${count} from ${shortNumber(edges[place])} to ${shortNumber(edges[place + 1])}`)));
  const ends = [shortNumber(edges[0]), shortNumber(edges[edges.length - 1])];
  return html("div", { class: "histogram" },
    svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", preserveAspectRatio: "none",
      "aria-label": `Histogram from ${ends[0]} to ${ends[1]}; the fullest bar counts ${most}.` }, bars),
    html("div", { class: "ends" }, html("span", {}, ends[0]),
      html("span", {}, `histogram, highest bar ${most}`), html("span", {}, ends[1])));
}
