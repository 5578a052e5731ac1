// Small helpers to build nodes. Text is always set as text: nothing of a document is ever parsed as markup.

export const byId = (id) => document.getElementById(id);

export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null && child !== ""));
  return node;
}

const names = new Intl.DisplayNames(["en"], { type: "language" });

export function languageName(code) {
  if (!code || code === "und") return "language unknown";
  try {
    return names.of(code);
  } catch {
    return code; // not a language tag: shown as it is
  }
}

export function size(bytes) {
  const units = ["B", "kB", "MB", "GB"];
  let unit = 0;
  let number = bytes;
  while (number >= 1000 && unit < units.length - 1) {
    number /= 1000;
    unit += 1;
  }
  return `${number < 10 && unit ? number.toFixed(1) : Math.round(number)} ${units[unit]}`;
}

let hideNotice;

export function notice(text) {
  const node = byId("notice");
  node.textContent = text;
  node.hidden = false;
  clearTimeout(hideNotice);
  hideNotice = setTimeout(() => (node.hidden = true), 8000);
}
