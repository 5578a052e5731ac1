// The list of documents: status, progress and errors.

import { call, download, json } from "./api.js";
import { byId, languageName, make, notice, size } from "./dom.js";
import { closeReaderOf, read } from "./reader.js";

const POLL_MS = 1000;
const STATUS = { queued: "waiting", parsing: "reading", embedding: "indexing", ready: "ready", failed: "failed" };
let shown = 50;
let timer = null;
let latest = 0;

export async function refresh() {
  clearTimeout(timer);
  const look = ++latest; // if two run at once, only the later one updates the list
  const query = new URLSearchParams({ limit: Math.min(shown, 200) });
  if (byId("filter-collection").value) query.set("collection", byId("filter-collection").value);
  if (byId("filter-status").value) query.set("status", byId("filter-status").value);
  try {
    const { collections } = await json("/v1/collections"); // first, so that a document that finishes meanwhile is seen now or at the next poll
    const documents = await pages(query);
    if (look !== latest) return;
    show(documents.rows, documents.more);
    showCollections(collections);
    if (showWork(collections)) timer = setTimeout(refresh, POLL_MS);
  } catch (error) {
    if (look !== latest) return;
    notice(error.message);
    timer = setTimeout(refresh, 5 * POLL_MS);
  }
}

function showWork(collections) {
  const unfinished = collections.reduce((sum, collection) => sum + collection.unfinished, 0);
  const work = byId("work");
  work.hidden = unfinished < 2; // for a single document the list is enough
  work.textContent = `${unfinished} documents are waiting or being read.`;
  return unfinished;
}

async function pages(query) {
  const rows = [];
  let cursor = null;
  do {
    if (cursor) query.set("cursor", cursor);
    const page = await json(`/v1/documents?${query}`);
    rows.push(...page.documents);
    cursor = page.next_cursor;
  } while (cursor && rows.length < shown);
  return { rows, more: Boolean(cursor) };
}

function show(rows, more) {
  const list = byId("list");
  const focused = document.activeElement?.closest?.("[data-id]")?.dataset.id;
  const which = document.activeElement?.className;
  const known = new Map([...list.children].map((node) => [node.dataset.id, node]));
  list.replaceChildren(
    ...rows.map((row) => {
      const state = JSON.stringify(row);
      const old = known.get(row.id);
      return old?.dataset.state === state ? old : item(row, state);
    }),
  );
  if (focused && !list.contains(document.activeElement)) list.querySelector(`[data-id="${focused}"] .${which?.split(" ")[0] || "name"}`)?.focus();
  byId("empty").hidden = rows.length > 0;
  byId("more").hidden = !more;
}

function item(row, state) {
  const facts = [progress(row) || damage(row), row.language && languageName(row.language), row.status === "ready" && `${row.pages} ${row.pages === 1 ? "page" : "pages"}`, size(row.size), row.collection];
  const name = make("button", { type: "button", class: "name", disabled: row.status !== "ready", onclick: () => read(row.id, 1) }, row.name);
  const waiting = !["ready", "failed"].includes(row.status);
  return make(
    "li",
    { "data-id": row.id, "data-state": state, class: row.status },
    make("div", { class: "what" }, name, make("p", { class: "hint" }, facts.filter(Boolean).join(" · ")), ...unread(row).map((note) => make("p", { class: "hint" }, note)), row.error && make("p", { class: "problem" }, row.error)),
    make("span", { class: "status" }, waiting ? make("progress", { max: 1, value: row.progress, "aria-label": `${row.name}: ${STATUS[row.status]}` }) : "", STATUS[row.status]),
    waiting ? make("button", { type: "button", class: "quiet cancel", "aria-label": `Stop reading ${row.name}`, title: "Stop", onclick: () => act(row, "cancel") }, "■") : "",
    row.retry_helps ? make("button", { type: "button", class: "quiet retry", "aria-label": `Try ${row.name} again`, title: "Try again", onclick: () => act(row, "retry") }, "↻") : "",
    make("button", { type: "button", class: "quiet fetch", "aria-label": `Download ${row.name}`, title: "Download", onclick: () => download(row.id, row.name).catch((error) => notice(error.message)) }, "↓"),
    make("button", { type: "button", class: "quiet delete", "aria-label": `Delete ${row.name}`, title: "Delete", onclick: () => askToDelete(row) }, "✕"),
  );
}

function progress(row) {
  if (row.status !== "parsing" || !row.pages_read) return "";
  return row.pages ? `page ${row.pages_read} of ${row.pages}` : `page ${row.pages_read}`;
}

function damage(row) {
  return row.damaged.length && `text layer damaged: ${pagesOf(row.damaged)}`;
}

function unread(row) {
  return row.notes.map((note) => (row.pages > 1 ? `${note.text.replace(/\.$/, "")} (${pagesOf(note.pages)})` : note.text));
}

function pagesOf(numbers) {
  const starts = numbers.filter((number) => !numbers.includes(number - 1));
  const ends = numbers.filter((number) => !numbers.includes(number + 1));
  const spans = starts.map((start, at) => (start === ends[at] ? start : `${start}-${ends[at]}`)).join(", ");
  return `${numbers.length === 1 ? "page" : "pages"} ${spans}`;
}

async function act(row, what) {
  try {
    await call(`/v1/documents/${encodeURIComponent(row.id)}/${what}`, { method: "POST" });
  } catch (error) {
    notice(error.message);
  }
  refresh();
}

function showCollections(collections) {
  const select = byId("filter-collection");
  const chosen = select.value;
  const all = make("option", { value: "" }, "all collections");
  select.replaceChildren(all, ...collections.map(({ name }) => make("option", { value: name }, name)));
  select.value = collections.some(({ name }) => name === chosen) ? chosen : "";
  byId("collection-names").replaceChildren(...collections.map(({ name }) => make("option", { value: name })));
  const total = collections.reduce((sum, { documents }) => sum + documents, 0);
  byId("document-count").textContent = total || "";
}

function askToDelete(row) {
  const dialog = byId("delete-dialog");
  byId("delete-name").textContent = row.name;
  dialog.returnValue = "keep";
  dialog.addEventListener("close", () => dialog.returnValue === "delete" && remove(row), { once: true });
  dialog.showModal();
}

async function remove(row) {
  try {
    await call(`/v1/documents/${encodeURIComponent(row.id)}`, { method: "DELETE" });
    closeReaderOf(row.id);
  } catch (error) {
    notice(error.message);
  }
  refresh();
}

for (const id of ["filter-collection", "filter-status"]) byId(id).addEventListener("change", refresh);
byId("more").addEventListener("click", () => {
  shown += 50;
  refresh();
});
