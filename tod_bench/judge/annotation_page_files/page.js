"use strict";
// Text from dialogues only ever becomes text nodes, never markup.
const study = JSON.parse(document.getElementById("study").textContent);
const byId = (id) => document.getElementById(id);
const state = { item: 0, question: 0, rater: "", answers: {} };
const POINTS = Object.keys(study.scale);

const element = (name, options = {}, ...children) => {
  const made = Object.assign(document.createElement(name), options);
  made.append(...children);
  return made;
};
const storageKey = (rater) => `tod-bench:${study.id}:${rater}`;
const LAST_RATER = `tod-bench:${study.id}`;
const current = () => study.items[state.item];
const answersOf = (item) => state.answers[item.key] ?? {};
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

function say(text) {
  byId("warning").hidden = !text;
  byId("warning").textContent = text;
}

// What this page could not write, in a browser that keeps nothing or has no room.
const unwritten = new Map();

function keep(key, text) {
  try {
    localStorage.setItem(key, text);
    unwritten.delete(key);
  } catch (error) {
    unwritten.set(key, text);
    say("This browser does not keep your answers. Export the CSV before you close the page.");
  }
}

function kept(key) {
  try {
    return unwritten.get(key) ?? localStorage.getItem(key);
  } catch (error) {
    return null;
  }
}

function keptBy(rater) {
  let found = null;
  try {
    found = JSON.parse(kept(storageKey(rater)));
  } catch (error) {
    found = null;
  }
  const answers = isObject(found) && isObject(found.answers) ? found.answers : {};
  const item = isObject(found) && Number.isInteger(found.item) ? found.item : 0;
  return { answers, item: Math.min(Math.max(item, 0), study.items.length - 1) };
}

// One answer at a time is written into what is kept, so that a second tab of the same person loses nothing.
function save(item, question) {
  const { answers } = keptBy(state.rater);
  if (item) answers[item.key] = { ...answers[item.key], [question.name]: answersOf(item)[question.name] };
  state.answers = answers;
  keep(storageKey(state.rater), JSON.stringify({ answers, item: state.item }));
  keep(LAST_RATER, JSON.stringify(state.rater));
}

function lastRater() {
  try {
    return String(JSON.parse(kept(LAST_RATER)) ?? "");
  } catch (error) {
    return "";
  }
}

function load(rater) {
  const found = keptBy(rater);
  state.rater = rater;
  state.answers = found.answers;
  state.item = found.item;
  state.question = firstOpen();
}

// Answers that were given before the name become those of whoever gives it, and the dialogue stays where it is.
function rename(rater) {
  const [before, place, unnamed] = [state.rater, state.item, state.answers];
  load(rater);
  if (before === "" && rater !== "") {
    for (const [key, own] of Object.entries(unnamed)) state.answers[key] = { ...state.answers[key], ...own };
    state.item = place;
    keep(storageKey(rater), JSON.stringify({ answers: state.answers, item: place }));
    keep(storageKey(""), JSON.stringify({ answers: {}, item: 0 }));
  }
  save();
  state.question = firstOpen();
  // Only another dialogue is drawn anew: a click that began when the name was left still finds its target.
  if (state.item === place) refresh();
  else showAll();
}

const isAnswered = (item, question) => answersOf(item)[question.name] !== undefined;
const firstOpen = () => Math.max(0, study.questions.findIndex((question) => !isAnswered(current(), question)));

function answer(question, value) {
  const own = (state.answers[current().key] ??= {});
  if (question.several) {
    const chosen = new Set(own[question.name] ?? []);
    chosen.has(value) ? chosen.delete(value) : chosen.add(value);
    own[question.name] = [...chosen];
  } else {
    own[question.name] = value;
    const open = study.questions.findIndex((one, at) => at > state.question && !isAnswered(current(), one));
    state.question = open < 0 ? state.question : open;
  }
  if (!state.rater) say("Your answers are kept. Please enter your name, too.");
  save(current(), question);
  refresh();
}

function askName() {
  if (state.rater) return true;
  say("Please enter your name first.");
  byId("rater").focus();
  return false;
}

function go(step) {
  const target = state.item + step;
  if (target < 0 || target >= study.items.length) return;
  state.item = target;
  state.question = firstOpen();
  save();
  showAll();
  window.scrollTo(0, 0);
}

function utterance(who, text, version) {
  const classes = ["turn", ["first-version", "second-version"][version] ?? "whole", who === "System" ? "system" : ""];
  // Where the columns stand below one another, only this says whose words they are.
  const label = version === undefined ? who : element("span", { className: "version", textContent: `${study.headings[version]}: ` });
  const line = element("span", { className: "who" }, label, ...(version === undefined ? [] : [who]));
  return element("div", { className: classes.join(" ") }, line, text);
}

function showPerson() {
  const item = current();
  if (study.task === "questions") return; // they are asked of the dialogue alone
  const shown = [];
  if (item.picture) shown.push(element("img", { src: item.picture, alt: "The user" }));
  shown.push(element("p", { textContent: item.impression || "Nothing is known about the user." }));
  byId("person").replaceChildren(...shown);
}

function showDialogues() {
  const grid = element("div", { className: "columns" });
  grid.append(...study.headings.map((text, at) => element("h2", { textContent: text, className: ["first-version", "second-version"][at] })));
  const [left, right] = current().versions;
  left.forEach((one, at) => {
    if (right === undefined) {
      grid.append(...[["User", one.user], ["System", one.system]].filter(([, text]) => text).map((said) => utterance(...said)));
      return;
    }
    const other = right[at];
    if (one.user === other.user && study.task === "pairwise") {
      grid.append(utterance("User", one.user));
    } else {
      grid.append(utterance("User", one.user, 0), utterance("User", other.user, 1));
    }
    grid.append(utterance("System", one.system, 0), utterance("System", other.system, 1));
  });
  byId("dialogues").replaceChildren(grid);
}

function showQuestions() {
  const fields = study.questions.map((question, at) => {
    const field = element("fieldset");
    field.dataset.question = question.name;
    field.append(element("legend", { textContent: question.text }));
    if (question.anchors) field.append(element("p", { className: "anchors", textContent: question.anchors }));
    for (const option of question.options) {
      const input = element("input", {
        type: question.several ? "checkbox" : "radio",
        name: question.name,
        value: option.value,
        onchange: () => {
          state.question = at;
          answer(question, option.value);
        },
      });
      const key = option.key ? [" ", element("kbd", { textContent: option.key })] : [];
      field.append(element("label", {}, input, ...key, ` ${option.text}`));
    }
    return field;
  });
  byId("questions").replaceChildren(...fields);
}

// Brings the questions up to date where they stand, so that the focus stays where it is.
function markQuestions() {
  const own = answersOf(current());
  const fields = byId("questions").querySelectorAll("fieldset");
  study.questions.forEach((question, at) => {
    fields[at].classList.toggle("current", at === state.question);
    const given = own[question.name];
    for (const input of fields[at].querySelectorAll("input")) {
      input.checked = question.several ? (given ?? []).includes(input.value) : given === input.value;
    }
  });
}

function showProgress() {
  const needed = study.questions.filter((question) => !question.several);
  const done = study.items.reduce((sum, item) => sum + needed.filter((question) => isAnswered(item, question)).length, 0);
  const total = study.items.length * needed.length;
  byId("progress").value = done / total;
  byId("count").textContent = `${done} of ${total} answered`;
  byId("place").textContent = `Dialogue ${state.item + 1} of ${study.items.length}`;
}

function refresh() {
  markQuestions();
  showProgress();
}

function showAll() {
  showPerson();
  showDialogues();
  showQuestions();
  refresh();
}

const cell = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

// A seat (1, 2) becomes the version that sat there; everything else stays as it is.
function valueOf(item, question, given) {
  if (question.several) return given.join(";");
  if (question.name !== "winner" || given === "tie") return given;
  return (given === "1") === (item.order === "ab") ? "first" : "second";
}

function csv() {
  const names = ["age", "emotion", "formality", "gender"];
  const rows = [["item", "candidate", "question", "rater", "value", "order", ...names]];
  for (const item of study.items) {
    for (const question of study.questions) {
      const given = answersOf(item)[question.name];
      if (given === undefined || (question.several && !given.length)) continue;
      const value = valueOf(item, question, given);
      rows.push([item.id, item.candidate, question.name, state.rater, value, item.order, ...names.map((name) => item.attributes[name])]);
    }
  }
  return rows.map((row) => row.map((text) => cell(String(text))).join(",")).join("\r\n") + "\r\n";
}

function download() {
  if (!askName()) return;
  const link = element("a", {
    href: URL.createObjectURL(new Blob([csv()], { type: "text/csv" })),
    download: `ratings-${study.id}-${state.rater.replace(/\W+/g, "_")}.csv`,
  });
  document.body.append(link);
  link.click();
  link.remove();
}

function onKey(event) {
  const target = event.target;
  if (event.ctrlKey || event.metaKey || event.altKey || target.id === "rater") return;
  // In an answer the arrows belong to the browser: they choose among the radio buttons.
  if (event.key.startsWith("Arrow") && target.tagName === "INPUT") return;
  const question = study.questions[state.question];
  // The keys of a pair's two questions differ, so both can be answered at any time.
  const anywhere = study.task === "pairwise" ? study.questions : [question];
  const steps = {
    ArrowLeft: () => go(-1), ArrowRight: () => go(1), ArrowUp: () => move(-1), ArrowDown: () => move(1),
    p: () => go(-1), n: () => go(1),
  };
  const hit = anywhere.find((one) => one.options.some((option) => option.key === event.key));
  if (hit) {
    state.question = study.questions.indexOf(hit);
    answer(hit, hit.options.find((option) => option.key === event.key).value);
  } else if (steps[event.key]) {
    steps[event.key]();
  } else if (event.key === "Enter" && target.tagName !== "BUTTON") {
    go(1);
  } else {
    return;
  }
  event.preventDefault();
}

function move(step) {
  state.question = Math.min(study.questions.length - 1, Math.max(0, state.question + step));
  markQuestions();
  document.querySelector("fieldset.current").scrollIntoView({ block: "nearest" });
}

byId("title").textContent = study.title;
byId("help").textContent = [study.instruction, study.help].filter(Boolean).join(" ");
byId("rater").addEventListener("change", (event) => {
  say("");
  rename(event.target.value.trim());
});
byId("rater").addEventListener("keydown", (event) => {
  if (event.key === "Enter") event.target.blur();
});
byId("export").addEventListener("click", download);
byId("previous").addEventListener("click", () => go(-1));
byId("next").addEventListener("click", () => go(1));
byId("questions").addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("keydown", onKey);
window.addEventListener("storage", (event) => {
  if (event.key !== storageKey(state.rater)) return;
  state.answers = keptBy(state.rater).answers;
  refresh();
});
load(lastRater());
byId("rater").value = state.rater;
showAll();
