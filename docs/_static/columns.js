/* Search over all columns: window.ASTROPILE_INDEX comes with columns-index.js; nothing is fetched. */
(() => {
  "use strict";
  const SHOWN = 100;
  const FILTERS = ["survey", "modality", "unit"];
  const index = window.ASTROPILE_INDEX;
  const byId = (id) => document.getElementById(id);
  const form = byId("column-search");
  if (!form || !index) return;
  const query = byId("query"), results = byId("results"), status = byId("status");

  const columns = index.rows.map(([number, address, canonical, aliases, unit, about, modality, anchor]) => {
    const [survey, name, title] = index.surveys[number];
    const names = [address, canonical, ...aliases.split(" ")].filter(Boolean).map((text) => text.toLowerCase());
    return {
      survey, name, address, canonical, aliases, about, modality, names,
      unit: unit === "?" ? "not known" : unit || "dimensionless",
      words: `${names.join(" ")} ${survey} ${name} ${title} ${unit} ${about} ${modality}`.toLowerCase(),
      href: `surveys/${survey}.html#${encodeURIComponent(anchor || "column-" + address)}`,
    };
  });

  /* Best first: a name that is the word, starts with it, holds it; then the description. */
  function score(column, words) {
    let total = 0;
    for (const word of words) {
      if (!column.words.includes(word)) return 0;
      const own = column.names.map((name) =>
        name === word ? 8 : name.startsWith(word) || name.endsWith("." + word) ? 5 : name.includes(word) ? 3 : 0);
      total += Math.max(1, ...own, column.survey === word || column.unit.toLowerCase() === word ? 2 : 0);
    }
    return total;
  }

  function find() {
    const typed = query.value.trim().toLowerCase();
    const words = typed.split(/\s+/).filter(Boolean);
    const kept = columns.filter((column) =>
      FILTERS.every((key) => !byId(key).value || column[key] === byId(key).value));
    if (!words.length) return FILTERS.some((key) => byId(key).value) ? kept : [];
    return kept
      .map((column, place) => ({ column, place, score: score(column, words) }))
      .filter((hit) => hit.score)
      .sort((a, b) => b.score - a.score || a.place - b.place)
      .map((hit) => hit.column);
  }

  function element(tag, className, text) {
    const made = document.createElement(tag);
    made.className = className;
    made.textContent = text;
    return made;
  }

  function item(column) {
    const link = document.createElement("a");
    link.href = column.href;
    const also = [column.canonical, column.aliases].filter(Boolean).join(", ");
    link.append(
      element("span", "ap-name", column.address), " ",
      element("span", "ap-badge", column.name), " ",
      element("span", "ap-muted", [also, column.unit].filter(Boolean).join(" · ")),
      element("span", "ap-more", column.about));
    const line = document.createElement("li");
    line.append(link);
    return line;
  }

  function show() {
    const found = find();
    const asked = query.value.trim() || FILTERS.some((key) => byId(key).value);
    results.replaceChildren(...found.slice(0, SHOWN).map(item));
    const more = found.length > SHOWN ? `; the first ${SHOWN} are shown` : "";
    status.textContent = asked
      ? `${found.length} of ${columns.length} columns${more}.`
      : `${columns.length} columns of ${index.surveys.length} surveys.`;
  }

  function remember() {
    const parameters = new URLSearchParams();
    for (const field of [query, ...FILTERS.map(byId)]) if (field.value) parameters.set(field.name, field.value);
    const text = parameters.toString();
    try {
      history.replaceState(null, "", text ? "?" + text : location.pathname);
    } catch (error) { /* a page opened from disk may not change its address */ }
  }

  function fill(key, values) {
    for (const [value, label] of values) byId(key).append(new Option(label, value));
  }

  function step(event) {
    const links = [...results.querySelectorAll("a")];
    const place = links.indexOf(document.activeElement);
    if (event.key === "Escape") {
      query.value = "";
      query.focus();
      update();
    } else if (event.key === "Enter" && event.target === query && links.length) {
      links[0].click();
    } else if (event.key === "ArrowDown" && place + 1 < links.length) {
      links[place + 1].focus();
    } else if (event.key === "ArrowUp" && place >= 0) {
      (links[place - 1] || query).focus();
    } else return;
    event.preventDefault();
  }

  function update() { show(); remember(); }

  const sorted = (key) => [...new Set(columns.map((column) => column[key]))].sort((a, b) => a.localeCompare(b));
  fill("survey", index.surveys.map(([id, name]) => [id, name]));
  for (const key of ["modality", "unit"]) fill(key, sorted(key).map((value) => [value, value]));
  const given = new URLSearchParams(location.search);
  for (const field of [query, ...FILTERS.map(byId)]) if (given.has(field.name)) field.value = given.get(field.name);
  form.hidden = false;
  query.addEventListener("input", update);
  for (const key of FILTERS) byId(key).addEventListener("change", update);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("keydown", (event) => { if (event.target === query || event.key === "Escape") step(event); });
  results.addEventListener("keydown", (event) => { if (event.key !== "Enter") step(event); });
  show();
  query.focus();
})();
