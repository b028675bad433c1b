// The dialogue browser. All text enters the page as text nodes, never as markup.
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const form = document.getElementById("filters");
  if (!form) return;
  const list = document.getElementById("list");
  const article = document.getElementById("dialogue");
  const SIGNS = { missed: "−", added: "+", wrong: "≠", right: "✓" };
  const WORDS = { missed: "missing", added: "not in gold", wrong: "another value", right: "agrees" };
  let found = [];
  let current = null;

  const shownSystems = () => data.systems.map((_, number) => number).filter((number) => {
    const box = form.elements.namedItem(`system-${number}`);
    return !box || box.checked;
  });

  // What is wrong in a turn, by the systems that are shown.
  const isWrong = (turn, systems) => systems.some((number) => turn.answers[number] && turn.answers[number].right === false);
  const hasError = (turn, slot, systems) =>
    systems.some((number) => ((turn.answers[number] || {}).errors || []).some((error) => error[0] === slot));
  const isRight = (turn, number, right) => Boolean(turn.answers[number]) && turn.answers[number].right === right;
  const turnMatches = (turn, wanted, systems) =>
    (!wanted.wrong || isWrong(turn, systems)) && (!wanted.slot || hasError(turn, wanted.slot, systems)) &&
    (!wanted.right || isRight(turn, wanted.right, true)) && (!wanted.fails || isRight(turn, wanted.fails, false));
  const wrongTurns = (dialogue, systems) => dialogue.turns.filter((turn) => isWrong(turn, systems)).length;

  // A dialogue holds a text in its id, the impression of its user, an utterance or a value of a slot.
  const holds = (dialogue, text) =>
    [dialogue.id, dialogue.impression, ...dialogue.turns.flatMap((turn) =>
      [turn.user, turn.system, ...Object.values(turn.styled || {}), ...Object.values(turn.gold)])]
      .some((part) => part.toLowerCase().includes(text));
  const ORDERS = {
    wrong: (systems) => (one, other) => wrongTurns(other, systems) - wrongTurns(one, systems),
    long: () => (one, other) => other.turns.length - one.turns.length,
    id: () => (one, other) => (one.id < other.id ? -1 : one.id > other.id ? 1 : 0),
  };

  const read = () => {
    const value = (name) => form.elements[name].value;
    return {
      corpus: value("corpus"), domain: value("domain"), slot: value("slot"), group: value("group"),
      right: value("right"), fails: value("fails"), sort: value("sort"), text: value("text").trim().toLowerCase(),
      wrong: form.elements.wrong.checked, news: form.elements.news.checked, beside: form.elements.beside.checked,
    };
  };

  const matches = (dialogue, wanted, systems) =>
    (!wanted.corpus || dialogue.corpus === wanted.corpus) &&
    (!wanted.domain || dialogue.domains.includes(wanted.domain)) &&
    (!wanted.group || Object.entries(dialogue.groups).some((pair) => pair.join(": ") === wanted.group)) &&
    (!wanted.text || holds(dialogue, wanted.text)) &&
    dialogue.turns.some((turn) => turnMatches(turn, wanted, systems));

  // A link to a dialogue and a turn of it, `#d=ID&c=CORPUS&t=3`.
  const link = (dialogue, turn) =>
    `#${new URLSearchParams({ d: dialogue.id, c: dialogue.corpus, ...(turn ? { t: turn } : {}) })}`;

  const marked = (kind, text) =>
    make("span", { class: `mark ${kind}` },
      make("span", { class: "sign", "aria-hidden": "true" }, SIGNS[kind]), ` ${text || WORDS[kind]}`,
      text ? make("span", { class: "for-readers" }, ` (${WORDS[kind]})`) : null);

  const stateCell = (slot, turn, answer) => {
    if (!answer || !answer.errors) return make("td", {}, "");
    const error = answer.errors.find((one) => one[0] === slot);
    if (error) return make("td", {}, marked(error[1], error[1] === "missed" ? "" : error[2]));
    return make("td", {}, slot in turn.gold ? marked("right", turn.gold[slot]) : "");
  };

  const stateRows = (turn, before, systems, wanted) => {
    const wrong = systems.flatMap((number) => ((turn.answers[number] || {}).errors || []).map((error) => error[0]));
    const isNew = (slot) => !before || before.gold[slot] !== turn.gold[slot];
    return unique([...Object.keys(turn.gold), ...wrong])
      .filter((slot) => !wanted.news || wrong.includes(slot) || isNew(slot))
      .map((slot) => make("tr", {}, make("th", { scope: "row" }, slot), make("td", {}, turn.gold[slot] || ""),
        ...systems.map((number) => stateCell(slot, turn, turn.answers[number]))));
  };

  const actList = (acts, kindOf) => make("ul", { class: "acts" }, ...acts.map((act) => make("li", {}, kindOf(act))));

  const actCell = (answer) => {
    if (!answer || !answer.acts) return make("td", {}, "");
    return make("td", {}, actList(answer.acts, ([act, kind]) => marked(kind, act)));
  };

  const compared = (turn, before, systems, wanted) => {
    const answers = systems.map((number) => turn.answers[number] || {});
    const body = stateRows(turn, before, systems, wanted);
    if (answers.some((answer) => answer.acts)) {
      body.push(make("tr", { class: "part" }, make("th", { scope: "row" }, "acts"),
        make("td", {}, actList(turn.acts, (act) => act)), ...answers.map(actCell)));
    }
    if (answers.some((answer) => "impression" in answer)) {
      body.push(make("tr", { class: "part" }, make("th", { scope: "row" }, "first impression"), make("td", {}, current.impression),
        ...answers.map((answer) => make("td", {}, answer.impression || ""))));
    }
    if (answers.some((answer) => "response" in answer)) {
      body.push(make("tr", { class: "part" }, make("th", { scope: "row" }, "response"), make("td", {}, turn.system),
        ...answers.map((answer) => make("td", {}, answer.response || ""))));
    }
    if (!body.length) return null;
    const head = ["", "gold", ...systems.map((number) => data.systems[number])];
    const table = make("table", { class: "compared" },
      make("caption", { class: "for-readers" }, `Turn ${dialogueTurn(turn)}: gold and predictions`),
      make("thead", {}, make("tr", {}, ...head.map((text) => make(text ? "th" : "td", text ? { scope: "col" } : {}, text)))),
      make("tbody", {}, ...body));
    table.style.minWidth = `${head.length * 8.5}rem`;
    return table;
  };
  const dialogueTurn = (turn) => current.turns.indexOf(turn) + 1;

  const turnNode = (turn, before, systems, wanted) => {
    const verdict = systems.map((number) => [data.systems[number], (turn.answers[number] || {}).right])
      .filter((pair) => pair[1] !== undefined)
      .map(([name, right]) => make("li", {}, `${name}: `, marked(right ? "right" : "wrong", right ? "state right" : "state wrong")));
    const table = compared(turn, before, systems, wanted);
    const number = dialogueTurn(turn);
    const said = (from, label) => make("div", {}, label ? make("p", { class: "side" }, label) : null,
      make("p", { class: "user" }, make("span", { class: "who" }, "User"), from.user),
      make("p", { class: "system" }, make("span", { class: "who" }, "System (gold)"), from.system || "–"));
    const others = wanted.beside
      ? data.dialogues.filter((one) => one.id === current.id && one.corpus !== current.corpus && one.turns[number - 1]) : [];
    // Where a system answers, its response stands beside the corpus's in the table.
    const answered = systems.some((number) => "response" in (turn.answers[number] || {}));
    const restyled = turn.styled && !others.length && !answered ? said(turn.styled, "Personalised to this user") : null;
    return make("section", { class: "turn", id: `turn-${number}` },
      make("h4", {}, make("a", { href: link(current, number) }, `Turn ${number}`)),
      make("div", { class: "sides" }, said(turn, others.length || restyled ? current.corpus : ""), restyled,
        ...others.map((one) => said(one.turns[number - 1], one.corpus))),
      verdict.length ? make("ul", { class: "verdicts" }, ...verdict) : null,
      table && make("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": `Turn ${dialogueTurn(turn)}: gold and predictions` }, table));
  };

  // Who the user is: the picture says to readers of the screen what the sentence beside it says to the eye.
  const person = (dialogue) => {
    const picture = (data.pictures || [])[dialogue.picture];
    if (!picture && !dialogue.impression) return null;
    const words = dialogue.impression || "The user";
    return make("div", { class: "person" }, picture ? make("img", { src: picture, alt: words }) : null,
      make("p", picture ? { "aria-hidden": "true" } : {}, words));
  };

  const draw = (dialogue, focus) => {
    current = dialogue;
    if (dialogue && focus) history.replaceState(null, "", link(dialogue));
    markCurrent(list, data.dialogues.indexOf(dialogue));
    article.replaceChildren();
    if (!dialogue) return;
    const wanted = read(), systems = shownSystems();
    const groups = Object.entries(dialogue.groups).map((pair) => pair.join(": "));
    const step = (text, by) => {
      const next = found[found.indexOf(dialogue) + by];
      const button = make("button", { type: "button", ...(next ? {} : { disabled: "" }) }, text);
      button.addEventListener("click", () => draw(next, true));
      return button;
    };
    const { wrong, right, fails } = wanted;
    const turns = dialogue.turns.filter((turn) => turnMatches(turn, { wrong, right, fails, slot: wrong ? wanted.slot : "" }, systems));
    article.append(
      make("h3", { id: "dialogue-h" }, dialogue.id),
      make("p", { class: "quiet" }, [dialogue.corpus, dialogue.domains.join(", "), ...groups].join(" · ")),
      make("p", { class: "steps" }, step("Previous", -1), step("Next", 1)),
      ...[person(dialogue)].filter(Boolean),
      ...turns.map((turn) => turnNode(turn, dialogue.turns[dialogue.turns.indexOf(turn) - 1], systems, wanted)));
    if (dialogue.verdicts.length) {
      article.append(make("section", { class: "turn" }, make("h4", {}, "What the judge said"),
        make("dl", { class: "judged" }, ...dialogue.verdicts.flatMap((one) => [make("dt", {}, one.about),
          make("dd", {}, make("strong", {}, one.says), one.reason ? ` – ${one.reason}` : "")]))));
    }
    if (turns.length < dialogue.turns.length) {
      article.append(make("p", { class: "quiet" }, `${dialogue.turns.length - turns.length} turns are hidden by the filters.`));
    }
    if (focus) article.focus();
  };

  const refresh = () => {
    const wanted = read(), systems = shownSystems();
    found = data.dialogues.filter((dialogue) => matches(dialogue, wanted, systems));
    if (wanted.sort) found.sort(ORDERS[wanted.sort](systems));
    list.replaceChildren(...found.map((dialogue) => {
      const wrong = wrongTurns(dialogue, systems);
      const about = wrong ? `${wrong} of ${dialogue.turns.length} turns wrong` : `${dialogue.turns.length} turns`;
      const button = make("button", { type: "button", value: data.dialogues.indexOf(dialogue) },
        make("span", { class: "id" }, dialogue.id), make("span", { class: "quiet" }, `${dialogue.corpus}, ${about}`));
      button.addEventListener("click", () => draw(dialogue, true));
      return make("li", {}, button);
    }));
    document.getElementById("found").textContent = `${found.length} of ${data.dialogues.length} dialogues found.`;
    draw(found.includes(current) ? current : found[0] || null, false);
  };

  const fill = (name, values) => {
    const select = form.elements[name];
    select.append(make("option", { value: "" }, "any"), ...values.map((value) => make("option", { value }, value)));
    select.closest("label").hidden = values.length < (name === "corpus" ? 2 : 1);
  };

  const answers = data.dialogues.flatMap((dialogue) => dialogue.turns.flatMap((turn) => turn.answers)).filter(Boolean);
  fill("corpus", unique(data.dialogues.map((dialogue) => dialogue.corpus)));
  fill("domain", unique(data.dialogues.flatMap((dialogue) => dialogue.domains)));
  fill("slot", unique(answers.flatMap((answer) => (answer.errors || []).map((error) => error[0]))));
  fill("group", unique(data.dialogues.flatMap((dialogue) => Object.entries(dialogue.groups).map((pair) => pair.join(": ")))));
  data.systems.forEach((name, number) => {
    const box = make("input", { type: "checkbox", name: `system-${number}`, checked: "" });
    document.getElementById("systems").append(make("label", {}, box, ` ${name}`));
  });
  for (const name of ["right", "fails"]) {
    form.elements[name].append(make("option", { value: "" }, "any system"),
      ...data.systems.map((text, value) => make("option", { value }, text)));
  }
  const judged = answers.some((answer) => answer.right !== undefined);
  document.getElementById("rivals").hidden = !judged || data.systems.length < 2;
  const places = new Map();
  for (const dialogue of data.dialogues) places.set(dialogue.id, (places.get(dialogue.id) || 0) + 1);
  form.elements.beside.closest("label").hidden = ![...places.values()].some((count) => count > 1);
  startBrowsing(form, refresh);
  for (const button of document.querySelectorAll("[data-slot]")) {
    const options = [...form.elements.slot.options].map((option) => option.value);
    button.disabled = !options.includes(button.dataset.slot);
    button.addEventListener("click", () => {
      form.reset();
      form.elements.slot.value = button.dataset.slot;
      setTimeout(() => {
        form.elements.slot.value = button.dataset.slot;
        refresh();
        document.getElementById("dialogues").scrollIntoView();
        article.focus({ preventScroll: true });
      });
    });
  }
  // Opens what the address names: the filters give way to it.
  const follow = () => {
    const wanted = new URLSearchParams(location.hash.slice(1));
    const dialogue = data.dialogues.find((one) =>
      one.id === wanted.get("d") && (!wanted.get("c") || one.corpus === wanted.get("c")));
    if (!dialogue) return;
    form.reset();
    current = dialogue;
    refresh();
    (document.getElementById(`turn-${wanted.get("t")}`) || article).scrollIntoView();
  };
  window.addEventListener("hashchange", follow);
  refresh();
  follow();
})();
