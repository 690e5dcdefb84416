// The λ slider: what the engine computed beforehand for each strength of the penalty.

let strengthChosen = data.strengths?.current ?? 0;

function strengthPage() {
  const { letter, values, words } = data.strengths;
  const slider = html("input", { type: "range", id: "strength", min: 0, max: values.length - 1, step: 1,
    "aria-label": `Strength ${letter} of the penalty` });
  slider.value = strengthChosen;
  slider.addEventListener("input", () => showStrength(Number(slider.value)));
  queueMicrotask(() => showStrength(strengthChosen));
  return [heading(`How strong a penalty: ${letter}`), paragraph(words, "sentence"),
    html("div", { class: "strength" }, html("output", { id: "strength-value", for: "strength" }), slider),
    html("div", { id: "strength-chart" }), html("div", { id: "strength-body" })];
}

function showStrength(place) {
  strengthChosen = place;
  const { letter, values, current } = data.strengths;
  const said = `${letter} = ${exactNumber(values[place])}`;
  byId("strength-value").textContent = place === current ? `${said} (as it is)` : said;
  byId("strength").setAttribute("aria-valuetext", said);
  byId("strength-chart").replaceChildren(costChart(place), costTable(data.strengths.rows[place]));
  byId("strength-body").replaceChildren(...strengthArrays(data.strengths.rows[place]));
}

const COSTS = { data_cost: "data term", penalty: "penalty", cost: "cost" };

// Which of the costs are known: where a penalty does not simply add to the cost, not all of them.
function knownCosts() {
  return Object.keys(COSTS).filter((name) =>
    data.strengths.rows.some((row) => row[name] !== null || row.here[name] !== null));
}

function costTable(row) {
  const known = knownCosts();
  const sums = known.length === 3; // only then do the columns add up
  const cells = (costs) => known.map((name) => html("td", {}, costs[name] === null ? "—"
    : html("data", { value: String(costs[name]) }, shortNumber(costs[name], 5))));
  return html("table", { class: "costs" },
    html("thead", {}, html("tr", {}, html("td"), known.map((name, place) =>
      html("th", { scope: "col" }, (sums ? ["", "+ ", "= "][place] : "") + COSTS[name])))),
    html("tbody", {},
      html("tr", {}, html("th", { scope: "row" }, "at these weights"), cells(row.here)),
      html("tr", {}, html("th", { scope: "row" }, `after ${data.strengths.steps} steps`), cells(row))));
}

function strengthArrays(row) {
  return Object.entries(row.nodes).flatMap(([key, found]) => {
    const node = nodeOf.get(key);
    const name = shortened(nameOf(node), 60);
    const weights = arrayAt(found.weights);
    const parts = [["data", found.data_gradient_here], ["penalty", found.penalty_gradient_here],
      ["total", found.gradient_here]].filter(([, array]) => array !== null);
    const limit = Math.max(0, ...parts.map(([, array]) => largest(arrayAt(array))));
    return [html("h3", {}, link(node), ": weights"),
      arrayFigure(weights, { label: `${name} after ${data.strengths.steps} steps`,
        limit: weightLimit(key), brief: sizeOf(weights) <= 48 }),
      html("h3", {}, "gradient at these weights"),
      html("div", { class: "sum" }, parts.map(([lens, array]) =>
        summand(SIGNS[lens], gradientFigure(node, lens, arrayAt(array), { limit, brief: true }), lens)))];
  });
}

// One scale of colours for all strengths, so that weights are seen to shrink.
function weightLimit(key) {
  return Math.max(...data.strengths.rows.map((row) => largest(arrayAt(row.nodes[key].weights))));
}

// Data term and penalty after the steps, over λ; the cost, if it is not made of these two.
function costChart(chosen) {
  const { rows, values, letter } = data.strengths;
  const [width, height, left, bottom] = [340, 130, 40, 22];
  const shown = knownCosts().filter((name, place, all) => name !== "cost" || all.length < 3);
  const series = shown.map((name) => [LOOKS[name],
    rows.map((row) => (row[name] === null ? null : numeric(row[name])))]);
  const most = Math.max(...series.flatMap(([, costs]) => costs.filter(Number.isFinite)), 1e-12);
  const x = (place) => left + (width - left - 12) * place / Math.max(1, values.length - 1);
  const y = (cost) => height - bottom - (height - bottom - 12) * (Number.isFinite(cost) ? cost : most) / most;
  const lines = series.flatMap(([name, costs]) => [
    svg("polyline", { class: `line ${name}`,
      points: costs.map((cost, place) => (cost === null ? "" : `${x(place)},${y(cost)}`)).join(" ") }),
    ...costs.map((cost, place) => (cost === null ? null : dot(name, x(place), y(cost), place === chosen))),
  ]);
  const marks = values.map((value, place) => (place % Math.ceil(values.length / 6) === 0
    ? svg("text", { class: "tick", x: x(place), y: height - 6 }, shortNumber(value, 2)) : null));
  return html("figure", { class: "chart" },
    svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img",
      "aria-label": `${shown.map((name) => COSTS[name]).join(" and ")} after the steps, over ${letter}` },
    svg("path", { class: "axis", d: `M${left} 8V${height - bottom}H${width - 8}` }),
    svg("text", { class: "tick end", x: left - 5, y: 18 }, shortNumber(most, 2)),
    svg("text", { class: "tick end", x: left - 5, y: height - bottom }, "0"),
    svg("path", { class: "chosen", d: `M${x(chosen)} 8V${height - bottom}` }), lines, marks),
    html("figcaption", {}, shown.map((name) => html("span", { class: `key ${LOOKS[name]}` },
      `${name === "penalty" ? "■" : "●"} ${COSTS[name]} `)), `over ${letter}`));
}

const LOOKS = { data_cost: "data", penalty: "penalty", cost: "cost" };

// Round for the data term, square for the penalty: told apart without colour.
function dot(name, x, y, chosen) {
  const size = chosen ? 5 : 3;
  return name !== "penalty" ? svg("circle", { class: `dot ${name}`, cx: x, cy: y, r: size })
    : svg("rect", { class: `dot ${name}`, x: x - size, y: y - size, width: 2 * size, height: 2 * size });
}
