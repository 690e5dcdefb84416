// The player: where in the computation the page is, and what moves it.

const state = { position: 0, lens: "total", selected: null, tab: "step", playing: null, speed: 1 };
const SPEEDS = [0.5, 1, 2, 4];
const BEAT = 1400; // milliseconds for a step at speed 1
const firstBackward = data.steps.findIndex((step) => step.kind !== "forward");
const turn = firstBackward === -1 ? data.steps.length : firstBackward;

// Show the computation after so many steps.
function goTo(position) {
  const wanted = Math.max(0, Math.min(data.steps.length, position));
  const before = state.position;
  state.position = wanted;
  if (wanted !== before) showChange(before, wanted);
  showTakingPart();
  showPlayer();
  chooseTab("step");
  byId("announcement").textContent = announcement();
}

// Move the view to the boxes of the step.
function showTakingPart() {
  if (state.position > 0) bringIntoView(takingPart(currentStep()));
}

// The node of a step, then those that its contributions go to or come from.
function takingPart(step) {
  const edges = [...(step.contributions ?? []), ...(step.parts ?? [])].map((part) => data.edges[part.edge]);
  return [step.node, ...edges.flatMap((edge) => [edge.tail, edge.head])];
}

function stepBy(count) {
  pause();
  goTo(state.position + count);
}

function jumpTo(position) {
  pause();
  goTo(position);
}

function play() {
  if (state.position === data.steps.length) goTo(0);
  state.playing = setTimeout(beat, BEAT / state.speed / 3);
  showPlayer();
}

function beat() {
  goTo(state.position + 1);
  const ended = state.position === data.steps.length;
  state.playing = ended ? null : setTimeout(beat, BEAT / state.speed);
  showPlayer();
}

function pause() {
  clearTimeout(state.playing);
  state.playing = null;
  showPlayer();
}

function playOrPause() {
  if (state.playing === null) play();
  else pause();
}

function nextSpeed() {
  state.speed = SPEEDS[(SPEEDS.indexOf(state.speed) + 1) % SPEEDS.length];
  showPlayer();
}

// Which of the steps this is, in words.
function placeText() {
  const total = data.steps.length;
  if (state.position === 0) return `start · ${total} steps`;
  const phase = state.position > turn ? "backward" : "forward";
  return `step ${state.position} of ${total} · ${phase}`;
}

function showPlayer() {
  const playing = state.playing !== null;
  const playButton = byId("play");
  playButton.setAttribute("aria-label", playing ? "Pause" : "Play");
  playButton.classList.toggle("playing", playing);
  byId("speed").textContent = `${String(state.speed)}×`;
  byId("speed").setAttribute("aria-label", `Speed ${state.speed}×`);
  byId("scrub").value = state.position;
  byId("scrub").setAttribute("aria-valuetext", placeText());
  byId("place").textContent = placeText();
  byId("back").disabled = byId("start").disabled = state.position === 0;
  byId("forward").disabled = byId("end").disabled = state.position === data.steps.length;
}

function currentStep() {
  return state.position === 0 ? null : data.steps[state.position - 1];
}

// The heading of a step.
function stepTitle(step) {
  const node = nodeOf.get(step.node);
  const name = shortened(nameOf(node));
  return {
    forward: shortened(node.title),
    seed: `Backward begins at ${name}`,
    sum: `Gradients add up at ${name}`,
    backward: `Back through ${shortened(node.title)}`,
    leaf: `The gradient has arrived in ${name}`,
  }[step.kind];
}

// What happens at a step, in a sentence.
function stepSentence(step) {
  const node = nodeOf.get(step.node);
  const name = shortened(nameOf(node));
  const count = (step.contributions ?? step.parts ?? []).length;
  if (step.kind === "forward") {
    if (node.rule !== null) return node.rule.words;
    return node.role === "parameter"
      ? `${name} is a parameter: backward will end with its gradient.`
      : `${name} is given. Nothing is computed here.`;
  }
  return {
    seed: `${name} changes one for one with itself: its derivative with respect to itself is 1.`,
    sum: `${name} is used in ${count} places, and each of them sends a contribution: ` +
      "this is where gradients add up.",
    backward: count === 0
      ? `The cotangent of ${name} arrives, and goes no further: no argument asks for a gradient.`
      : `The cotangent of ${name} arrives. The rule makes of it a contribution for ` +
        `${count === 1 ? "its argument" : `each of its ${count} arguments`}.`,
    leaf: leafSentence(step, name),
  }[step.kind];
}

// An optimizer changes weights. The settings of a penalty (step.setting: "λ", "m") are chosen by
// people, and their gradient tells them what another choice would do.
function leafSentence(step, name) {
  if (!step.setting) {
    return `Nothing lies before ${name}: this is the gradient that an optimizer would use.`;
  }
  return `Nothing lies before ${name}, a setting of the penalty: ` +
    `this is how much ${shortened(data.title, 40)} changes with ${name}.`;
}

function announcement() {
  const step = currentStep();
  if (step === null) return `Start. ${data.steps.length} steps.`;
  const node = nodeOf.get(step.node);
  const shown = step.kind === "forward" ? arrayAt(node.value) : gradientOf(node, state.lens);
  const number = shown !== null && shown.entries?.length === 1
    ? ` ${step.kind === "forward" ? "Value" : "Gradient"} ${exactNumber(shown.entries[0])}.` : "";
  return `${placeText()}: ${stepTitle(step)}. ${stepSentence(step)}${number}`;
}

function watchPlayer() {
  byId("scrub").max = data.steps.length;
  byId("scrub").style.setProperty("--turn", `${100 * turn / Math.max(1, data.steps.length)}%`);
  byId("start").addEventListener("click", () => jumpTo(0));
  byId("back").addEventListener("click", () => stepBy(-1));
  byId("play").addEventListener("click", playOrPause);
  byId("forward").addEventListener("click", () => stepBy(1));
  byId("end").addEventListener("click", () => jumpTo(data.steps.length));
  byId("speed").addEventListener("click", nextSpeed);
  byId("scrub").addEventListener("input", () => jumpTo(Number(byId("scrub").value)));
  byId("turn").addEventListener("click", () => jumpTo(turn + 1));
  byId("turn").hidden = firstBackward === -1;
}
