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

function costTable(row) {
  const cells = (costs) => [costs.data_cost, costs.penalty, costs.cost].map((cost) =>
    html("td", {}, html("data", { value: String(cost) }, shortNumber(cost, 5))));
  return html("table", { class: "costs" },
    html("thead", {}, html("tr", {}, html("td"), ["data term", "+ penalty", "= cost"].map((title) =>
      html("th", { scope: "col" }, title)))),
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

// Data term and penalty after the steps, over λ.
function costChart(chosen) {
  const { rows, values, letter } = data.strengths;
  const [width, height, left, bottom] = [340, 130, 40, 22];
  const series = [["data", rows.map((row) => numeric(row.data_cost))],
    ["penalty", rows.map((row) => numeric(row.penalty))]];
  const most = Math.max(...series.flatMap(([, costs]) => costs.filter(Number.isFinite)), 1e-12);
  const x = (place) => left + (width - left - 12) * place / Math.max(1, values.length - 1);
  const y = (cost) => height - bottom - (height - bottom - 12) * (Number.isFinite(cost) ? cost : most) / most;
  const lines = series.flatMap(([name, costs]) => [
    svg("polyline", { class: `line ${name}`,
      points: costs.map((cost, place) => `${x(place)},${y(cost)}`).join(" ") }),
    ...costs.map((cost, place) => dot(name, x(place), y(cost), place === chosen)),
  ]);
  const marks = values.map((value, place) => (place % Math.ceil(values.length / 6) === 0
    ? svg("text", { class: "tick", x: x(place), y: height - 6 }, shortNumber(value, 2)) : null));
  return html("figure", { class: "chart" },
    svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img",
      "aria-label": `Data term and penalty after the steps, over ${letter}` },
    svg("path", { class: "axis", d: `M${left} 8V${height - bottom}H${width - 8}` }),
    svg("text", { class: "tick end", x: left - 5, y: 18 }, shortNumber(most, 2)),
    svg("text", { class: "tick end", x: left - 5, y: height - bottom }, "0"),
    svg("path", { class: "chosen", d: `M${x(chosen)} 8V${height - bottom}` }), lines, marks),
    html("figcaption", {}, html("span", { class: "key data" }, "● data term"), " ",
      html("span", { class: "key penalty" }, "■ penalty"), ` over ${letter}`));
}

// Round for the data term, square for the penalty: told apart without colour.
function dot(name, x, y, chosen) {
  const size = chosen ? 5 : 3;
  return name === "data" ? svg("circle", { class: `dot ${name}`, cx: x, cy: y, r: size })
    : svg("rect", { class: `dot ${name}`, x: x - size, y: y - size, width: 2 * size, height: 2 * size });
}
