// The HTTP API with the key of this browser tab. Every failure is an Error whose message is the service's own sentence.

import { byId } from "./dom.js";

const STORED = "glossa-key";

function keyFromAddress() {
  const key = new URLSearchParams(location.hash.slice(1)).get("key");
  if (!key) return;
  sessionStorage.setItem(STORED, key);
  history.replaceState(null, "", location.pathname); // the key must not stay in the address or the history
}

keyFromAddress();
addEventListener("hashchange", () => {
  keyFromAddress();
  byId("key-dialog").close();
});

let asking = null;

function askForKey(reason) {
  const dialog = byId("key-dialog");
  if (reason) byId("key-reason").textContent = reason;
  asking ??= new Promise((resolve) => {
    dialog.addEventListener(
      "close",
      () => {
        const typed = byId("key").value.trim();
        if (typed) sessionStorage.setItem(STORED, typed);
        byId("key").value = "";
        asking = null;
        resolve();
      },
      { once: true },
    );
    dialog.showModal();
  });
  return asking;
}

export async function call(path, options = {}) {
  while (!sessionStorage.getItem(STORED)) await askForKey();
  const key = sessionStorage.getItem(STORED);
  let response;
  try {
    response = await fetch(path, { ...options, headers: { ...options.headers, Authorization: `Bearer ${key}` } });
  } catch {
    throw new Error("The service cannot be reached; is it still running?");
  }
  if (response.status === 401) {
    if (sessionStorage.getItem(STORED) === key) sessionStorage.removeItem(STORED);
    await askForKey(`${(await problem(response)).message} A link from a new start of the service holds a new key.`);
    return call(path, options);
  }
  if (!response.ok) throw await problem(response);
  return response;
}

async function problem(response) {
  const facts = { status: response.status, retryAfter: Number(response.headers.get("Retry-After")) };
  try {
    return Object.assign(new Error((await response.json()).detail), facts);
  } catch {
    return Object.assign(new Error(`The service answered ${response.status}.`), facts); // not one of its own errors
  }
}

export async function json(path, body) {
  const options = body === undefined ? {} : { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  return (await call(path, options)).json();
}

export async function download(id, name) {
  const blob = await (await call(`/v1/documents/${id}/content`)).blob();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name.split("/").pop();
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
