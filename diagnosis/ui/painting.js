// Painting on the large picture while the panel for erasing is open: a brush or a rectangle, by mouse, pen or finger.
// `element` is the stage, whose picture is drawn anew with every map; strokes are kept here as fractions of the picture's
// height and width, and leave as such.
const SVG = "http://www.w3.org/2000/svg";
let strokes = [], current = null, tool = "brush", size = 14, film = "";

const tab = () => element.closest(".lb-tab");
const panel = () => tab()?.querySelector(".lb-paint");
const isOpen = () => !!panel()?.offsetParent;
const isGrowing = () => !!element.querySelector("[data-growing]"); // maps are still to come
const picture = () => element.querySelector(".lb-picture");
const sides = () => {
  const style = getComputedStyle(picture());
  return { width: Number(style.getPropertyValue("--w")), height: Number(style.getPropertyValue("--h")) };
};
const make = (parent, name, attributes) => {
  const node = parent.appendChild(document.createElementNS(SVG, name));
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
};

const layer = () => {
  const { width, height } = sides();
  const made = picture().querySelector(".lb-painting");
  if (made) return made;
  const fresh = make(picture(), "svg", {
    class: "lb-painting", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true",
  });
  make(fresh, "g", {});
  make(fresh, "circle", { r: 0 });
  return fresh;
};
const shape = (group, stroke, { width, height }) => {
  const points = stroke.points.map(([row, column]) => [column * width, row * height]);
  if (stroke.tool === "brush") {
    const line = [...points, points[0].map((value) => value + 0.01)];
    const drawn = points.length > 1 ? points : line;
    make(group, "polyline", { points: drawn.map(String).join(" "), "stroke-width": 2 * stroke.radius * Math.max(width, height) });
    return;
  }
  const [[x1, y1], [x2, y2]] = [points[0], points[points.length - 1]];
  make(group, "rect", { x: Math.min(x1, x2), y: Math.min(y1, y2), width: Math.abs(x2 - x1), height: Math.abs(y2 - y1) });
};
const redraw = () => {
  const all = current ? [...strokes, current] : strokes;
  panel()?.querySelectorAll("button[data-paint]").forEach((button) => {
    const act = button.dataset.paint;
    if (act === "brush" || act === "box") button.setAttribute("aria-pressed", String(act === tool));
    else button.disabled = !all.length || (act === "erase" && isGrowing());
  });
  const waits = panel()?.querySelector("[data-paint=waits]");
  if (waits) waits.hidden = !isGrowing();
  const slider = panel()?.querySelector("input[data-paint=size]");
  if (slider) [slider.value, slider.nextElementSibling.textContent] = [size, size];
  if (!picture() || (!all.length && !picture().querySelector(".lb-painting"))) return;
  const group = layer().querySelector("g");
  group.replaceChildren();
  all.forEach((stroke) => shape(group, stroke, sides()));
};

const place = (event) => {
  const box = picture().getBoundingClientRect();
  return [(event.clientY - box.top) / box.height, (event.clientX - box.left) / box.width];
};
const point = (event) => {
  if (!picture() || !isOpen()) return;
  const ring = layer().querySelector("circle"), { width, height } = sides(), [row, column] = place(event);
  ring.setAttribute("cx", column * width);
  ring.setAttribute("cy", row * height);
  ring.setAttribute("r", tool === "brush" && event.pointerType !== "touch" ? (size / 200) * Math.max(width, height) : 0);
};

element.addEventListener("pointerdown", (event) => {
  if (!event.target.closest(".lb-picture") || !isOpen() || event.button || !event.isPrimary) return;
  event.preventDefault();
  element.setPointerCapture(event.pointerId);
  current = { tool, points: [place(event)], radius: tool === "brush" ? size / 200 : 0 };
  redraw();
});
element.addEventListener("pointermove", (event) => {
  point(event);
  if (!current || !event.isPrimary) return;
  const spot = place(event), last = current.points[current.points.length - 1];
  if (Math.hypot(spot[0] - last[0], spot[1] - last[1]) < 0.003) return;
  if (current.tool === "box") current.points = [current.points[0], spot];
  else if (current.points.length < 4000) current.points.push(spot);
  redraw();
});
const finish = (event) => {
  if (!current || !event.isPrimary) return;
  const [first, last] = [current.points[0], current.points[current.points.length - 1]];
  const isSpeck = current.tool === "box" && (first[0] === last[0] || first[1] === last[1]);
  if (event.type === "pointerup" && !isSpeck) strokes.push(current);
  current = null;
  redraw();
};
element.addEventListener("pointerup", finish);
element.addEventListener("pointercancel", finish);
element.addEventListener("pointerleave", () => element.querySelector(".lb-painting circle")?.setAttribute("r", 0));
element.addEventListener("dragstart", (event) => isOpen() && event.preventDefault());

const acts = {
  brush: () => { tool = "brush"; },
  box: () => { tool = "box"; },
  undo: () => { strokes.pop(); },
  clear: () => { strokes = []; },
  erase: () => { trigger("select", { strokes }); },
};
document.addEventListener("click", (event) => {
  if (!tab()?.contains(event.target)) return;
  acts[event.target.closest("button[data-paint]")?.dataset.paint]?.();
  requestAnimationFrame(redraw); // the panel may just have been opened
});
document.addEventListener("input", (event) => {
  if (!event.target.matches?.("input[data-paint=size]") || !tab()?.contains(event.target)) return;
  size = Number(event.target.value);
  redraw();
});
new MutationObserver(() => {
  const shown = element.querySelector(".lb-film")?.src;
  if (!shown) return;
  if (shown !== film) [film, strokes, current] = [shown, [], null]; // another image
  if (!picture().querySelector(".lb-painting")) redraw();
}).observe(element, { childList: true, subtree: true });
