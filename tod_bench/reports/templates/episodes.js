// The browser of played episodes. All text enters the page as text nodes, never as markup.
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const form = document.getElementById("filters");
  const list = document.getElementById("list");
  const article = document.getElementById("dialogue");
  const FILTERS = ["agent", "domain", "verdict", "end", "fault"];
  let found = [];
  let current = null;

  const values = (episode, name) => ({
    agent: [episode.agent], domain: episode.domains, verdict: [episode.verdict], end: [episode.end],
    fault: episode.faults.length ? ["any", ...episode.faults] : ["none"],
  })[name];

  const holds = (episode, text) =>
    [episode.id, ...episode.goal, ...episode.ledger, ...episode.turns.flatMap((turn) => [turn.user, turn.agent || "", ...turn.calls])]
      .some((part) => part.toLowerCase().includes(text));
  const matches = (episode) =>
    FILTERS.every((name) => !form.elements[name].value || values(episode, name).includes(form.elements[name].value)) &&
    holds(episode, form.elements.text.value.trim().toLowerCase());

  const link = (episode) => `#${new URLSearchParams({ e: episode.id, a: episode.agent })}`;
  const marked = (kind, sign, text) =>
    make("span", { class: `mark ${kind}` }, make("span", { class: "sign", "aria-hidden": "true" }, sign), ` ${text}`);
  const verdict = (episode) =>
    episode.verdict === "failure" ? marked("wrong", "✗", "failure") : marked("right", "✓", episode.verdict);
  const lines = (title, texts) => texts.length
    ? make("section", { class: "turn" }, make("h4", {}, title), make("ul", {}, ...texts.map((text) => make("li", {}, text)))) : null;

  const turnNode = (turn, index) => make("section", { class: "turn" },
    make("h4", {}, `Turn ${index + 1}`),
    make("p", { class: "user" }, make("span", { class: "who" }, "Simulated user"), turn.user),
    turn.acts ? make("p", { class: "quiet" }, `means: ${turn.acts}`) : null,
    ...turn.faults.map((text) => make("p", {}, marked("wrong", "!", `fault of the user: ${text}`))),
    turn.calls.length ? make("ul", { class: "calls quiet" }, ...turn.calls.map((text) => make("li", {}, make("code", {}, text)))) : null,
    turn.agent === null ? null : make("p", { class: "system" }, make("span", { class: "who" }, "Agent"), turn.agent),
    turn.heard === null ? null : make("p", { class: "quiet" }, `the user heard: ${turn.heard}`));

  const step = (text, by) => {
    const next = found[found.indexOf(current) + by];
    const button = make("button", { type: "button", ...(next ? {} : { disabled: "" }) }, text);
    button.addEventListener("click", () => draw(next, true));
    return button;
  };

  const draw = (episode, focus) => {
    current = episode;
    if (episode && focus) history.replaceState(null, "", link(episode));
    markCurrent(list, data.episodes.indexOf(episode));
    article.replaceChildren();
    if (!episode) return;
    const others = data.episodes.filter((one) => one.id === episode.id && one !== episode);
    const beside = others.map((one) => make("a", { href: link(one) }, `${one.agent} (${one.verdict})`));
    article.append(...[
      make("h3", {}, `${episode.id}, ${episode.agent}`),
      make("p", { class: "quiet" }, verdict(episode), ` · ended: ${episode.end} · ${episode.domains.join(", ")}`),
      make("p", { class: "steps" }, step("Previous", -1), step("Next", 1)),
      beside.length ? make("p", { class: "quiet" }, "The same goal and trial: ",
        ...beside.flatMap((node, index) => (index ? [", ", node] : [node]))) : null,
      lines("Goal", episode.goal),
      episode.message.length ? make("details", { class: "panel" }, make("summary", {}, "The goal as people were given it"),
        make("ul", {}, ...episode.message.map((text) => make("li", {}, text)))) : null,
      ...episode.turns.map(turnNode),
      lines("Ledger", episode.ledger.length ? episode.ledger : ["nothing was booked"]),
      make("section", { class: "turn" }, make("h4", {}, "Outcome"), make("ul", {}, ...episode.outcomes.map((one) =>
        make("li", {}, one.right ? marked("right", "✓", one.text) : marked("wrong", "✗", one.text))))),
    ].filter(Boolean));
    if (focus) article.focus();
  };

  const refresh = () => {
    found = data.episodes.filter(matches);
    list.replaceChildren(...found.map((episode) => {
      const fault = episode.faults.length ? marked("wrong", "!", "fault of the user") : null;
      const button = make("button", { type: "button", value: data.episodes.indexOf(episode) },
        make("span", { class: "id" }, episode.id),
        make("span", { class: "quiet" }, `${episode.agent} · `, verdict(episode), fault ? " · " : null, fault));
      for (const node of button.querySelectorAll(".mark, .sign")) node.style.display = "inline";
      button.addEventListener("click", () => draw(episode, true));
      return make("li", {}, button);
    }));
    document.getElementById("found").textContent = `${found.length} of ${data.episodes.length} episodes found.`;
    draw(found.includes(current) ? current : found[0] || null, false);
  };

  for (const name of FILTERS) {
    const options = unique(data.episodes.flatMap((episode) => values(episode, name)));
    form.elements[name].append(make("option", { value: "" }, name === "fault" ? "any or none" : "any"),
      ...options.map((value) => make("option", { value }, value)));
    form.elements[name].closest("label").hidden = options.length < 2;
  }
  startBrowsing(form, refresh);
  // Opens the episode that the address names, to which the filters give way; or shows the agent that it names.
  const follow = () => {
    const wanted = new URLSearchParams(location.hash.slice(1));
    if (wanted.get("a") && !wanted.get("e")) {
      form.reset();
      form.elements.agent.value = wanted.get("a");
      return;
    }
    const episode = data.episodes.find((one) =>
      one.id === wanted.get("e") && (!wanted.get("a") || one.agent === wanted.get("a")));
    if (!episode) return;
    form.reset();
    current = episode;
    setTimeout(() => article.scrollIntoView());
  };
  window.addEventListener("hashchange", () => { follow(); setTimeout(refresh); });
  follow();
  refresh();
})();
