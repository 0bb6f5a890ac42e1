// A ticket: one job on the page, kept up to date until it is done.

const template = document.getElementById("ticket");
const MOST_STREAMS = 3; // a browser opens six connections to a host, and others want some, too
const MOST_SHOWN = 20000;
let streams = 0;

// Show the job at `url` in `place`, at the top, and follow it. `job` is its document, if that is known already.
export function showTicket(place, url, gateway, job) {
  const ticket = template.content.firstElementChild.cloneNode(true);
  place.querySelector(".empty")?.remove();
  const first = place.querySelector(".ticket");
  first ? first.before(ticket) : place.append(ticket);
  const button = ticket.querySelector("[data-do=cancel]");
  let shown = job ?? {};
  const update = (news) => {
    shown = {...shown, joined: shown.joined ?? news.queue?.position, ...news};
    draw(ticket, shown, gateway);
  };
  button.addEventListener("click", async () => {
    button.disabled = true;
    await fetch(`${gateway}/v1/jobs/${shown.id}`, {method: "DELETE", headers: authorization()});
  });
  if (!job?.done) ticket.dataset.unread = true;
  if (job) update(job);
  if (job?.done) fetchOnce(url, update);
  else follow(url, update);
  return ticket;
}

// The header that says who we are, where the page asks for an API key.
export function authorization() {
  const key = document.getElementById("key")?.value;
  return key ? {Authorization: `Bearer ${key}`} : {};
}

// Follow by server-sent events; where there is no stream to be had, ask as often as Retry-After says.
function follow(url, update) {
  if (streams === MOST_STREAMS) return poll(url, update);
  streams += 1;
  const events = new EventSource(`${url}/events`);
  const heard = (name, take) => events.addEventListener(name, (event) => take(JSON.parse(event.data)));
  heard("state", (data) => update({state: data.state}));
  heard("progress", (data) => update({progress: data}));
  heard("log", (data) => update({said: data.message}));
  heard("done", (data) => {
    events.close();
    streams -= 1;
    update(data);
  });
  events.addEventListener("error", () => {
    if (events.readyState !== EventSource.CLOSED) return;
    streams -= 1;
    poll(url, update);
  });
}

async function poll(url, update) {
  for (;;) {
    const [job, wait] = await fetchOnce(url, update);
    if (!job || job.done) return;
    await new Promise((resolve) => setTimeout(resolve, wait * 1000));
  }
}

async function fetchOnce(url, update) {
  try {
    const reply = await fetch(url);
    const body = await reply.json();
    if (!reply.ok) {
      update({state: "gone", done: true, said: body.detail});
      return [null, 0];
    }
    update(body);
    return [body, Number(reply.headers.get("Retry-After")) || 1];
  } catch {
    return [{}, 5];
  }
}

function draw(ticket, job, gateway) {
  const put = (name, text) => (ticket.querySelector(`[data-show=${name}]`).textContent = text ?? "");
  ticket.dataset.state = job.state;
  put("type", job.type);
  put("state", job.state);
  const number = ticket.querySelector("[data-show=id]");
  number.textContent = job.id ?? "";
  if (job.links) number.href = job.links.self;
  drawProgress(ticket.querySelector("progress"), job);
  put("news", news(job));
  put("times", times(job));
  ticket.querySelector("[data-do=cancel]").hidden = Boolean(job.done) || !job.id;
  const outcome = ticket.querySelector(".outcome");
  outcome.hidden = !job.done || (job.result === undefined && !job.error);
  if (!outcome.hidden) {
    put("outcome", job.error ? "Error" : "Result");
    const text = JSON.stringify(job.error ?? job.result, null, 2);
    put("body", text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}\n… and ${text.length - MOST_SHOWN} more` : text);
    if (ticket.dataset.unread) outcome.open = true;
    delete ticket.dataset.unread;
  }
  drawFiles(ticket.querySelector("[data-show=files]"), job.files ?? []);
}

function drawProgress(bar, job) {
  bar.hidden = Boolean(job.done);
  if (job.state === "running" && job.progress) bar.value = job.progress.percent;
  else if (job.state === "queued") bar.value = 0;
  else bar.removeAttribute("value");
}

function news(job) {
  if (job.error) return job.error.detail;
  if (job.state === "gone") return job.said;
  if (job.done) return "";
  if (job.state === "queued" && job.joined) return `Joined the queue at place ${job.joined}`;
  return job.progress?.message ?? job.said ?? "";
}

function times(job) {
  const seconds = (ms) => `${(ms / 1000).toFixed(ms < 10000 ? 2 : 0)} s`;
  if (!job.timing || !job.done) return "";
  const parts = [];
  if (job.timing.queued_ms !== undefined) parts.push(`waited ${seconds(job.timing.queued_ms)}`);
  if (job.timing.running_ms !== undefined) parts.push(`ran ${seconds(job.timing.running_ms)}`);
  return parts.join(", ");
}

function drawFiles(place, files) {
  if (place.childElementCount === files.length) return;
  place.replaceChildren(...files.map((file) => {
    const link = document.createElement("a");
    link.href = file.url;
    if (file.media_type.startsWith("image/")) {
      const picture = document.createElement("img");
      picture.crossOrigin = "anonymous"; // the status service is another origin, on an IP address even another site
      picture.src = file.url;
      picture.alt = file.name;
      picture.loading = "lazy";
      link.append(picture);
    }
    const name = document.createElement("span");
    name.textContent = `${file.name} (${size(file.size)})`;
    link.append(name);
    return link;
  }));
}

function size(bytes) {
  return bytes < 1000 ? `${bytes} B` : bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
