// Tables that are searched, sort by their headings, and show one protocol. Ranks are always those of one column that is shown.
(() => {
  "use strict";
  const status = document.getElementById("status");
  const headings = (table) => [...table.tHead.rows[0].cells];
  const entries = (table) => [...table.querySelectorAll("tr.entry")];
  const label = (heading) => heading.querySelector("button").textContent.trim();

  const valueOf = (row, column, text) => {
    const value = row.cells[column].dataset.value;
    return value === undefined || text ? value : Number(value);
  };

  const compare = (one, other, sign) => {
    if (one === undefined || other === undefined) return (one === undefined) - (other === undefined);
    return sign * (one < other ? -1 : one > other ? 1 : 0);
  };

  const rankBy = (table, heading) => {
    for (const other of headings(table)) delete other.dataset.ranked;
    heading.dataset.ranked = "";
    table.querySelector(".ranked-by").textContent = `by ${label(heading)}`;
    for (const row of entries(table)) {
      row.querySelector(".rank").textContent = row.cells[heading.cellIndex].dataset.rank || "—";
    }
  };

  const sortBy = (table, heading) => {
    const column = heading.cellIndex, order = heading.dataset.order, text = order === "text";
    const first = order === "down" ? "descending" : "ascending";
    const second = first === "descending" ? "ascending" : "descending";
    const wanted = heading.getAttribute("aria-sort") === first ? second : first;
    for (const other of headings(table)) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", wanted);
    const sign = wanted === "ascending" ? 1 : -1;
    // Rows without a rank stay below those with one.
    for (const body of table.tBodies) {
      const rows = [...body.querySelectorAll("tr.entry")];
      body.append(...rows.sort((a, b) => compare(valueOf(a, column, text), valueOf(b, column, text), sign)));
    }
    if (heading.dataset.protocol !== undefined) rankBy(table, heading);
    status.textContent = `Sorted by ${label(heading)}, ${wanted}.`;
  };

  const choose = (table, protocol) => {
    for (const cell of table.querySelectorAll("[data-protocol]")) {
      cell.hidden = protocol !== "" && cell.dataset.protocol !== protocol;
    }
    const ranked = headings(table).find((heading) => heading.dataset.ranked !== undefined);
    const shown = headings(table).find((heading) => heading.dataset.protocol !== undefined && !heading.hidden);
    if (!ranked.hidden || !shown) return;
    // A table sorted by system or date stays so; only whose ranks are shown has to change.
    if (ranked.hasAttribute("aria-sort")) sortBy(table, shown);
    else rankBy(table, shown);
  };

  const search = (form) => {
    const words = form.querySelector("input").value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of document.querySelectorAll("tr.entry")) {
      const text = [...row.querySelectorAll("th, .name, .trained, .day")].map((cell) => cell.textContent).join(" ").toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
    const rows = [...document.querySelectorAll(".board tr.entry")], left = rows.filter((row) => !row.hidden).length;
    form.querySelector("output").textContent = words.length ? `${left} of ${rows.length} rows` : "";
    for (const body of document.querySelectorAll(".unranked")) body.hidden = !body.querySelector("tr.entry:not([hidden])");
  };

  for (const table of document.querySelectorAll("table.board")) {
    for (const button of table.querySelectorAll("button.sort")) {
      button.disabled = false;
      button.addEventListener("click", () => sortBy(table, button.closest("th")));
    }
    const form = table.closest("section").querySelector(".choose");
    if (!form) continue;
    const select = form.querySelector("select");
    form.hidden = select.options.length < 3;
    select.addEventListener("change", () => choose(table, select.value));
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  const form = document.getElementById("search");
  if (form) {
    form.hidden = false;
    form.addEventListener("input", () => search(form));
    form.addEventListener("submit", (event) => event.preventDefault());
  }
})();
