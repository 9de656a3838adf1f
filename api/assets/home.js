"use strict";
// The first page: a live board, one incident with its timeline, and the forms that matter most. Text from the server enters the
// page only as text nodes.

const $ = (id) => document.getElementById(id);
const PAGE = 100;
const SEVERITIES = {
  CRITICAL: ["▲", "Critical", "the whole service is down, or a serious breach"],
  MAJOR: ["◆", "Major", "a main function is broken, or a small breach"],
  MINOR: ["●", "Minor", "a minor function or an internal tool is broken"],
  TRIVIAL: ["○", "Trivial", "already over, recorded afterwards"],
};
const words = (name) => name.charAt(0) + name.slice(1).toLowerCase().replaceAll("_", " ");

// ---- Elements ----

function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  return fill(element, ...children);
}

/** Replaces an element's children; empty ones are left out. */
function fill(element, ...children) {
  element.replaceChildren(...children.filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return element;
}

function show(element, text) {
  element.textContent = text || "";
  element.hidden = !text;
}

const complain = (element, error) => show(element, error.words || String(error));

const badge = (severity) => h("span", { class: "severity", "data-severity": severity }, h("span", { "aria-hidden": "true" }, SEVERITIES[severity][0] + " "), SEVERITIES[severity][1]);

/** Markdown as written, with code blocks set apart. Nothing else is interpreted. */
function prose(text) {
  const parts = text.split(/^```\w*\n?/m).map((part, i) => part.trim() && h(i % 2 ? "pre" : "p", i % 2 && { tabindex: "0" }, part.trim()));
  return h("div", { class: "prose" }, ...parts);
}

// ---- Times ----

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const minuteClock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", year: "numeric" });
const offset = new Intl.DateTimeFormat("en-GB", { timeZoneName: "longOffset" }).formatToParts(new Date()).find((part) => part.type === "timeZoneName").value;
const zoneName = ZONE === "UTC" ? "UTC" : `${ZONE} (${offset.replace("GMT", "UTC")})`;

function span(from, to) {
  const minutes = Math.max(0, Math.floor((to - new Date(from)) / 60000));
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1440)} days`;
}

const whole = (at) => `${day.format(at)}, ${clock.format(at)} ${zoneName}`;
const moment = (iso, format) => h("time", { datetime: iso, title: whole(new Date(iso)) }, format.format(new Date(iso)));
/** An age that keeps itself up to date. */
const ageing = (from, suffix) => h("time", { datetime: from, "data-age": suffix, title: whole(new Date(from)) }, span(from, Date.now()) + suffix);
const growOlder = () => {
  document.querySelectorAll("time[data-age]").forEach((time) => (time.textContent = span(time.dateTime, Date.now()) + time.dataset.age));
  document.querySelectorAll("time[data-due]").forEach((time) => (time.textContent = dueWords(time.dateTime)));
};
/** When something is due: how long until or since then, and the reader's local time. */
function dueWords(iso) {
  const at = new Date(iso), now = Date.now();
  const relative = at > now ? `in ${span(now, at)}` : `${span(at, now)} ago`;
  const date = day.format(at) === day.format(now) ? "" : `${day.format(at)}, `;
  return `${relative}, ${date}${minuteClock.format(at)} ${zoneName}`;
}
const due = (iso) => h("time", { datetime: iso, "data-due": true, title: whole(new Date(iso)) }, dueWords(iso));

// ---- Server ----

class Refusal extends Error {
  constructor(error) {
    super(error.message);
    this.code = (error.extensions && error.extensions.code) || "INTERNAL";
    this.missing = (error.extensions && error.extensions.missing) || [];
    this.requestId = error.extensions && error.extensions.requestId;
  }
  get words() {
    return {
      UNAUTHENTICATED: "You are signed out. Copy what you typed, then open a new sign-in link.",
      FORBIDDEN: `You may not do this. ${this.message}`,
      CONFLICT: "Someone else changed it at the same time. Check what changed and try again.",
      UNAVAILABLE: "The server can't reach its database at the moment. Nothing was changed; try again shortly.",
      OFFLINE: "Can't reach the server. What you typed is still here: send it again when the top of the page says Live.",
      INTERNAL: `Something went wrong on the server. Tell an administrator${this.requestId ? ` and quote this number: ${this.requestId}` : ""}.`,
    }[this.code] || this.message; // the other messages say what to do
  }
}

async function ask(query, variables) {
  let answer;
  try {
    const response = await fetch("/graphql", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/graphql-response+json" },
      body: JSON.stringify({ query, variables }),
    });
    answer = await response.json();
  } catch {
    throw new Refusal({ message: "", extensions: { code: "OFFLINE" } });
  }
  if (answer.errors) throw new Refusal(answer.errors[0]);
  return answer.data;
}

/** Keeps a subscription open until `close()`. Each attempt asks for the address again, so that it resumes where it was. */
function live(address, { next, state }) {
  let source, timer, attempt = 0, closed = false;
  const again = () => {
    source.close();
    if (closed) return;
    state(attempt < 2 ? "connecting" : "away");
    timer = setTimeout(open, Math.min(15000, 500 * 2 ** attempt++) * (0.75 + Math.random() / 2));
  };
  function open() {
    source = new EventSource(address());
    source.onopen = () => { attempt = 0; state("live"); };
    source.onerror = again;
    source.addEventListener("complete", again);
    source.addEventListener("next", (event) => {
      const { data, errors } = JSON.parse(event.data);
      if (!errors) return next(data);
      const refusal = new Refusal(errors[0]);
      if (refusal.code === "TOO_SLOW") return again();
      show($("problem"), refusal.words);
      attempt = Math.max(attempt, 4);
      again();
    });
  }
  open();
  return { close() { closed = true; clearTimeout(timer); source.close(); } };
}

const stream = (query, variables) => `/graphql/stream?${new URLSearchParams({ query, variables: JSON.stringify(variables || {}) })}`;

function showState(element, state) {
  element.dataset.state = state;
  element.textContent = { live: "Live", connecting: "Connecting", away: "Not live, reconnecting" }[state];
}

// ---- Board ----

const CARD = `fragment Card on Incident { id reference name severity status reportedAt declaredAt resolvedAt impactStartedAt visibility flags lead { name } clientCommsManager { id }
  affectedClients { client { id } } actions(state: OPEN) { id } timeline(last: 1, filter: { exceptKinds: [PROMPT] }) { nodes { kind text recordedAt actor { name } } } }`;
const BOARD = `query Board { viewer { person { id name accessLevel } can } sites(first: 200) { nodes { id name } } onCall { firstLine { name } secondLine { name } }
  live: incidents(filter: { live: true }, orderBy: MOST_SEVERE, first: 50) { totalCount nodes { ...Card nextSteps { title dueAt overdueAt state } } }
  triage: incidents(filter: { status: [TRIAGE] }, first: 50) { totalCount nodes { ...Card nextSteps { title dueAt overdueAt state } } }
  done: incidents(filter: { status: [RESOLVED, CLOSED, DECLINED, MERGED] }, orderBy: RECENTLY_CHANGED, first: 8) { totalCount nodes { ...Card } } } ${CARD}`;
const WAITING = `query Waiting { byHand: deliveries(state: BY_HAND, first: 50) { ...Waiting } failed: deliveries(state: FAILED, first: 50) { ...Waiting } }
  fragment Waiting on DeliveryConnection { nodes { id operation title state attempts lastError instructions createdAt incident { reference name } } pageInfo { hasNextPage } }`;
let viewer = null;
let shown = "";

async function refresh() {
  try {
    const board = await ask(BOARD);
    viewer = board.viewer;
    show($("problem"), "");
    if (viewer.can.includes("RESPOND")) drawWaiting(await ask(WAITING));
    const text = JSON.stringify(board);
    if (text === shown) return;
    shown = text;
    drawBoard(board);
  } catch (error) {
    complain($("problem"), error);
  }
}

function drawBoard(board) {
  const focused = document.activeElement && document.activeElement.dataset.card;
  $("who").textContent = `${viewer.person.name}, ${words(viewer.person.accessLevel).toLowerCase()}`;
  const { firstLine, secondLine } = board.onCall;
  const duty = [firstLine && `on call ${firstLine.name}`, secondLine && `second line ${secondLine.name}`].filter(Boolean);
  $("duty").textContent = duty.join(", ") || "nobody is on call";
  $("new-may-declare").hidden = !viewer.can.includes("RESPOND");
  const site = $("new-site");
  const chosen = site.value;
  site.replaceChildren(site.options[0], ...board.sites.nodes.map((row) => h("option", { value: row.id }, row.name)));
  site.value = chosen;
  for (const list of ["live", "triage", "done"]) {
    const { nodes, totalCount } = board[list];
    $(list).replaceChildren(...nodes.map((incident) => h("li", null, card(incident, list))));
    $(`${list}-empty`).hidden = nodes.length > 0;
    if (list !== "done") $(`${list}-count`).textContent = totalCount || "";
  }
  document.title = board.live.totalCount ? `(${board.live.totalCount}) Muster` : "Muster";
  markCurrent();
  if (focused) document.querySelector(`[data-card="${focused}"]`)?.focus();
}

/** Since when it has been going on, as far as known. */
const began = (incident) => [incident.impactStartedAt, incident.declaredAt, incident.reportedAt].filter(Boolean).reduce((a, b) => (new Date(b) < new Date(a) ? b : a));
const restricted = (incident) => incident.visibility === "RESTRICTED";
/** What must not be overlooked: who may know of it, and whether it is a breach. */
const marks = (incident) => [restricted(incident) && "Restricted", ...incident.flags.filter((flag) => flag.endsWith("_BREACH")).map(words)].filter(Boolean)
  .map((text) => h("span", { class: "lack" }, ` ${text}`));

function card(incident, list) {
  const last = incident.timeline.nodes[0];
  const meta = list === "done"
    ? [words(incident.status), ageing(incident.resolvedAt || last?.recordedAt || incident.reportedAt, " ago")]
    : [words(incident.status), incident.lead ? `Lead ${incident.lead.name}` : list === "live" && h("strong", null, "No lead yet"),
      ageing(began(incident), list === "live" ? " so far" : " old"),
      incident.actions.length ? `${incident.actions.length} to do` : null];
  return h("a", { href: `#${incident.reference}`, class: "card", "data-severity": incident.severity, "data-card": incident.reference },
    h("span", { class: "head" }, badge(incident.severity), h("span", { class: "ref" }, incident.reference), ...marks(incident)),
    h("span", { class: "name" }, restricted(incident) ? "Restricted incident" : incident.name),
    h("span", { class: "meta" }, ...meta.filter(Boolean).map((item) => h("span", null, item))),
    list !== "done" && incident.nextSteps.length > 0 && h("span", { class: "step" }, stepState(incident.nextSteps[0].state), " ", due(stepTime(incident.nextSteps[0])), `: ${incident.nextSteps[0].title}`),
    needsComms(incident, list) && h("span", { class: "lack" }, "No one is keeping the affected clients informed"),
    list !== "done" && last && !restricted(incident) && h("span", { class: "last" }, ageing(last.recordedAt, " ago"), `: ${words(last.kind)}${last.actor ? `, ${last.actor.name}` : ""}: ${last.text.replace(/```\w*|\s+/g, " ").slice(0, 140)}`));
}

const needsComms = (incident, list) => list === "live" && incident.affectedClients.length > 0 && !incident.clientCommsManager;

function markCurrent() {
  document.querySelectorAll("[data-card]").forEach((link) => link.setAttribute("aria-current", String(link.dataset.card === current?.reference)));
}

// ---- What needs a person ----

/** Keeps the items of a list that are still needed, so that open boxes, typed text and the focus survive. */
function keepList(list, rows, keyOf, make) {
  const known = new Map([...list.children].map((item) => [item.dataset.key, item]));
  const items = rows.map((row) => known.get(keyOf(row)) || make(row));
  if (items.length === list.children.length && items.every((item, i) => item === list.children[i])) return items;
  const focused = list.contains(document.activeElement) ? document.activeElement : null;
  list.replaceChildren(...items);
  if (focused?.isConnected) focused.focus();
  return items;
}

function drawWaiting({ byHand, failed }) {
  // The board already says what a reminder would say by mail.
  const open = [...failed.nodes, ...byHand.nodes].filter((row) => row.operation !== "remind");
  const rows = open.sort((a, b) => a.createdAt.localeCompare(b.createdAt));
  const more = failed.pageInfo.hasNextPage || byHand.pageInfo.hasNextPage;
  $("waiting-box").hidden = rows.length === 0;
  $("waiting-count").textContent = `${rows.length}${more ? " and more" : ""}`;
  keepList($("waiting"), rows, (row) => `${row.id} ${row.state} ${row.attempts}`, waitingItem);
}

/** A page is over when the person was reached, or somebody else is paged. */
const settling = (button, row) => row.operation === "page"
  ? [button("Reached", "settleDeliveryByHand", true), button("No answer", "settleDeliveryByHand", false, { reached: false })]
  : [button("Mark done", "settleDeliveryByHand", true)];

function waitingItem(row) {
  const what = row.title;
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const button = (label, mutation, main, more = {}) => {
    const made = h("button", { type: "button", class: main && "main" }, label);
    made.addEventListener("click", async () => {
      made.disabled = true;
      show(problem, "");
      try {
        const type = mutation.charAt(0).toUpperCase() + mutation.slice(1);
        await ask(`mutation($input: ${type}Input!) { ${mutation}(input: $input) { delivery { id } } }`, { input: { deliveryId: row.id, ...more } });
        $("said").textContent = `${what}: ${label}`;
        $("main").focus({ preventScroll: true }); // the button is about to go
        refreshSoon();
      } catch (error) {
        complain(problem, error);
      } finally {
        made.disabled = false;
      }
    });
    return made;
  };
  const copy = h("button", { type: "button", "aria-label": `Copy: ${what}` }, "Copy");
  copy.addEventListener("click", () => copyText(row.instructions, copy));
  return h("li", { "data-key": `${row.id} ${row.state} ${row.attempts}` }, h("details", { class: "waiting" },
    h("summary", null, row.state === "FAILED" && h("span", { class: "lack" }, "Failed: "), what, h("span", { class: "soft" }, row.incident ? ` ${row.incident.reference}, ` : " "), ageing(row.createdAt, " ago")),
    row.incident && h("p", null, h("a", { href: `#${row.incident.reference}` }, `${row.incident.reference}: ${row.incident.name}`)),
    row.lastError && h("p", { class: "lack" }, `It did not arrive: ${row.lastError}`),
    h("div", { class: "line" }, h("pre", { tabindex: "0" }, row.instructions || ""), copy),
    problem,
    h("p", { class: "row" }, ...settling(button, row), row.state === "FAILED" && button("Try again", "retryDelivery"))));
}

// ---- Steps of the playbook ----

/** Since when a step has been what it is. */
const stepTime = (step) => (step.state === "OVERDUE" && step.overdueAt) || step.dueAt;
const stepState = (state) => h("strong", { class: "step-state", "data-step": state }, { UPCOMING: "Coming", DUE: "Due", OVERDUE: "Overdue" }[state] || words(state));
const SETTLE = "mutation Settle($input: SettleStepInput!) { settleStep(input: $input) { incident { id } } }";
const TAKE = "mutation Take($input: AssignRoleInput!) { assignRole(input: $input) { incident { id } } }";
const take = (role) => ["I'll do it", () => ask(TAKE, { input: { incidentId: current.id, role, personId: viewer.person.id } })];
/** How to do a step that no decision settles: a button, or a hint where to do it. */
const DONE_BY = {
  lead: take("INCIDENT_LEAD"),
  "comms-manager": take("CLIENT_COMMS_MANAGER"),
  "report-author": take("REPORT_AUTHOR"),
  "second-line": ["Page second line", (note) => ask("mutation Escalate($input: EscalateInput!) { escalate(input: $input) { incident { id } } }", { input: { incidentId: current.id, reason: note } })],
  triage: "Decide below whether it is an incident.",
  page: "It is done once the person who was paged answers.",
  summary: "Write an update for everyone below.",
  "client-update": "Send it below, under Affected clients.",
  "client-closing": "Send it below, under Affected clients.",
  containment: "It is done once the checklist of each goal is ticked off.",
};

function drawSteps(steps) {
  $("steps-box").hidden = steps.length === 0;
  const items = keepList($("steps"), steps, (step) => step.key, stepItem);
  steps.forEach((step, i) => fill(items[i].firstElementChild, stepState(step.state), " ", h("strong", null, step.title), h("span", { class: "soft" }, " ", due(stepTime(step)), step.assignee ? ` · ${step.assignee.name}` : "")));
  steps.forEach((step, i) => fill(items[i].children[1], stepWhy(step)));
  if (wanted && current) doStep(steps);
}

const stepWhy = (step) => step.why + (step.proposedAt ? ` First time slot that fits: ${whole(new Date(step.proposedAt))}.` : "");

/** Opens the step that a link in a mail names. */
function doStep(steps) {
  const item = [...$("steps").children].find((item) => item.dataset.key === wanted);
  const rule = steps.find((step) => step.key === wanted)?.rule;
  wanted = null;
  if (!item) return;
  if (item.querySelector("details")) item.querySelector("details").open = true;
  if (rule === "summary") {
    $("write-kind").value = "UPDATE";
    $("write-kind").dispatchEvent(new Event("change"));
    return void $("write-text").focus();
  }
  if (rule === "client-update") $("tell-box").open = true;
  item.scrollIntoView({ block: "center" });
}

function stepItem(step) {
  const item = h("li", { "data-key": step.key }, h("p", { class: "step-head" }), h("p", { class: "soft" }, stepWhy(step)));
  if (!viewer?.can.includes("RESPOND")) return item;
  const other = DONE_BY[step.rule];
  const id = `note-${step.key}`;
  const form = h("form", null,
    typeof other === "string" ? h("p", null, other) : "",
    h("label", { for: id }, "What was decided, and why"),
    h("textarea", { id, rows: "2" }),
    h("p", { class: "problem", role: "alert", hidden: true }),
    h("p", { class: "row" }, typeof other === "string" ? "" : h("button", { class: "main", value: "do" }, other ? other[0] : "Mark done"), h("button", { value: "waive" }, "Skip")));
  onSubmit(form, async (_, choice) => {
    const note = form.querySelector("textarea").value;
    if (choice !== "waive" && typeof other === "object") await other[1](note);
    else await ask(SETTLE, { input: { incidentId: current.id, key: step.key, waive: choice === "waive" || typeof other === "string", note } });
    $("said").textContent = `${choice === "waive" ? "Skipped" : "Done"}: ${step.title}`;
    $("incident").focus({ preventScroll: true });
    refreshSoon();
  });
  item.append(h("details", null, h("summary", null, "Mark done or skip", h("span", { class: "unseen" }, `: ${step.title}`)), form));
  return item;
}

// ---- Affected clients ----

function drawClients({ reference, status, clientBoard, clientUpdates }, isLive) {
  $("clients-box").hidden = clientBoard.length === 0;
  $("tell-box").hidden = !(isLive || status === "RESOLVED") || !viewer?.can.includes("RESPOND");
  $("addresses").href = `/incidents/${reference}/addresses.csv`;
  fill($("clients"), ...clientBoard.map(({ client, standing, nextState }) =>
    h("li", null, h("strong", null, client.name), " ", h("span", { class: nextState === "OVERDUE" ? "lack" : "soft" }, standing))));
  keepList($("drafts"), $("tell-box").hidden ? [] : clientUpdates.filter((update) => update.state === "DRAFT"), draftKey, draftItem);
}

const draftKey = (draft) => `${draft.id} ${draft.approvedBy?.name || ""} ${draft.body}`;

/** An update that waits for a second pair of eyes: somebody else approves it, then anyone sends it. */
function draftItem(draft) {
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const button = (label, mutation, input, said, main) => {
    const element = h("button", { type: "button", class: main && "main" }, label);
    element.addEventListener("click", async () => {
      element.disabled = true;
      try {
        await ask(`mutation Draft($input: ${input}!) { ${mutation}(input: $input) { incident { id } } }`, { input: { clientUpdateId: draft.id } });
        $("said").textContent = said;
        refreshSoon();
      } catch (error) {
        element.disabled = false;
        complain(problem, error);
      }
    });
    return element;
  };
  const isMine = draft.author.id === viewer?.person?.id;
  const standing = draft.approvedBy ? `Approved by ${draft.approvedBy.name}` : isMine ? "Somebody else must approve it" : "Not approved yet";
  return h("li", { "data-key": draftKey(draft) },
    h("p", { class: "soft" }, `Draft by ${draft.author.name}. ${standing}.`), prose(draft.body), problem,
    h("p", { class: "row" },
      !draft.approvedBy && !isMine && button("Approve", "approveClientUpdate", "ApproveClientUpdateInput", "Approved", true),
      draft.approvedBy && button("Send to all affected clients", "sendDraftedClientUpdate", "SendDraftedClientUpdateInput", "Sent to the affected clients", true),
      button("Discard", "discardClientUpdate", "DiscardClientUpdateInput", "Discarded")));
}

$("tell-propose").addEventListener("click", async () => {
  const text = $("tell-text"), problem = $("tell").querySelector(".problem");
  if (text.value.trim() && !confirm("Replace what you wrote with the suggested text?")) return;
  try {
    const { incident } = await ask("query Words($reference: String!) { incident(reference: $reference) { clientUpdateDraft } }", { reference: current.reference });
    text.value = incident.clientUpdateDraft;
    text.dispatchEvent(new Event("input", { bubbles: true }));
    show(problem, "");
    text.focus();
  } catch (error) {
    complain(problem, error);
  }
});

onSubmit($("tell"), async (idempotencyKey) => {
  const input = { incidentId: current.id, body: $("tell-text").value, idempotencyKey };
  let said = "Sent to the affected clients";
  try {
    await ask("mutation Tell($input: SendClientUpdateInput!) { sendClientUpdate(input: $input) { clientUpdate { id } } }", { input });
  } catch (error) {
    if (!error.missing?.includes("approveClientUpdate")) throw error;
    const draft = { incidentId: input.incidentId, body: input.body };
    await ask("mutation Draft($input: DraftClientUpdateInput!) { draftClientUpdate(input: $input) { clientUpdate { id } } }", { input: draft });
    said = "Saved as a draft: at this severity somebody else must approve it before it is sent";
  }
  $("tell-text").value = "";
  $("tell-box").open = false;
  $("said").textContent = said;
  refreshSoon();
});

// ---- Tickets and follow-ups ----

const LINK = "mutation Link($input: LinkTicketInput!) { linkTicket(input: $input) { incident { id } } }";
const UNLINK = "mutation Unlink($input: UnlinkTicketInput!) { unlinkTicket(input: $input) { incident { id } } }";
const outside = (url, text) => (url ? h("a", { href: url, rel: "noreferrer" }, text) : text);

function drawTickets({ tickets }, isOpen) {
  const wanted = tickets.filter((ticket) => ticket.link !== "DISMISSED");
  const mayChange = isOpen && viewer?.can.includes("RESPOND");
  $("tickets-box").hidden = wanted.length === 0 && !mayChange;
  $("tickets-empty").hidden = wanted.length > 0;
  $("link-box").hidden = !mayChange;
  keepList($("tickets"), wanted, (ticket) => JSON.stringify([ticket, mayChange]), (ticket) => ticketItem(ticket, mayChange));
}

function ticketItem(ticket, mayChange) {
  const about = [ticket.parent ? "problem ticket" : ticket.client?.name || "client unknown", ticket.status].filter(Boolean).join(", ");
  const item = h("li", { "data-key": JSON.stringify([ticket, mayChange]) }, outside(ticket.url, `#${ticket.externalId}`), ticket.subject ? ` ${ticket.subject}` : "", h("span", { class: "soft" }, ` (${about})`));
  if (ticket.link !== "SUGGESTED") return item;
  item.append(h("span", { class: "lack" }, " May be about this"));
  if (!mayChange) return item;
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const choice = (label, mutation, input) => {
    const button = h("button", { type: "button", "aria-label": `${label}: #${ticket.externalId}` }, label);
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        await ask(mutation, { input });
        $("said").textContent = `${label}: #${ticket.externalId}`;
        refreshSoon();
      } catch (error) {
        complain(problem, error);
        button.disabled = false;
      }
    });
    return button;
  };
  item.append(problem, h("p", { class: "row" }, choice("Link it", LINK, { incidentId: current.id, externalId: ticket.externalId }), choice("Not about this", UNLINK, { ticketId: ticket.id })));
  return item;
}

function drawFollowUps({ followUps }) {
  $("follow-ups-box").hidden = followUps.length === 0;
  fill($("follow-ups"), ...followUps.map(({ title, state, owner, dueOn, cardUrl }) =>
    h("li", null, outside(cardUrl, title), h("span", { class: "soft" }, ` · ${owner.name}${dueOn ? `, by ${day.format(new Date(dueOn))}` : ""}${state === "OPEN" ? "" : `, ${words(state).toLowerCase()}`}`))));
}

onSubmit($("link"), async () => {
  await ask(LINK, { input: { incidentId: current.id, externalId: $("link-number").value } });
  $("said").textContent = `Linked ticket ${$("link-number").value}`;
  $("link").reset();
  $("link-box").open = false;
  refreshSoon();
});

// ---- One incident ----

const EVENT = "fragment Event on TimelineEvent { id sequence kind occurredAt recordedAt text starred details source actor { name } otherIncident { reference name } attachments { fileName downloadUrl } }";
const FACTS = `query Facts($reference: String!) { incident(reference: $reference) { id reference name summary severity status visibility flags impactStartedAt declaredAt reportedAt resolvedAt
  lead { name } clientCommsManager { name } sites { name url runbook expected } clientBoard { client { id name } standing nextState } clientUpdates { id body state author { id name } approvedBy { name } } goals { goal title metAt evidence }
  tickets(link: null) { id externalId url subject status link parent client { name } } followUps { title state dueOn cardUrl owner { name } }
  actions { id title state assignee { name } } nextSteps { key rule title why state dueAt overdueAt proposedAt assignee { name } } latestUpdate { text occurredAt actor { name } } mergedInto { reference } } }`;
const EVENTS = `query Events($id: ID!, $before: String) { node(id: $id) { ... on Incident { timeline(last: ${PAGE}, before: $before, filter: { exceptKinds: [PROMPT] }) { nodes { ...Event }
  pageInfo { startCursor endCursor hasPreviousPage } } } } } ${EVENT}`;
const TAIL = `subscription Tail($id: ID!, $after: String) { timeline(incidentId: $id, after: $after) { cursor node { ...Event } } } ${EVENT}`;
let current = null; // { reference, id, cursor, start, tail }
const typed = new Map(); // what is not sent yet, by incident

async function openIncident(reference) {
  current?.tail?.close();
  // Text that was typed for one incident must not reach another.
  if (current) typed.set(current.reference, $("write-text").value);
  $("write").reset();
  $("judge").reset();
  $("write-status-box").hidden = true;
  $("write-text").value = typed.get(reference) || "";
  const mine = (current = { reference });
  document.body.classList.toggle("reading", Boolean(reference));
  $("incident").hidden = !reference;
  $("nothing").hidden = Boolean(reference);
  markCurrent();
  if (!reference) return void (current = null);
  fill($("facts"), h("p", { class: "soft" }, "Loading"));
  fill($("steps"));
  $("steps-box").hidden = true;
  $("clients-box").hidden = true;
  $("tickets-box").hidden = true;
  $("follow-ups-box").hidden = true;
  fill($("tickets"));
  $("link").reset();
  $("tell").reset(); // text for the clients of one incident must not reach those of another
  $("tell-box").open = false;
  $("timeline").replaceChildren();
  try {
    const incident = await loadFacts();
    if (current !== mine) return;
    const { node } = await ask(EVENTS, { id: incident.id });
    if (current !== mine) return;
    const page = node.timeline;
    Object.assign(mine, { id: incident.id, cursor: page.pageInfo.endCursor, start: page.pageInfo.startCursor });
    page.nodes.forEach(addEvent);
    $("earlier").hidden = !page.pageInfo.hasPreviousPage;
    $("timeline-empty").hidden = page.nodes.length > 0;
    $("incident").focus({ preventScroll: true });
    scrollTo({ top: 0 });
    mine.tail = live(() => stream(TAIL, { id: mine.id, after: mine.cursor }), {
      state: (state) => showState($("timeline-state"), state),
      next: ({ timeline }) => {
        mine.cursor = timeline.cursor;
        addEvent(timeline.node);
        if (timeline.node.kind === "PROMPT") return;
        $("said").textContent = `${words(timeline.node.kind)}${timeline.node.actor ? ` by ${timeline.node.actor.name}` : ""}: ${timeline.node.text.slice(0, 120)}`;
      },
    });
  } catch (error) {
    if (current === mine) fill($("facts"), h("p", { class: "problem", role: "alert" }, error.words || String(error)));
  }
}

async function loadFacts() {
  const mine = current;
  const { incident } = await ask(FACTS, { reference: mine.reference });
  if (!incident) throw new Refusal({ message: `${mine.reference} does not exist, or you may not see it.`, extensions: { code: "NOT_FOUND" } });
  if (current === mine) drawFacts(incident);
  return incident;
}

function drawFacts(incident) {
  const isLive = ["INVESTIGATING", "FIXING", "MONITORING"].includes(incident.status);
  const fact = (term, value, lacking) => [h("dt", null, term), h("dd", lacking ? { class: "lack" } : null, value)];
  const start = began(incident);
  const clients = incident.clientBoard.length > 0;
  drawClients(incident, isLive);
  drawTickets(incident, incident.status !== "MERGED");
  drawFollowUps(incident);
  const todo = incident.actions.filter((action) => action.state === "OPEN");
  const update = incident.latestUpdate;
  fill($("facts"),
    h("p", { class: "head" }, badge(incident.severity), h("span", { class: "ref" }, incident.reference), h("span", { class: "status" }, words(incident.status)), ...marks(incident)),
    h("h2", { id: "incident-title" }, incident.name),
    incident.mergedInto && h("p", null, "Continues as ", h("a", { href: `#${incident.mergedInto.reference}` }, incident.mergedInto.reference), "."),
    incident.summary ? prose(incident.summary) : "",
    update ? h("div", { class: "update" }, h("h3", null, "Latest update, ", moment(update.occurredAt, minuteClock), update.actor ? `, ${update.actor.name}` : ""), prose(update.text)) : "",
    h("dl", null,
      ...fact("Lead", incident.lead?.name || "Nobody yet", isLive && !incident.lead),
      ...(clients ? fact("Client comms", incident.clientCommsManager?.name || "Nobody yet: affected clients are not hearing from us", isLive && !incident.clientCommsManager) : []),
      ...fact("Began", h("span", null, moment(start, minuteClock), ` ${zoneName}, `, isLive ? ageing(start, " ago") : incident.resolvedAt ? `lasted ${span(start, new Date(incident.resolvedAt))}` : ageing(start, " ago"))),
      ...incident.sites.flatMap((site) => fact("Site", h("span", null, site.url ? h("a", { href: site.url, rel: "noreferrer" }, site.name) : site.name, site.runbook ? " · " : "", site.runbook ? h("a", { href: site.runbook, rel: "noreferrer" }, "runbook") : "", site.expected ? h("span", { class: "soft" }, ` Normal there: ${site.expected}`) : "")))),
    todo.length ? h("div", null, h("h3", null, "To do"), h("ul", { class: "plain" }, ...todo.map((action) => h("li", null, `${action.title} · `, h("span", { class: action.assignee ? "soft" : "lack" }, action.assignee ? action.assignee.name : "nobody yet"))))) : "",
    incident.declaredAt ? h("details", null, h("summary", null, `Goals: ${incident.goals.filter((goal) => goal.metAt).length} of ${incident.goals.length} met`),
      h("ul", { class: "goals" }, ...incident.goals.map((goal) => h("li", { class: goal.metAt ? "met" : "" }, h("span", { "aria-hidden": "true" }, goal.metAt ? "✓ " : "· "), `${goal.title}: `, h("span", { class: "soft" }, goal.metAt ? goal.evidence : "not yet"))))) : "");
  drawSteps(incident.nextSteps);
  // The report of an alert must not become less by an oversight.
  if (incident.status === "TRIAGE" && $("judge").hidden && incident.severity === "CRITICAL") $("judge-severity").value = incident.severity;
  $("judge").hidden = incident.status !== "TRIAGE" || !viewer?.can.includes("RESPOND");
  $("write").hidden = incident.status === "MERGED" || (viewer && !viewer.can.includes("RESPOND"));
}

function addEvent(event) {
  const list = $("timeline");
  // Reminders are on the steps above; on the timeline they would hide what people did.
  if (event.kind === "PROMPT" || list.querySelector(`[data-sequence="${event.sequence}"]`)) return;
  const late = Math.abs(new Date(event.recordedAt) - new Date(event.occurredAt)) > 60000;
  const sameDay = day.format(new Date(event.occurredAt)) === day.format(new Date());
  const corrected = event.kind === "AMENDMENT" && event.details?.sequence;
  const item = h("li", { "data-sequence": event.sequence, "data-kind": event.kind, value: event.sequence },
    h("p", { class: "event-head" }, moment(event.occurredAt, clock), sameDay ? "" : ` ${day.format(new Date(event.occurredAt))}`, h("span", { class: "kind" }, corrected ? `Correction of #${corrected}` : words(event.kind)),
      event.actor?.name || event.details?.source || words(event.source), event.starred ? h("span", { class: "star" }, "★ key moment") : ""),
    prose(event.text),
    event.otherIncident ? h("p", null, h("a", { href: `#${event.otherIncident.reference}` }, event.otherIncident.reference), `: ${event.otherIncident.name}`) : "",
    late ? h("p", { class: "soft" }, "Recorded at ", moment(event.recordedAt, clock)) : "",
    corrected && event.details.reason ? h("p", { class: "soft" }, `Because: ${event.details.reason}`) : "",
    ...event.attachments.map((file) => h("p", null, h("a", { href: new URL(file.downloadUrl).pathname }, file.fileName))));
  const later = [...list.children].find((other) => Number(other.dataset.sequence) < event.sequence);
  list.insertBefore(item, later || null);
  if (corrected) item.dataset.of = corrected;
  $("timeline-empty").hidden = true;
  for (const amendment of list.querySelectorAll("[data-of]")) {
    const target = list.querySelector(`[data-sequence="${amendment.dataset.of}"]:not(.corrected)`);
    if (!target) continue;
    target.classList.add("corrected");
    target.querySelector(".kind").append(`, corrected by #${amendment.dataset.sequence}`);
  }
}

// ---- Forms ----

/** A key for one intention: sending the same form again after a failure does not do it twice. */
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Runs `send` when the form is sent: one at a time, refusals in words beside the button. */
function onSubmit(form, send) {
  const problem = form.querySelector(".problem");
  let key = newKey();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const buttons = form.querySelectorAll("button");
    buttons.forEach((button) => (button.disabled = true));
    show(problem, "");
    try {
      await send(key, event.submitter?.value);
      key = newKey();
    } catch (error) {
      complain(problem, error);
    } finally {
      buttons.forEach((button) => (button.disabled = false));
    }
  });
  form.addEventListener("input", () => (key = newKey()));
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
}

const DECLARE = "mutation Declare($input: DeclareIncidentInput!) { declareIncident(input: $input) { incident { reference } } }";

onSubmit($("new"), async (idempotencyKey) => {
  const name = $("new-name").value, description = $("new-text").value || null;
  const siteIds = $("new-site").value ? [$("new-site").value] : null;
  const declares = $("new").elements.how.value === "declare";
  const data = declares
    ? await ask(DECLARE, { input: { name, description, siteIds, idempotencyKey, severity: $("new-severity").value, leadId: $("new-lead").checked ? viewer.person.id : null } })
    : await ask("mutation Report($input: ReportIncidentInput!) { reportIncident(input: $input) { incident { reference } } }", { input: { name, description, siteIds, idempotencyKey } });
  $("new").reset();
  $("new-declare").hidden = true;
  $("new-box").open = false;
  location.hash = (declares ? data.declareIncident : data.reportIncident).incident.reference;
});

onSubmit($("judge"), async (idempotencyKey, choice) => {
  const incidentId = current.id;
  if (choice === "decline") {
    const input = { incidentId, reason: $("judge-reason").value };
    if (!input.reason.trim()) throw new Refusal({ message: "Say in a few words why it isn't an incident.", extensions: { code: "BAD_USER_INPUT" } });
    await ask("mutation Decline($input: DeclineIncidentInput!) { declineIncident(input: $input) { incident { id } } }", { input });
  } else {
    await ask(DECLARE, { input: { incidentId, idempotencyKey, severity: $("judge-severity").value, leadId: viewer.person.id } });
  }
  $("judge").reset();
  await loadFacts();
});

onSubmit($("write"), async (idempotencyKey) => {
  const incidentId = current.id, text = $("write-text").value, kind = $("write-kind").value;
  if (kind === "UPDATE") {
    const input = { incidentId, text, status: $("write-status").value || null };
    await ask("mutation Post($input: PostUpdateInput!) { postUpdate(input: $input) { event { id } } }", { input });
  } else {
    await ask("mutation Write($input: AddTimelineEventInput!) { addTimelineEvent(input: $input) { event { id } } }", { input: { incidentId, kind, text, idempotencyKey } });
  }
  $("write-text").value = "";
  $("write-status").value = "";
  $("write-text").focus();
});

onSubmit($("token"), async () => {
  const input = { name: "Made on the first page", accessLevel: viewer.person.accessLevel };
  const data = await ask("mutation Token($input: CreateApiTokenInput!) { createApiToken(input: $input) { token expiresAt } }", { input });
  drawToken(data.createApiToken);
});

function drawToken({ token, expiresAt }) {
  const post = (query, path = "", flag = "-s") => `curl ${flag} ${location.origin}/graphql${path} -H "Authorization: Bearer $MUSTER_TOKEN" -H 'Content-Type: application/json' -d '${JSON.stringify({ query })}'`;
  const lines = [
    ["Your token. It is shown only once.", token],
    ["Make it available to the shell", `export MUSTER_TOKEN=${token}`],
    ["List live incidents", post("{ incidents(filter: {live: true}) { nodes { reference name severity status } } }")],
    ["Declare an incident", post('mutation { declareIncident(input: {name: "example.org returns errors", severity: MAJOR}) { incident { reference id } } }')],
    ["Watch incidents change", post("subscription { incidentChanged { reference status severity } }", "/stream", "-N")],
  ];
  $("token-out").replaceChildren(
    ...lines.map(([what, text]) => {
      const copy = h("button", { type: "button", "aria-label": `Copy: ${what}` }, "Copy");
      copy.addEventListener("click", () => copyText(text, copy));
      return h("div", { class: "line" }, h("p", null, what), h("pre", { tabindex: "0" }, text), copy);
    }),
    h("p", { class: "soft" }, "It works until ", moment(expiresAt, day), ". To revoke it sooner, use the mutation revokeApiToken."));
}

async function copyText(text, button) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    const range = document.createRange(); // without https there is no clipboard: select it for the person to copy
    range.selectNodeContents(button.previousElementSibling);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    button.textContent = "Selected: now copy it";
  }
  setTimeout(() => (button.textContent = "Copy"), 3000);
}

async function showEarlier() {
  const mine = current;
  try {
    const { node } = await ask(EVENTS, { id: mine.id, before: mine.start });
    if (current !== mine) return;
    node.timeline.nodes.forEach(addEvent);
    mine.start = node.timeline.pageInfo.startCursor;
    $("earlier").hidden = !node.timeline.pageInfo.hasPreviousPage;
  } catch (error) {
    complain($("problem"), error);
  }
}

// ---- Start ----

let soon;
function refreshSoon() {
  clearTimeout(soon);
  soon = setTimeout(() => {
    refresh();
    if (current?.id) loadFacts().catch((error) => complain($("problem"), error));
  }, 200);
}

const linked = /^\/incidents\/(?:INC-)?(\d+)$/i.exec(location.pathname); // the address used in mails
let wanted = new URLSearchParams(location.search).get("do");
if (linked) history.replaceState(null, "", `/#INC-${Number(linked[1])}`);
const route = () => openIncident(/^#INC-\d+$/.test(location.hash) ? location.hash.slice(1) : null);

for (const select of [$("new-severity"), $("judge-severity")]) {
  select.append(...Object.entries(SEVERITIES).map(([value, [, name, meaning]]) => h("option", { value, selected: value === "MAJOR" }, `${name}: ${meaning}`)));
}
$("zone").textContent = zoneName;
$("new").addEventListener("change", () => ($("new-declare").hidden = $("new").elements.how.value !== "declare"));
$("write-kind").addEventListener("change", () => ($("write-status-box").hidden = $("write-kind").value !== "UPDATE"));
$("earlier").addEventListener("click", showEarlier);
addEventListener("hashchange", route);
addEventListener("visibilitychange", () => document.hidden || refreshSoon());
setInterval(growOlder, 20000);
setInterval(refreshSoon, 60000); // steps fall due by the clock, which sends no event
refresh().then(route);
live(() => stream("subscription { incidentChanged { id } }"), {
  next: refreshSoon,
  state: (state) => {
    showState($("state"), state);
    if (state === "live") refreshSoon(); // what changed while we were not listening
  },
});
