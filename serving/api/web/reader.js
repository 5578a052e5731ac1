// The panel that shows a passage in its page.

import { download, json } from "./api.js";
import { byId, make, notice } from "./dom.js";

let open = null; // {id, name, page, pages}
let cameFrom = null;

export async function read(id, page, span = null) {
  let text;
  try {
    text = await json(`/v1/documents/${encodeURIComponent(id)}/text?page=${page}`);
  } catch (error) {
    notice(error.message);
    return;
  }
  if (byId("reader").hidden) cameFrom = document.activeElement;
  open = { id, name: text.name, page: text.page, pages: text.pages };
  byId("reader-name").textContent = text.name;
  byId("reader-place").textContent = `Page ${text.page} of ${text.pages}${text.label ? ` · ${text.label}` : ""}`;
  byId("reader-previous").disabled = text.page <= 1;
  byId("reader-next").disabled = text.page >= text.pages;
  show(text.text, span);
  byId("reader").hidden = false;
  document.body.classList.add("reading");
  const mark = byId("reader-text").querySelector("mark");
  if (mark) mark.scrollIntoView({ block: "center" });
  else byId("reader-text").scrollTop = 0;
  byId("reader-text").focus({ preventScroll: true });
}

function show(text, span) {
  const box = byId("reader-text");
  box.lang = span?.language && span.language !== "und" ? span.language : "";
  if (!span) {
    box.replaceChildren(text);
    return;
  }
  const points = Array.from(text); // spans count code points, as Python does
  const part = (start, end) => points.slice(start, end).join("");
  box.replaceChildren(part(0, span.start), make("mark", {}, part(span.start, span.end)), part(span.end));
}

export function closeReader() {
  if (byId("reader").hidden) return;
  byId("reader").hidden = true;
  document.body.classList.remove("reading");
  if (cameFrom?.isConnected) cameFrom.focus();
}

export function closeReaderOf(id) {
  if (open?.id === id) closeReader();
}

byId("reader-close").addEventListener("click", closeReader);
byId("reader-previous").addEventListener("click", () => read(open.id, open.page - 1));
byId("reader-next").addEventListener("click", () => read(open.id, open.page + 1));
byId("reader-download").addEventListener("click", () => download(open.id, open.name).catch((error) => notice(error.message)));
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !document.querySelector("dialog[open]")) closeReader();
});
