"use strict";
// Signing in with a passkey, and the page on which people see, add and remove theirs.

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** What the server answers; an error has its words. */
async function post(path, body) {
  const headers = body && { "content-type": "application/json" };
  const response = await fetch(path, { method: "POST", headers, body: body && JSON.stringify(body) });
  const answer = response.status === 204 ? null : await response.json();
  if (!response.ok) throw new Error(answer.error ? answer.error.message : response.statusText);
  return answer;
}

async function ask(query, variables) {
  const { data, errors } = await post("/graphql", { query, variables });
  if (errors) throw new Error(errors[0].message);
  return data;
}

/** What went wrong, in words. Browsers do not tell a refusal from an absence, so that pages learn nothing. */
function words(error) {
  if (error.name === "NotAllowedError") return "No passkey was used: it was cancelled, took too long, or this device has none for Muster.";
  if (error.name === "InvalidStateError") return "This device has a passkey for Muster already.";
  if (error.name === "SecurityError") return "Passkeys work only at Muster's own address: open the one that your team uses.";
  return error.message;
}

async function make(options) {
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: options.excludeCredentials.map(({ type, id }) => ({ type, id: bytes(id) })),
  };
  const { id, response, authenticatorAttachment } = await navigator.credentials.create({ publicKey });
  return {
    id, rawId: id, type: "public-key", authenticatorAttachment, clientExtensionResults: {},
    response: { clientDataJSON: text(response.clientDataJSON), attestationObject: text(response.attestationObject) },
  };
}

async function show(options) {
  const publicKey = { ...options, challenge: bytes(options.challenge) };
  const { id, response, authenticatorAttachment } = await navigator.credentials.get({ publicKey });
  return {
    id, rawId: id, type: "public-key", authenticatorAttachment, clientExtensionResults: {},
    response: {
      clientDataJSON: text(response.clientDataJSON), authenticatorData: text(response.authenticatorData),
      signature: text(response.signature), userHandle: text(response.userHandle),
    },
  };
}

/** Runs what a button or form starts, once at a time, and says what went wrong with it. */
function guard(problem, button, work) {
  return async (event) => {
    event.preventDefault();
    problem.hidden = true;
    button.disabled = true;
    try {
      await work();
    } catch (error) {
      problem.textContent = words(error);
      problem.hidden = false;
    }
    button.disabled = false;
  };
}

const $ = (id) => document.getElementById(id);

if ($("passkey-sign-in") && window.PublicKeyCredential) {
  const button = $("passkey-sign-in");
  button.parentElement.hidden = false;
  button.addEventListener("click", guard($("passkey-problem"), button, async () => {
    await post("/sign-in/passkey/finish", { credential: await show(await post("/sign-in/passkey/begin")) });
    location.reload();
  }));
}

if ($("passkey-add")) {
  const [form, list, problem] = [$("passkey-add"), $("passkeys"), $("passkeys-problem")];
  const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
  const date = (iso) => day.format(new Date(iso));

  const row = ({ id, name, createdAt, usedAt }) => {
    const [item, about, button] = ["li", "span", "button"].map((tag) => document.createElement(tag));
    about.className = "soft";
    about.textContent = ` added on ${date(createdAt)}, ${usedAt ? `last used on ${date(usedAt)}` : "not used yet"} `;
    button.textContent = "Remove";
    button.className = "quiet";
    button.setAttribute("aria-label", `Remove ${name}`);
    button.addEventListener("click", guard(problem, button, async () => {
      if (!confirm(`Remove the passkey “${name}”? It will sign nobody in any more.`)) return;
      await ask("mutation($id: ID!) { removePasskey(input: { passkeyId: $id }) { passkeyId } }", { id });
      await refresh();
    }));
    item.append(name, about, button);
    return item;
  };

  const refresh = async () => {
    const { viewer } = await ask("{ viewer { person { passkeys { id name createdAt usedAt } } } }");
    const passkeys = viewer.person.passkeys || [];
    list.replaceChildren(...passkeys.map(row));
    $("passkeys-empty").hidden = passkeys.length > 0;
  };

  form.addEventListener("submit", guard(problem, form.querySelector("button"), async () => {
    if (!window.PublicKeyCredential) throw new Error("This browser does not know passkeys.");
    const name = $("passkey-name").value;
    await post("/passkeys/finish", { name, credential: await make(await post("/passkeys/begin")) });
    form.reset();
    await refresh();
  }));
  guard(problem, form.querySelector("button"), refresh)(new Event("load"));
}
