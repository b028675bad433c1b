// Signatures: one tooltip for all numbers, on hover and on focus; Escape hides it. A table is one tab stop, and arrow
// keys move between its numbers.
(() => {
  "use strict";
  const tip = document.getElementById("tip");
  let owner = null;

  const hide = () => {
    tip.hidden = true;
    if (owner) owner.removeAttribute("aria-describedby");
    owner = null;
  };

  const show = (button) => {
    hide();
    owner = button;
    tip.textContent = button.dataset.tip;
    tip.hidden = false;
    button.setAttribute("aria-describedby", "tip");
    const place = button.getBoundingClientRect();
    const left = Math.min(place.left, document.documentElement.clientWidth - tip.offsetWidth - 8);
    const below = place.bottom + 4;
    const fits = below + tip.offsetHeight < window.innerHeight;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${fits ? below : Math.max(8, place.top - tip.offsetHeight - 4)}px`;
  };

  const move = (table, event) => {
    const cell = event.target.closest("td");
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!cell || !step) return;
    let row = cell.parentElement.rowIndex, column = cell.cellIndex, next = null;
    while (!next) {
      row += step[0];
      column += step[1];
      const line = table.rows[row];
      if (line && line.classList.contains("divider")) continue;
      const there = line && line.cells[column];
      if (!there || there.tagName === "TH") return;
      next = there.querySelector("[data-tip]");
    }
    event.preventDefault();
    for (const button of table.querySelectorAll("[data-tip]")) button.tabIndex = button === next ? 0 : -1;
    next.focus();
  };

  for (const table of document.querySelectorAll("[data-numbers]")) {
    table.querySelectorAll("[data-tip]").forEach((button, number) => {
      button.tabIndex = number ? -1 : 0;
      for (const event of ["focus", "mouseenter", "click"]) button.addEventListener(event, () => show(button));
      button.addEventListener("blur", hide);
    });
    table.addEventListener("keydown", (event) => move(table, event));
    // The tip itself may be pointed at (to copy a signature) without going away.
    table.addEventListener("mouseleave", (event) => event.relatedTarget !== tip && hide());
  }
  tip.addEventListener("mouseleave", hide);
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  window.addEventListener("scroll", () => owner && owner !== document.activeElement && hide(), { passive: true });
})();
