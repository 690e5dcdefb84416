// The view on the graph: zoom, pan, fit, minimap.

const graph = byId("graph");
const minimap = byId("minimap");
const LIMITS = { minScale: 0.03, maxScale: 5 };
const camera = Panzoom(scene, { canvas: true, cursor: "grab", ...LIMITS,
  handleStartEvent: () => {}, pinchAndPan: true, animate: false, duration: 220 });

function move(scale, x, y, gently = false) {
  const animate = gently && !calm.matches;
  camera.zoom(scale, { animate, silent: true });
  camera.pan(x, y, { animate, force: true });
  leaveOutUnseen();
  showView();
}

function roomOfGraph() {
  return { width: graph.clientWidth || 600, height: graph.clientHeight || 300 };
}

// The part of the view above the buttons and the map, in which nothing hides a box.
function freePart() {
  const { width, height } = roomOfGraph();
  const shown = [document.querySelector(".zoom"), minimap].filter((each) => each.offsetHeight > 0);
  const top = Math.min(height, ...shown.map((each) => each.offsetTop));
  return { width, height: Math.max(height / 2, top - 4) };
}

// The whole graph, no larger than is good to read; then there is no map, only the buttons.
function fit(gently = false) {
  const whole = roomOfGraph();
  const { width, height } = { ...whole, height: whole.height - 44 };
  const [wide, tall] = [drawn.width + 50, drawn.height + 60];
  const scale = Math.max(LIMITS.minScale, Math.min(width / wide, height / tall, 1.5));
  move(scale, (width / scale - drawn.width) / 2, (height / scale - drawn.height) / 2, gently);
}

// A readable part of a graph too large to read as a whole: its beginning.
function fitReadable() {
  fit();
  const { width, height } = freePart();
  if (camera.getScale() >= 0.6) return;
  const scale = 0.75;
  const first = drawn.boxes.filter((box) => box.kind !== "frame")
    .reduce((found, box) => (box.left < found.left ? box : found));
  move(scale, Math.max(20 - first.left, (width / scale - drawn.width) / 2),
    height / scale / 2 - first.top - first.height / 2);
}

function zoomBy(factor) {
  const { width, height } = roomOfGraph();
  const old = camera.getScale();
  const scale = Math.min(LIMITS.maxScale, Math.max(LIMITS.minScale, old * factor));
  const { x, y } = camera.getPan();
  const shift = (length) => length / 2 / scale - length / 2 / old;
  move(scale, x + shift(width), y + shift(height), true);
}

// Move the view so that the first of some nodes can be seen, with the others if there is room.
function bringIntoView(keys, closeUp = false) {
  const wanted = new Set(keys.map((key) => standIn(key, opened)));
  const boxes = drawn.boxes.filter((each) => wanted.has(each.key));
  if (boxes.length === 0) return;
  const first = boxes.find((box) => box.key === standIn(keys[0], opened)) ?? boxes[0];
  const { width, height } = freePart();
  if (width < NARROW && !drawn.boxes.every(inView)) {
    centre(first, closeUp ? Math.max(camera.getScale(), 0.8) : camera.getScale());
    return;
  }
  if (boxes.every(inView) && (!closeUp || camera.getScale() > 0.5)) return;
  const all = around(boxes);
  let scale = closeUp ? Math.max(camera.getScale(), 0.8) : camera.getScale();
  const fitting = Math.min((width - 20) / all.width, (height - 60) / all.height);
  const target = fitting >= Math.min(scale, 0.5) ? all : first;
  if (target === all) scale = Math.min(scale, fitting);
  else if (inView(first) && !closeUp) return;
  move(scale,
    withinGraph(width / scale / 2 - target.left - target.width / 2, width / scale, drawn.width),
    withinGraph(height / scale / 2 - target.top - target.height / 2, height / scale, drawn.height), true);
}

const NARROW = 520; // of a view in which there is room for little more than a box: a phone's

// On a narrow screen the box of each step is in the middle of what can be seen.
function centre(box, scale) {
  const { width, height } = freePart();
  move(scale, width / scale / 2 - box.left - box.width / 2,
    height / scale / 2 - box.top - box.height / 2, true);
}

// A shift that shows no more than a margin of what is beyond the graph.
function withinGraph(shift, seen, whole) {
  const margin = 30;
  if (whole + 2 * margin <= seen) return (seen - whole) / 2;
  return Math.max(seen - whole - margin, Math.min(margin, shift));
}

function inView(box) {
  const { width, height } = freePart();
  const { x, y } = camera.getPan();
  const scale = camera.getScale();
  const [left, top] = [(box.left + x) * scale, (box.top + y) * scale];
  return left > 4 && top > 4 && left + box.width * scale < width - 4 && top + box.height * scale < height - 4;
}

// The smallest box around some boxes.
function around(boxes) {
  const left = Math.min(...boxes.map((box) => box.left));
  const top = Math.min(...boxes.map((box) => box.top));
  const right = Math.max(...boxes.map((box) => box.left + box.width));
  const bottom = Math.max(...boxes.map((box) => box.top + box.height));
  return { left, top, width: right - left, height: bottom - top };
}

// Small numbers cannot be read from afar, and are left out.
const showView = inNextFrame(() => {
  graph.classList.toggle("far", camera.getScale() < 0.42);
  leaveOutUnseen();
  drawMinimap();
});

// Large graphs stay fluid because the browser has only those boxes and arrows that are in view.
function leaveOutUnseen() {
  const seen = seenPart();
  const margin = 60 + 40 / camera.getScale();
  const unseen = (left, top, right, bottom) => right < seen.left - margin || bottom < seen.top - margin ||
    left > seen.left + seen.width + margin || top > seen.top + seen.height + margin;
  for (const { key, left, top, width, height } of drawn.boxes) {
    leaveOut(drawn.elements.get(key), unseen(left, top, left + width, top + height));
  }
  for (const { group, labels, curve } of drawn.arrows) {
    const [across, down] = [0, 1].map((axis) => curve.map((point) => point[axis]));
    const away = unseen(Math.min(...across), Math.min(...down), Math.max(...across), Math.max(...down));
    leaveOut(group, away);
    if (labels !== null) leaveOut(labels, away);
  }
}

function leaveOut(element, away) {
  if ((element.away ?? false) === away) return;
  element.away = away;
  element.classList.toggle("away", away);
}

// The part of the graph that the view shows, in the units of the graph.
function seenPart() {
  const { width, height } = roomOfGraph();
  const scale = camera.getScale();
  const { x, y } = camera.getPan();
  return { left: -x, top: -y, width: width / scale, height: height / scale };
}

function minimapScale() {
  const [width, height] = [minimap.clientWidth, minimap.clientHeight];
  const scale = Math.min((width - 12) / drawn.width, (height - 12) / drawn.height);
  const middle = (room, whole) => (room - whole * scale) / 2;
  return { width, height, scale, x: middle(width, drawn.width), y: middle(height, drawn.height) };
}

function drawMinimap() {
  const seen = seenPart();
  const whole = seen.left <= 1 && seen.top <= 1 &&
    seen.left + seen.width >= drawn.width - 1 && seen.top + seen.height >= drawn.height - 1;
  minimap.classList.toggle("idle", whole);
  if (whole) return;
  const { width, height, scale, x, y } = minimapScale();
  const sharpness = Math.min(2, window.devicePixelRatio || 1);
  minimap.width = width * sharpness;
  minimap.height = height * sharpness;
  const pen = minimap.getContext("2d");
  const style = getComputedStyle(document.documentElement);
  pen.scale(sharpness, sharpness);
  for (const box of drawn.boxes) {
    const frame = box.kind === "frame";
    pen.fillStyle = style.getPropertyValue(frame ? "--frame" : borderName(box.key));
    pen.fillRect(x + box.left * scale, y + box.top * scale,
      Math.max(1.5, box.width * scale), Math.max(1.5, box.height * scale));
  }
  pen.strokeStyle = style.getPropertyValue("--accent");
  pen.lineWidth = 2;
  pen.strokeRect(x + seen.left * scale, y + seen.top * scale, seen.width * scale, seen.height * scale);
}

function borderName(key) {
  const role = nodeOf.get(key)?.role;
  const roles = ["parameter", "data", "penalty", "output", "backward", "tangent"];
  return roles.includes(role) ? `--${role}-line` : "--operation-line";
}

function steerByMinimap(event) {
  if (event.type === "pointermove" && event.buttons === 0) return;
  const box = minimap.getBoundingClientRect();
  const { scale, x, y } = minimapScale();
  const seen = seenPart();
  const atX = (event.clientX - box.left - x) / scale;
  const atY = (event.clientY - box.top - y) / scale;
  move(camera.getScale(), seen.width / 2 - atX, seen.height / 2 - atY);
}

// In a page around this one, the wheel scrolls that page unless the graph has the focus.
function zoomWithWheel(event) {
  const embedded = window.parent !== window;
  const wanted = event.ctrlKey || event.metaKey || graph.contains(document.activeElement);
  if (!embedded || wanted) camera.zoomWithWheel(event, { step: event.ctrlKey ? 0.6 : 0.3 });
}

function watchView() {
  graph.addEventListener("wheel", zoomWithWheel, { passive: false });
  scene.addEventListener("panzoomchange", showView);
  minimap.addEventListener("pointerdown", steerByMinimap);
  minimap.addEventListener("pointermove", steerByMinimap);
}
