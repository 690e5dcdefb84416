// What starts the page: folding, keys, theme, help.

let pressedAt = [0, 0];
let walker = null; // the key of the box that takes the focus when the graph is tabbed to

// Fold or unfold a group; the place that was clicked stays where it is.
function toggleGroup(key) {
  const before = drawn.boxes.find((box) => box.key === key);
  if (opened.has(key)) opened.delete(key);
  else opened.add(key);
  drawScene();
  markSelected();
  const after = drawn.boxes.find((box) => box.key === key);
  const { x, y } = camera.getPan();
  move(camera.getScale(), x + before.left - after.left, y + before.top - after.top);
  setWalker(key);
  byId("announcement").textContent =
    `${groupOf.get(key).title} ${opened.has(key) ? "unfolded" : "folded"}.`;
}

// A box was clicked or Enter was pressed on it: look into a node, fold or unfold a group.
function activate(key, byKeyboard) {
  if (groupOf.has(key)) {
    toggleGroup(key);
    if (byKeyboard) handleOf(key).focus();
    return;
  }
  select(key);
  setWalker(key);
  if (byKeyboard) panel.querySelector("h2").focus({ preventScroll: true });
}

function graphClick(event) {
  const handle = event.target.closest("[data-key]");
  const moved = Math.hypot(event.clientX - pressedAt[0], event.clientY - pressedAt[1]);
  if (handle !== null && moved < 6) activate(handle.dataset.key, false);
}

// One box of the graph is in the order of tabs; up and down lead to the others.
function setWalker(key) {
  handleOf(walker)?.setAttribute("tabindex", "-1");
  walker = handleOf(key) ? key : drawn.boxes[0]?.key;
  handleOf(walker)?.setAttribute("tabindex", "0");
}

function walk(direction) {
  const keys = drawn.boxes.map((box) => box.key);
  const next = keys[(keys.indexOf(walker) + direction + keys.length) % keys.length];
  setWalker(next);
  handleOf(next).focus({ preventScroll: true });
  bringIntoView([next]);
}

function graphKey(event) {
  const handle = event.target.closest("[data-key]");
  if (handle === null) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") walk(event.key === "ArrowDown" ? 1 : -1);
  else if (event.key === "Enter") activate(handle.dataset.key, true);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function closeTopmost() {
  if (!results.hidden || document.activeElement === searchField) closeSearch();
  else if (state.selected !== null) {
    const back = handleOf(standIn(state.selected, opened));
    select(null);
    back?.focus({ preventScroll: true });
  } else if (state.tab !== "step") chooseTab("step");
}

const KEYS = {
  ArrowRight: () => stepBy(1),
  ArrowLeft: () => stepBy(-1),
  " ": playOrPause,
  Home: () => jumpTo(0),
  End: () => jumpTo(data.steps.length),
  b: () => jumpTo(turn + 1),
  "/": () => searchField.focus(),
  Escape: closeTopmost,
  "+": () => zoomBy(1.25),
  "=": () => zoomBy(1.25),
  "-": () => zoomBy(0.8),
  f: () => fit(true),
  t: () => switchTheme(),
  "?": () => byId("help").showModal(),
};
const OWN_KEYS = { // keys that the element in focus needs itself
  INPUT: ["ArrowLeft", "ArrowRight", "Home", "End"],
  BUTTON: [" "],
  SUMMARY: [" "],
};

function pageKey(event) {
  const target = event.target;
  if (byId("help").open || event.ctrlKey || event.metaKey || event.altKey) return;
  if (target === searchField || OWN_KEYS[target.tagName]?.includes(event.key)) return;
  if (target.classList?.contains("scrolling") && event.key.startsWith("Arrow")) return;
  const action = KEYS[event.key];
  if (action === undefined) return;
  event.preventDefault();
  action();
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  byId("theme").setAttribute("aria-label", theme === "dark" ? "Light theme" : "Dark theme");
  repaintHeatMaps();
  showView();
}

function switchTheme() {
  setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
}

function setLens(lens) {
  state.lens = lens;
  for (const button of document.querySelectorAll("#lens button")) {
    button.setAttribute("aria-pressed", String(button.dataset.lens === lens));
  }
  showLens();
  const scrolled = panel.scrollTop;
  chooseTab(state.tab);
  panel.scrollTop = scrolled;
  byId("announcement").textContent =
    { total: "All of every gradient.", data: "The data term's part of every gradient.",
      penalty: "The penalty's part of every gradient." }[lens];
}

// Paper is white, whatever the screen is.
function watchPrinting() {
  let before = null;
  addEventListener("beforeprint", () => {
    before = document.documentElement.dataset.theme;
    setTheme("light");
    fit();
  });
  addEventListener("afterprint", () => setTheme(before ?? "light"));
}

function begin() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  setTheme(dark.matches ? "dark" : "light");
  dark.addEventListener("change", () => setTheme(dark.matches ? "dark" : "light"));
  byId("lens").hidden = !hasPenalty;
  for (const button of document.querySelectorAll("#lens button")) {
    button.addEventListener("click", () => setLens(button.dataset.lens));
  }
  for (const button of document.querySelectorAll("#tabs button")) {
    button.addEventListener("click", () => chooseTab(button.dataset.tab));
  }
  byId("theme").addEventListener("click", switchTheme);
  byId("help-button").addEventListener("click", () => byId("help").showModal());
  byId("help-close").addEventListener("click", () => byId("help").close());
  byId("zoom-in").addEventListener("click", () => zoomBy(1.25));
  byId("zoom-out").addEventListener("click", () => zoomBy(0.8));
  byId("fit").addEventListener("click", () => fit(true));
  graph.addEventListener("pointerdown", (event) => { pressedAt = [event.clientX, event.clientY]; });
  graph.addEventListener("click", graphClick);
  graph.addEventListener("keydown", graphKey);
  document.addEventListener("keydown", pageKey);
  addEventListener("resize", inNextFrame(() => {
    repaintHeatMaps();
    showView();
    showTakingPart();
  }));
  watchPlayer();
  watchSearch();
  watchView();
  watchPrinting();
  drawScene();
  setWalker(null);
  showPlayer();
  chooseTab("step");
  // The pan and zoom library sets its own start a moment after it is made.
  setTimeout(fitReadable);
}

begin();
