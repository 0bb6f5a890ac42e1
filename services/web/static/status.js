// The status service's page: one job by its id, which is kept in the address so that it can be handed on.

import {showTicket} from "./ticket.js";

const form = document.getElementById("look");
const place = document.getElementById("tickets");
const wrong = form.querySelector(".wrong");

form.addEventListener("submit", (event) => {
  event.preventDefault();
  location.hash = form.elements.id.value.trim().split("/").pop();
});
addEventListener("hashchange", look);
look();

function look() {
  const id = location.hash.slice(1);
  if (!id) return;
  form.elements.id.value = id;
  place.replaceChildren();
  wrong.hidden = true;
  find(id);
}

async function find(id) {
  const url = `${location.origin}/v1/jobs/${encodeURIComponent(id)}`;
  const reply = await fetch(url);
  const body = await reply.json();
  if (reply.ok) {
    showTicket(place, url, form.dataset.gateway, body).querySelector(".outcome").open = true;
  } else {
    wrong.textContent = body.detail;
    wrong.hidden = false;
  }
}
