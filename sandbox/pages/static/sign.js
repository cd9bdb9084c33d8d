// Lets people draw their signature; without this file they type it. Also keeps a form from being sent twice.
"use strict";

const form = document.getElementById("sign-form");
const pad = document.getElementById("pad");
const picture = document.getElementById("signature-png");
const typed = document.getElementById("signature-text");
const problem = document.getElementById("draw-problem");
const button = document.getElementById("sign-button");
const pen = pad.getContext("2d");
const FINENESS = 2; // picture points for each point of the page, enough for print

let strokes = []; // each a list of places
let earlier = null; // a drawing that the server gave back
let current = null; // the stroke under the pointer

const drawing = () => form.elements["signature_kind"].value === "drawn";

function stroke(places) {
  pen.beginPath();
  pen.moveTo(places[0].x, places[0].y);
  for (const { x, y } of places) pen.lineTo(x, y);
  pen.stroke();
}

function paint() {
  const { width, height } = pad.getBoundingClientRect();
  pad.width = Math.round(width * FINENESS);
  pad.height = Math.round(height * FINENESS);
  pen.scale(FINENESS, FINENESS);
  pen.lineWidth = 2.4;
  pen.lineCap = pen.lineJoin = "round";
  pen.strokeStyle = "#14284b";
  if (earlier) pen.drawImage(earlier, 0, 0, earlier.width / FINENESS, earlier.height / FINENESS);
  strokes.forEach(stroke);
}

function choose() {
  document.getElementById("typed").hidden = drawing();
  document.getElementById("drawn").hidden = !drawing();
  typed.required = !drawing();
  problem.hidden = true;
  if (drawing()) paint();
}

function place(event) {
  const { left, top } = pad.getBoundingClientRect();
  return { x: event.clientX - left, y: event.clientY - top };
}

function begin(event) {
  if (event.button !== 0) return;
  event.preventDefault();
  pad.setPointerCapture(event.pointerId);
  current = [place(event)];
  strokes.push(current);
  stroke(current);
  problem.hidden = true;
}

function move(event) {
  if (!current) return;
  const steps = event.getCoalescedEvents?.() ?? [];
  const places = (steps.length ? steps : [event]).map(place);
  stroke([current.at(-1), ...places]);
  current.push(...places);
}

function end() {
  current = null;
}

function clear() {
  strokes = [];
  earlier = null;
  paint();
}

function send(event) {
  const empty = drawing() && strokes.length === 0 && !earlier;
  if (empty || button.disabled) {
    event.preventDefault();
    problem.hidden = !empty;
    return;
  }
  picture.value = drawing() ? pad.toDataURL("image/png") : "";
  button.disabled = true;
  button.textContent = "Signing …";
}

function comeBack(event) {
  if (event.persisted) location.reload();
}

function giveBack(url) {
  const image = new Image();
  image.onload = () => {
    earlier = image;
    paint();
  };
  image.src = url;
}

document.getElementById("kinds").hidden = false;
document.getElementById("kinds").addEventListener("change", choose);
document.getElementById("clear").addEventListener("click", clear);
pad.addEventListener("pointerdown", begin);
pad.addEventListener("pointermove", move);
pad.addEventListener("pointerup", end);
pad.addEventListener("pointercancel", end);
// A quick stroke is no flick of the page, which would swallow the next tap.
pad.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
form.addEventListener("submit", send);
window.addEventListener("resize", () => drawing() && paint());
window.addEventListener("pageshow", comeBack);
choose();
if (drawing() && picture.value) giveBack(picture.value);
document.getElementById("problem")?.focus();
