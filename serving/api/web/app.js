// Ties the page together: views and theme.

import "./ask.js";
import { byId } from "./dom.js";
import { refresh } from "./documents.js";
import { acceptDrops } from "./upload.js";

const THEME = "glossa-theme";

function view(name) {
  for (const each of ["ask", "documents"]) {
    byId(each).hidden = each !== name;
    byId(`show-${each}`).setAttribute("aria-pressed", String(each === name));
  }
  if (name === "ask") byId("question").focus();
  else refresh();
}

byId("show-ask").addEventListener("click", () => view("ask"));
byId("show-documents").addEventListener("click", () => view("documents"));

const stored = localStorage.getItem(THEME);
if (stored) document.documentElement.dataset.theme = stored;
byId("theme").addEventListener("click", () => {
  const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const next = dark ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  localStorage.setItem(THEME, next);
});

acceptDrops(() => view("documents"));
refresh();
