// Elements of the page. Everything from the data goes in as text, nothing as markup.

const SVG = "http://www.w3.org/2000/svg";

// An HTML element with attributes, listeners (functions) and children (elements or texts).
function html(tag, attributes = {}, ...children) {
  return furnish(document.createElement(tag), attributes, children);
}

function svg(tag, attributes = {}, ...children) {
  return furnish(document.createElementNS(SVG, tag), attributes, children);
}

function furnish(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

function byId(id) {
  return document.getElementById(id);
}

// A text short enough for a heading; the whole text stays in the tooltip and for screen readers.
function shortened(text, length = 120) {
  const characters = [...text];
  return characters.length <= length ? text : characters.slice(0, length - 1).join("") + "…";
}

// Run once in the next frame, however often it is asked for before.
function inNextFrame(work) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      work();
    });
  };
}

const calm = matchMedia("(prefers-reduced-motion: reduce)");
