// Tables that sort by their headings, and the choice of a protocol. Ranks are always those of one column that is shown.
(() => {
  "use strict";
  const status = document.getElementById("sorted");
  const headings = (table) => [...table.tHead.rows[0].cells];
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
    for (const row of table.tBodies[0].rows) {
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
    const body = table.tBodies[0], sign = wanted === "ascending" ? 1 : -1;
    const rows = [...body.rows].sort((a, b) => compare(valueOf(a, column, text), valueOf(b, column, text), sign));
    body.append(...rows);
    if (!text) rankBy(table, heading);
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

  for (const table of document.querySelectorAll("table.board")) {
    for (const button of table.querySelectorAll("button.sort")) {
      button.disabled = false;
      button.addEventListener("click", () => sortBy(table, button.closest("th")));
    }
    const form = table.closest("section").querySelector(".choose"), select = form.querySelector("select");
    form.hidden = select.options.length < 3;
    select.addEventListener("change", () => choose(table, select.value));
    form.addEventListener("submit", (event) => event.preventDefault());
  }
})();
