// Questions and their streamed answers.

import { call } from "./api.js";
import { byId, languageName, make } from "./dom.js";
import { read } from "./reader.js";
import { events } from "./sse.js";

const box = byId("question");
const MARK = /\s*\[(\d+)\]/g;
const SPACES = /\s+/g;
const AROUND = 140; // characters shown before and after a quote

box.addEventListener("input", grow);
box.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    byId("ask-form").requestSubmit();
  }
});
byId("ask-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const question = box.value.trim();
  if (!question || byId("ask-button").disabled) return;
  box.value = "";
  grow();
  ask(question);
});

function grow() {
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight, innerHeight / 3)}px`;
}

async function ask(question) {
  byId("hint").hidden = true;
  byId("ask-button").disabled = true;
  const answer = make("div", { class: "answer", "aria-live": "polite", "aria-busy": "true" }, make("p", { class: "waiting" }, "Reading the documents…"));
  const turn = make("article", { class: "turn" }, make("h2", { dir: "auto" }, question), answer);
  byId("turns").prepend(turn);
  try {
    const body = JSON.stringify({ question, stream: true });
    await follow(await call("/v1/ask", { method: "POST", body, headers: { "Content-Type": "application/json" } }), turn, answer);
  } catch (error) {
    answer.replaceChildren(make("p", { class: "problem" }, error.message));
  } finally {
    answer.setAttribute("aria-busy", "false");
    byId("ask-button").disabled = false;
    box.focus();
  }
}

async function follow(response, turn, answer) {
  let text = "";
  let passages = [];
  let finished = false;
  for await (const { name, data } of events(response)) {
    if (name === "passages") passages = data.passages;
    if (name === "delta") answer.replaceChildren(make("p", { dir: "auto" }, (text += data.text)));
    if (name === "error") throw new Error(data.detail);
    if (name === "done") {
      finished = true;
      answer.replaceChildren(...(data.generator === "extractive" ? quotes : written)(data, passages));
      turn.append(foot(data, passages));
    }
  }
  if (!finished) throw new Error("The answer broke off; ask again.");
}

// What was quoted, one paragraph a quote, each within a line or two of what stands around it.
function quotes(data, passages) {
  if (!data.citations.length) return [make("p", { class: "nothing", lang: data.language === "und" ? null : data.language, dir: "auto" }, data.answer)];
  return data.citations.map((citation) => {
    const { mark, source, passage } = proof(citation, passages);
    const lang = passage && passage.language !== "und" ? passage.language : null;
    const [before, after] = around(citation, passage);
    const quote = make("strong", {}, citation.quote.replace(SPACES, " "));
    return make("blockquote", {}, make("p", { lang, dir: "auto" }, before, quote, after, " ", mark), source);
  });
}

// The words of the passage before and after a quote, whole ones, with dots where more follows.
function around(citation, passage) {
  if (!passage) return ["", ""];
  const points = Array.from(passage.text); // spans count code points, as Python does
  const before = points.slice(0, citation.start - passage.start).join("").trim().replace(SPACES, " ");
  const after = points.slice(citation.end - passage.start).join("").trim().replace(SPACES, " ");
  const last = before.length > AROUND ? `… ${before.slice(-AROUND).replace(/^\S*\s/, "")}` : before;
  const first = after.length > AROUND ? `${after.slice(0, AROUND).replace(/\s\S*$/, "")} …` : after;
  return [last && `${last} `, first && ` ${first}`];
}

// What a language model wrote: its paragraphs with marks in them, and below the sources with the words they quote.
function written(data, passages) {
  const citations = new Map(data.citations.map((citation) => [citation.marker, citation]));
  const lang = data.language === "und" ? null : data.language;
  const paragraphs = data.answer.split(/\n+/).filter((text) => text.trim()).map((text) => {
    const parts = text.split(MARK).map((part, index) => {
      const citation = index % 2 ? citations.get(Number(part)) : null;
      return citation ? proof(citation, passages).mark : index % 2 ? "" : part;
    });
    return make("p", { lang, dir: "auto" }, ...parts);
  });
  const sources = data.citations.map((citation) => {
    const { mark, source, passage } = proof(citation, passages);
    const lang = passage && passage.language !== "und" ? passage.language : null;
    return make("li", {}, mark, " ", source, make("p", { lang, dir: "auto" }, citation.quote));
  });
  return sources.length ? [...paragraphs, make("ul", { class: "sources" }, ...sources)] : paragraphs;
}

function proof(citation, passages) {
  const { document_id: id, page, start, end } = citation;
  const passage = passages.find((each) => each.document_id === id && each.page === page && each.start <= start && end <= each.end);
  const open = () => read(id, page, { start, end, language: passage?.language });
  const label = `Source ${citation.marker}: ${citation.name}, page ${citation.page}`;
  const mark = make("button", { type: "button", class: "mark", "aria-label": label, title: label, onclick: open }, String(citation.marker));
  const source = make("button", { type: "button", class: "source", onclick: open }, place(citation, passage));
  return { mark, source, passage };
}

// From which document, page and section something comes, and in which language it is.
function place(where, passage) {
  const heading = passage?.context.split(". ").pop();
  const section = heading?.includes(";") ? null : heading; // the columns of a table
  return [where.name, `page ${where.page}`, section, languageName(passage?.language)].filter(Boolean).join(" · ");
}

// The probability that the first quote answers, in words.
function sureness(confidence) {
  const percent = `${Math.round(100 * confidence)}%`;
  return confidence >= 0.8 ? `Confident (${percent}).` : confidence >= 0.55 ? `Fairly confident (${percent}).` : `Not confident (${percent}): check the source.`;
}

function foot(data, passages) {
  const told = [];
  if (data.citations.length && data.generator === "extractive") told.push("Quoted from the documents, not written by a language model.", sureness(data.confidence));
  if (data.refusal) told.push(`A guard refused the ${data.refusal.of}: ${data.refusal.categories.join(", ")}.`);
  else if (data.generator !== "extractive") told.push(`Written by ${data.generator} from the passages below.`);
  told.push(...data.notes);
  if (data.timings_ms?.total) told.push(`${Math.round(data.timings_ms.total)} ms`);
  const found = passages.map((passage) => {
    const open = () => read(passage.document_id, passage.page, passage);
    const head = make("button", { type: "button", class: "source", onclick: open }, place(passage, passage));
    const lang = passage.language === "und" ? null : passage.language;
    return make("li", {}, head, make("span", { class: "score", title: "Score, 0 to 1" }, passage.score.toFixed(2)), make("p", { lang, dir: "auto" }, passage.text));
  });
  const count = `${found.length} ${found.length === 1 ? "passage was" : "passages were"} read`;
  const title = data.citations.length ? count : "The nearest passages, which may still help";
  const list = found.length ? make("details", { open: !data.citations.length }, make("summary", {}, title), make("ol", { class: "passages" }, ...found)) : null;
  return make("footer", {}, make("p", { class: "hint" }, told.join(" ")), list);
}
