// What the browsers of dialogues and of episodes share. All text enters the page as text nodes, never as markup.
const make = (tag, attributes, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
};
const unique = (values) => [...new Set(values)].sort();

// Of a list of buttons, the one of this number is that of what is shown.
const markCurrent = (list, number) => {
  for (const button of list.querySelectorAll("button")) {
    if (Number(button.value) === number) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
};

// Shows form and browser, which every change of the form refreshes.
const startBrowsing = (form, refresh) => {
  form.hidden = document.getElementById("browser").hidden = false;
  form.addEventListener("change", refresh);
  form.elements.text.addEventListener("input", refresh);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(refresh));
};
