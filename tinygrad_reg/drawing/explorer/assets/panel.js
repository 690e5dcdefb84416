// The panel beside the graph: the step that is shown, or the node that was chosen.

const panel = byId("panel");

// Show one of the panel's pages, drawn anew.
function chooseTab(tab) {
  state.tab = tab;
  for (const button of document.querySelectorAll("#tabs button")) {
    button.setAttribute("aria-pressed", String(button.dataset.tab === tab));
  }
  byId("tab-node").hidden = state.selected === null;
  byId("tab-strength").hidden = data.strengths === null;
  byId("tab-strength").textContent = `Strength ${data.strengths?.letter}`;
  const pages = { step: stepPage, node: nodePage, strength: strengthPage };
  panel.replaceChildren(...[pages[tab]()].flat().filter((each) => each !== null));
  panel.dataset.tab = tab;
  panel.scrollTop = 0;
}

// The caption of a gradient, with its part as a subscript.
function gradientCaption(node, lens) {
  const [before, after] = gradientWords(node, lens);
  return lens === "total" ? [before] : [before, html("sub", {}, lens), after.slice(lens.length)];
}

// The figure of a gradient that a node gets, or of a part of it.
function gradientFigure(node, lens, array, more = {}, words = "") {
  return arrayFigure(array, { label: gradientName(node, lens) + words, className: "gradient",
    caption: [...gradientCaption(node, lens), words], ...more });
}

// A name that leads to its node.
function link(node, text = nameOf(node)) {
  return html("button", { class: `link role-${node.role}`, type: "button",
    click: () => select(node.key, true) }, shortened(text, 60));
}

function heading(text, ...more) {
  return html("h2", { tabindex: "-1" }, text, ...more);
}

function paragraph(text, className = null) {
  return html("p", { class: className }, text);
}

function stepPage() {
  const step = currentStep();
  if (step === null) return welcome();
  const node = nodeOf.get(step.node);
  const page = [html("p", { class: `phase ${step.kind}` }, placeText()),
    heading(stepTitle(step)), paragraph(stepSentence(step), "sentence")];
  const bodies = { forward: forwardBody, seed: arrivedBody, sum: sumBody,
    backward: backwardBody, leaf: arrivedBody };
  return [...page, whereabouts(node), ...bodies[step.kind](step, node).flat()];
}

// What happens inside of a folded group is seen when the group is unfolded.
function whereabouts(node) {
  const group = groupOf.get(standIn(node.key, opened));
  if (group === undefined) return null;
  return html("p", { class: "quiet" }, `inside of ${shortened(group.title, 60)} `,
    html("button", { type: "button", click: () => { reveal(node.key); chooseTab("step"); } }, "unfold"));
}

function welcome() {
  const forward = turn;
  const backward = data.steps.length - turn;
  return [html("p", { class: "phase" }, "start"), heading(shortened(data.title)),
    paragraph(backward > 0
      ? `Walk through the computation: ${forward} steps forward, in which values appear, ` +
        `then ${backward} steps backward, in which gradients flow to the parameters.`
      : `Walk through the computation: ${forward} steps forward, in which values appear.`),
    paragraph("Press → or the button for the first step. Choose a box to look into it."),
    data.no_backward === null ? null : paragraph(data.no_backward, "note"),
    data.notice === null ? null : paragraph(data.notice, "note"), legend()];
}

// The roles that occur, as the graph draws them.
function legend() {
  const roles = [...new Set(data.nodes.map((node) => node.role))];
  return html("ul", { class: "legend", "aria-label": "What the boxes are" }, roles.map((role) =>
    html("li", {}, svg("svg", { width: 34, height: 22, viewBox: "-2 -2 34 22", "aria-hidden": "true" },
      svg("g", { class: `box node known role-${role}` }, roleShape(role, 30, 18))), role)));
}

function forwardBody(step, node) {
  const used = (placesInto.get(node.key) ?? []).map((place) => nodeOf.get(data.edges[place].tail));
  const body = [];
  if (used.length > 0) {
    body.push(html("h3", {}, "made of"), html("ul", { class: "links" },
      [...new Set(used)].map((each) => html("li", {}, link(each), " ",
        html("span", { class: "quiet" }, briefly(arrayAt(each.value), each.shape))))));
  }
  body.push(valueFigure(node), kinkList(node), sourceLine(node));
  return body;
}

// A number if there is one, else the shape.
function briefly(array, shape) {
  if (array === null || array.entries?.length !== 1) return shapeText(shape);
  return shortNumber(array.entries[0]);
}

function valueFigure(node) {
  const value = arrayAt(node.value);
  if (value === null) return paragraph("Its value is not known here.", "quiet");
  return arrayFigure(value, { label: `value of ${shortened(nameOf(node), 60)}`, kinks: node.kinks });
}

function arrivedBody(step, node) {
  return [gradientFigures(node), step.kind === "leaf" ? null : sourceLine(node)];
}

function sumBody(step, node) {
  const parts = step.parts.map((part) => [part, contributionOf(part, state.lens)]);
  const total = gradientOf(node, state.lens) ?? arrayAt(step.total);
  const limit = Math.max(...parts.map(([, array]) => largest(array)), largest(total));
  const rows = parts.slice(0, SUMMANDS).map(([part, array], place) => {
    const user = nodeOf.get(data.edges[part.edge].head);
    const label = `from ${shortened(nameOf(user), 60)}`;
    return summand(place === 0 ? "" : "+",
      arrayFigure(array, { label, limit, className: "gradient", brief: true }));
  });
  const more = parts.length - rows.length;
  if (more > 0) rows.push(summand("+", paragraph(`${more} more contributions`, "quiet")));
  rows.push(summand("=", gradientFigure(node, state.lens, total, { limit }), "total"));
  return [html("div", { class: "sum" }, rows), lensNote()];
}

const SUMMANDS = 12; // as many as anybody looks at

function summand(sign, figure, className = "") {
  return html("div", { class: `summand ${className}` }, html("span", { class: "sign" }, sign), figure);
}

function backwardBody(step, node) {
  const cotangent = gradientOf(node, state.lens) ?? arrayAt(step.cotangent);
  const body = [gradientFigure(node, state.lens, cotangent, { brief: sizeOf(cotangent) <= 48 }, " arrives")];
  const rules = rulesOf(node, step);
  if (rules.length > 0) {
    body.push(html("h3", {}, rules.length === 1 ? "the rule" : "the rules"), lettersLine(node));
  }
  for (const { argument, part } of rules) body.push(ruleCard(node, argument, part));
  return [...body, kinkList(node), lensNote(), sourceLine(node)];
}

// The sentence that tells what the letters in the rules stand for, where there are such letters.
function lettersLine(node) {
  const words = node.rule.words;
  const begin = words.lastIndexOf("Here ");
  return begin === -1 ? null : paragraph(words.slice(begin), "quiet letters");
}

// Each argument's rule beside the contribution that it made; one node may be two arguments.
function rulesOf(node, step) {
  const waiting = groupBy(step?.contributions ?? [], (part) => data.edges[part.edge].tail);
  return (node.rule?.arguments ?? []).map((argument) => ({
    argument, part: waiting.get(argument.node)?.shift() ?? null,
  }));
}

function ruleCard(node, argument, part) {
  const target = nodeOf.get(argument.node);
  const card = html("section", { class: "rule" }, html("h4", {}, "for ", link(target)));
  if (argument.formula !== null) card.append(formula(argument.formula));
  if (argument.numbers !== null && argument.numbers !== undefined) {
    const where = argument.entry === null || argument.entry.length === 0 ? "with the numbers"
      : `with the numbers of entry [${argument.entry.join(", ")}]`;
    card.append(html("p", { class: "quiet" }, where), formula(argument.numbers, "numbers"));
  }
  if (argument.written) {
    card.append(html("p", { class: "written" }, html("span", { class: "quiet" }, "in the table: "),
      html(argument.written.endsWith(".") ? "span" : "code", {}, shortened(argument.written, 300))));
  }
  const local = arrayAt(argument.local);
  if (local !== null) {
    card.append(arrayFigure(local, { brief: true,
      label: `local derivative${node.name && target.name ? ` ∂${shortened(node.name, 40)}` +
        `/∂${shortened(target.name, 40)}` : ""}` }));
  }
  if (part !== null) {
    const array = contributionOf(part, state.lens);
    if (array !== null) {
      card.append(gradientFigure(target, state.lens, array, { brief: true }, ": the contribution"));
    }
  }
  return card;
}

function lensNote() {
  if (state.lens === "total") return null;
  return paragraph({ data: "The lens shows what comes through the data term only.",
    penalty: "The lens shows what comes through the penalties only." }[state.lens], "note");
}

function sourceLine(node) {
  if (node.place === null) return null;
  const { file, line, source } = node.place;
  return html("p", { class: "source" }, html("span", { class: "quiet" }, `${file}, line ${line}`),
    source ? html("code", {}, shortened(source, 300)) : null);
}

function kinkList(node) {
  if (node.kinks.length === 0) return null;
  const items = node.kinks.map((kink) => html("li", {},
    kink.entry.length > 0 ? html("b", {}, `[${kink.entry.join(", ")}] `) : null, kink.text));
  if (node.more_kinks > 0) items.push(html("li", {}, `and ${node.more_kinks} more`));
  return html("section", { class: "kinks" }, html("h3", {}, "at a kink"), html("ul", {}, items));
}

// The gradient of a node: the data term's part, the penalties' part and their sum where both are.
function gradientFigures(node) {
  const total = arrayAt(node.gradient);
  if (total === null) return [paragraph("No gradient flows here.", "quiet")];
  if (node.data_gradient === null) {
    return [gradientFigure(node, state.lens, gradientOf(node, state.lens)), lensNote()];
  }
  const parts = ["data", "penalty", "total"].map((lens) => [lens, gradientOf(node, lens)]);
  const limit = Math.max(...parts.map(([, array]) => largest(array)));
  const rows = parts.map(([lens, array]) => summand(SIGNS[lens],
    gradientFigure(node, lens, array, { limit, brief: lens !== "total" }, PARTS[lens]),
    `${lens} ${lens === state.lens ? "chosen" : ""}`));
  return [html("div", { class: "sum" }, rows), ...penaltyFormulas(node)];
}

const SIGNS = { data: "", penalty: "+", total: "=" };
const PARTS = { data: " · the data term's part", penalty: " · the penalty's part", total: " · their sum" };

// The rules of the penalties that use a node: for L2, where λ/m·W stands.
function penaltyFormulas(node) {
  const found = [];
  for (const place of placesFrom.get(node.key) ?? []) {
    const user = nodeOf.get(data.edges[place].head);
    if (user.role !== "penalty") continue;
    const argument = user.rule?.arguments.find((each) => each.node === node.key);
    if (!argument?.formula) continue;
    found.push(html("p", { class: "quiet" }, "directly through ", link(user)), formula(argument.formula),
      lettersLine(user));
  }
  return found;
}

function nodePage() {
  const node = nodeOf.get(state.selected);
  const close = html("button", { class: "close", type: "button", "aria-label": "Close the node (Esc)",
    click: () => select(null) }, "×");
  const page = [close, html("p", { class: `badge role-${node.role}` }, node.role),
    heading(shortened(node.title, 400)),
    paragraph([node.name && `named ${shortened(node.name, 200)}`,
      node.symbol && `operation ${shortened(node.symbol, 80)}`,
      node.options, shapeText(node.shape), node.dtype].filter(Boolean).join(" · "), "quiet"),
    sourceLine(node), stepButtons(node), valueFigure(node), kinkList(node),
    ...gradientFigures(node)];
  const sum = (stepsAt.get(node.key) ?? []).find((step) => step.kind === "sum");
  if (sum) {
    page.push(paragraph("This is where gradients add up: ", "quiet"), html("ul", { class: "links" },
      sum.parts.slice(0, SUMMANDS).map((part) => html("li", {}, "from ",
        link(nodeOf.get(data.edges[part.edge].head)), " ",
        html("span", { class: "quiet" }, briefly(contributionOf(part, state.lens), node.shape))))));
  }
  if (node.rule !== null) {
    const step = (stepsAt.get(node.key) ?? []).find((each) => each.kind === "backward");
    page.push(html("h3", {}, "rule"), html("p", {}, html("code", {}, node.rule.operation),
      html("span", { class: "quiet" }, ` · ${node.rule.form}`)), paragraph(node.rule.words));
    for (const { argument, part } of rulesOf(node, step)) page.push(ruleCard(node, argument, part));
  }
  return page;
}

// Buttons that lead to the steps in which a node takes part.
function stepButtons(node) {
  const words = { forward: "its value", seed: "its seed", sum: "its sum", backward: "its rule",
    leaf: "its gradient" };
  const buttons = (stepsAt.get(node.key) ?? []).map((step) => {
    const number = data.steps.indexOf(step) + 1;
    return html("button", { type: "button", click: () => jumpTo(number) },
      `${words[step.kind]}: step ${number}`);
  });
  return html("p", { class: "moments", role: "group", "aria-label": "Go to a step" }, buttons);
}

// Choose a node: open what hides it, mark it, and show its page.
function select(key, centred = false) {
  if (state.selected !== null) handleOf(state.selected)?.classList.remove("selected");
  state.selected = key;
  if (key === null) {
    chooseTab("step");
    return;
  }
  if (centred) reveal(key);
  markSelected();
  chooseTab("node");
}

function markSelected() {
  if (state.selected !== null) drawn.elements.get(standIn(state.selected, opened))?.classList.add("selected");
}

// Open the groups around a node, and bring it to the middle.
function reveal(key) {
  const folded = groupsAround(key).filter((group) => !opened.has(group));
  for (const group of folded) opened.add(group);
  if (folded.length > 0) drawScene();
  bringIntoView([key], folded.length > 0);
}
