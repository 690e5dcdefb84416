// Search by name, and the graph's own keys and clicks.

const searchField = byId("search");
const results = byId("results");
const RESULTS = 12;
let matches = [];
let chosenMatch = 0;

// Nodes whose names begin with the words come first, then those that hold them anywhere.
function matching(words) {
  const wanted = words.trim().toLowerCase();
  if (wanted === "") return [];
  const rank = (node) => {
    const name = (node.name ?? "").toLowerCase();
    if (name === wanted) return 0;
    if (name.startsWith(wanted)) return 1;
    return name.includes(wanted) ? 2 : 3;
  };
  return data.nodes
    .filter((node) => `${node.name ?? ""} ${node.title}`.toLowerCase().includes(wanted))
    .map((node) => [rank(node), node])
    .sort((a, b) => a[0] - b[0])
    .map(([, node]) => node);
}

function showResults() {
  const all = matching(searchField.value);
  matches = all.slice(0, RESULTS);
  chosenMatch = 0;
  const nothing = searchField.value.trim() !== "" && all.length === 0;
  results.replaceChildren(...matches.map(resultOf));
  if (nothing) results.append(remark("No node has this name."));
  if (all.length > RESULTS) results.append(remark(`and ${all.length - RESULTS} more`));
  results.hidden = results.childElementCount === 0;
  searchField.setAttribute("aria-expanded", String(!results.hidden));
  markMatch();
}

function resultOf(node, place) {
  return html("li", { id: `match-${place}`, role: "option", click: () => choose(place),
    pointerdown: (event) => event.preventDefault() }, shortened(node.title, 80),
  html("small", {}, ` ${node.role} ${shapeText(node.shape)}`));
}

function remark(text) {
  return html("li", { class: "quiet", role: "option", "aria-disabled": "true" }, text);
}

function markMatch() {
  matches.forEach((node, place) => {
    byId(`match-${place}`).setAttribute("aria-selected", String(place === chosenMatch));
  });
  if (matches.length > 0) searchField.setAttribute("aria-activedescendant", `match-${chosenMatch}`);
  else searchField.removeAttribute("aria-activedescendant");
}

function choose(place) {
  const node = matches[place];
  closeSearch();
  if (node !== undefined) {
    select(node.key, true);
    bringIntoView([node.key], true);
    panel.querySelector("h2").focus({ preventScroll: true });
  }
}

function closeSearch() {
  searchField.value = "";
  showResults();
  searchField.blur();
}

function searchKey(event) {
  if (event.key === "Escape") closeSearch();
  else if (event.key === "Enter") choose(chosenMatch);
  else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const count = Math.max(1, matches.length);
    chosenMatch = (chosenMatch + (event.key === "ArrowDown" ? 1 : count - 1)) % count;
    markMatch();
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

function watchSearch() {
  searchField.addEventListener("input", showResults);
  searchField.addEventListener("keydown", searchKey);
  searchField.addEventListener("blur", () => { results.hidden = true; });
  searchField.addEventListener("focus", showResults);
}
