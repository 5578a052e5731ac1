// Uploads: chosen or dropped files and folders, sent in batches, each with its own result.

import { call } from "./api.js";
import { byId, make, notice } from "./dom.js";
import { refresh } from "./documents.js";

const BATCH_FILES = 20; // rows appear while the rest is still on its way
const BATCH_BYTES = 50e6;
const QUEUE_FULL = 429;

export async function send(files) {
  byId("refused").replaceChildren();
  let batch = [];
  let bytes = 0;
  for (const file of files) {
    if (batch.length && (batch.length >= BATCH_FILES || bytes + file.blob.size > BATCH_BYTES)) {
      await sendBatch(batch);
      [batch, bytes] = [[], 0];
    }
    batch.push(file);
    bytes += file.blob.size;
  }
  if (batch.length) await sendBatch(batch);
}

async function sendBatch(batch) {
  const form = new FormData();
  form.append("collection", byId("upload-collection").value.trim() || "default");
  for (const { blob, name } of batch) form.append("files", blob, name);
  try {
    const { documents } = await (await call("/v1/documents", { method: "POST", body: form })).json();
    for (const row of documents) if (!row.id) refused(row.name, row.error);
  } catch (error) {
    if (error.status === QUEUE_FULL) {
      notice("Many documents wait already. The upload goes on by itself when some are ready; leave this page open.");
      await new Promise((resolve) => setTimeout(resolve, 1000 * (error.retryAfter || 1)));
      return sendBatch(batch);
    }
    for (const { name } of batch) refused(name, error.message);
  }
  refresh();
}

function refused(name, reason) {
  byId("refused").append(make("li", {}, make("strong", {}, name), ` ${reason}`));
}

async function filesOf(entry) {
  if (entry.isFile) {
    const blob = await new Promise((resolve, reject) => entry.file(resolve, reject));
    return [{ blob, name: entry.fullPath.replace(/^\//, "") }];
  }
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // gives 100 at a time
    if (!entries.length) return found;
    for (const inner of entries) if (!inner.name.startsWith(".")) found.push(...(await filesOf(inner)));
  }
}

byId("choose").addEventListener("click", () => byId("files").click());
byId("files").addEventListener("change", () => {
  const files = [...byId("files").files].map((blob) => ({ blob, name: blob.name }));
  byId("files").value = "";
  send(files);
});

export function acceptDrops(onDrop) {
  let depth = 0;
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => {
    if (!holdsFiles(event)) return;
    depth += 1;
    byId("drop").hidden = false;
  });
  addEventListener("dragleave", () => {
    depth = Math.max(0, depth - 1);
    byId("drop").hidden = depth === 0;
  });
  addEventListener("dragover", (event) => holdsFiles(event) && event.preventDefault());
  addEventListener("drop", async (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    depth = 0;
    byId("drop").hidden = true;
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry()).filter(Boolean);
    onDrop();
    const files = (await Promise.all(entries.map(filesOf))).flat();
    send(files);
  });
}
