// The gateway's page: forms that submit jobs, and the tickets that come of it.

import {authorization, showTicket} from "./ticket.js";

const tickets = document.getElementById("tickets");

for (const form of document.querySelectorAll("form[data-type]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(form);
  });
}

async function submit(form) {
  const button = form.querySelector("button");
  button.disabled = true;
  complain(form, "");
  try {
    const [body, headers] = await message(form);
    const key = crypto.getRandomValues(new Uint32Array(4)).join("-");
    const reply = await sendSafely(form.action, {
      method: "POST", body, headers: {...headers, ...authorization(), "Idempotency-Key": key},
    });
    const document = await reply.json();
    if (!reply.ok) complain(form, document.detail ?? document.title);
    else showTicket(tickets, reply.headers.get("Location"), location.origin, document).scrollIntoView({block: "nearest"});
  } catch (error) {
    complain(form, error.message);
  }
  button.disabled = false;
}

// Send once more if the connection fails: the idempotency key makes sure that one job comes of it.
async function sendSafely(url, request) {
  try {
    return await fetch(url, request);
  } catch {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return fetch(url, request);
  }
}

// The form's values as JSON, or as multipart when there are files.
async function message(form) {
  const values = [], files = [];
  for (const field of form.querySelectorAll("[data-kind]")) {
    if (field.dataset.kind === "file") {
      const file = field.files[0] ?? await example(field);
      if (file) files.push([field.name, file]);
    } else {
      const value = valueOf(field);
      if (value !== undefined) values.push([field.name, value]);
    }
  }
  if (!files.length) return [JSON.stringify(Object.fromEntries(values)), {"Content-Type": "application/json"}];
  const parts = new FormData();
  for (const [name, value] of values) {
    for (const item of Array.isArray(value) ? value : [value]) {
      parts.append(name, typeof item === "object" ? JSON.stringify(item) : item);
    }
  }
  for (const [name, file] of files) parts.append(name, file);
  return [parts, {}];
}

async function example(field) {
  if (!field.dataset.example) return null;
  const reply = await fetch(field.dataset.example);
  if (!reply.ok) throw new Error(`The example for ${field.name} can't be had.`);
  return new File([await reply.blob()], field.dataset.exampleName, {type: reply.headers.get("Content-Type")});
}

function valueOf(field) {
  if (field.dataset.kind === "flag") return field.checked;
  const text = field.value;
  if (text.trim() === "") return undefined;
  switch (field.dataset.kind) {
    case "number": return Number(text);
    case "json": return JSON.parse(text);
    case "list": return text.split(",").map((item) => item.trim()).filter(Boolean)
      .map((item) => (field.dataset.item === "string" ? item : Number(item)));
    default: return text;
  }
}

function complain(form, text) {
  const place = form.querySelector(".wrong");
  place.textContent = text;
  place.hidden = !text;
}

// Tickets of earlier visits: the session cookie finds them again.
async function recall() {
  try {
    const reply = await fetch(`${tickets.dataset.status}/v1/jobs?limit=5`, {credentials: "include"});
    if (!reply.ok) return;
    for (const job of (await reply.json()).jobs.reverse()) showTicket(tickets, job.links.self, location.origin, job);
  } catch { /* without an answer there is nothing to show */ }
}

recall();
