// All contacts: choosing rows, the order of columns, the form of a filter.
"use strict";
(() => {
  const chosen = new Set(); // numbers of contacts; kept when the table is brought up to date
  let everything = false;
  const boxes = () => [...document.querySelectorAll("input[name=ids][form=selection]")];

  const show = () => {
    const bar = document.getElementById("selection");
    if (!bar) return;
    const all = boxes();
    for (const box of all) {
      box.checked = everything || chosen.has(box.value);
      box.disabled = everything; // the question is sent instead of the numbers
      box.closest("tr").classList.toggle("is-picked", box.checked);
    }
    const head = document.getElementById("pick-all");
    const picked = all.filter((box) => box.checked).length;
    head.checked = picked === all.length;
    head.indeterminate = picked > 0 && picked < all.length;
    const told = bar.querySelector("output");
    bar.hidden = !everything && !picked;
    bar.querySelector("[name=everything]").disabled = !everything;
    told.textContent = everything ? told.dataset.all : picked === 1 ? told.dataset.one : told.dataset.many.replace("{n}", picked);
    const more = bar.querySelector("[data-everything]");
    if (more) more.hidden = everything;
    for (const button of bar.querySelectorAll("[data-least]"))
      button.hidden = everything || picked < +button.dataset.least || picked > +button.dataset.most;
  };
  const pick = (box, on) => { if (on) chosen.add(box.value); else chosen.delete(box.value); };

  let last = null; // with Shift everything between the last tick and this one
  const choose = (box, on, shift) => {
    const all = boxes();
    const from = shift && last ? all.findIndex((other) => other.value === last) : -1;
    const to = all.indexOf(box);
    for (const other of from < 0 ? [box] : all.slice(Math.min(from, to), Math.max(from, to) + 1)) pick(other, on);
    last = box.value;
    show();
  };
  document.addEventListener("click", (event) => {
    const box = event.target.closest("input[name=ids][form=selection]");
    if (box) choose(box, box.checked, event.shiftKey);
    if (event.target.id === "pick-all") {
      everything = false;
      for (const other of boxes()) pick(other, event.target.checked);
      show();
    }
    if (event.target.closest("[data-everything]")) { everything = true; show(); }
    if (event.target.closest("[data-clear-selection]")) { everything = false; chosen.clear(); show(); document.getElementById("pick-all").focus(); }
    if (event.target.closest("[data-close-filter]")) { document.getElementById("filter-form").replaceChildren(); document.querySelector("#add-filter summary").focus(); }
    const move = event.target.closest("[data-move]");
    if (move) {
      const row = move.parentElement, beside = +move.dataset.move < 0 ? row.previousElementSibling : row.nextElementSibling;
      if (beside) { if (+move.dataset.move < 0) beside.before(row); else beside.after(row); move.focus(); }
    }
  });
  document.addEventListener("change", (event) => {
    if (event.target.dataset.submit) document.getElementById(event.target.dataset.submit).click();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "x" || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input:not([type=checkbox]), textarea, select")) return;
    const row = document.querySelector(".rows tr.is-chosen") || event.target.closest(".rows tbody tr[data-id]");
    const box = row && row.querySelector("input[name=ids]");
    if (box && !box.disabled) choose(box, !box.checked, event.shiftKey);
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    // Another search or order is another list; only the same one brought up to date keeps what is chosen.
    if (event.target.id === "list" && event.detail.requestConfig.elt !== event.target) { chosen.clear(); everything = false; }
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.classList.contains("panel")) if (event.target.closest("details").contains(document.activeElement)) event.target.querySelector("input[type=search]")?.focus();
    show();
  });
  // Another comparison brings the form anew: what was typed meanwhile stays where the control is of the same kind.
  const about = (form) => [...form.querySelectorAll("[name=property], [name=place]")].map((input) => input.value).join();
  const typing = (form) => [...form.querySelectorAll("input[name=value]:not([type=checkbox])")];
  let typed = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.target.id === "filter-form")
      typed = { about: about(event.target), inputs: typing(event.target).map((input) => [input.type + input.inputMode, input.value]) };
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id !== "filter-form") return;
    document.getElementById("add-filter").open = false;
    const inputs = typing(event.target);
    if (typed && typed.about === about(event.target)) inputs.forEach((input, at) => {
      const [kind, value] = typed.inputs[at] || [];
      if (value && kind === input.type + input.inputMode) input.value = value;
    });
    const first = event.target.querySelector("[name=value]") || event.target.querySelector("[name=operator]");
    const here = document.activeElement; // somebody who has gone on to type elsewhere stays there
    if (first && (here === document.body || here.closest("#filters, #filter-form"))) first.focus();
  });
  // What is asked may be another since the menu of columns was filled.
  document.addEventListener("formdata", (event) => {
    if (event.target.matches("form.columns"))
      for (const [name, value] of new FormData(document.getElementById("asked"))) event.formData.set(name, value);
  });
  // A late answer to a search brings the bar of filters anew: a menu open in it stays open, with what was typed.
  let bar = null;
  const menus = () => [...document.querySelectorAll("#filters details")];
  const named = () => [...document.querySelectorAll("#view-name, #view-rename")];
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    if (event.target.id === "filters") bar = { open: menus().map((menu) => menu.open), named: named() };
  });
  document.addEventListener("htmx:oobAfterSwap", () => {
    if (!bar) return;
    menus().forEach((menu, at) => { menu.open = bar.open[at]; });
    for (const old of bar.named) for (const field of named())
      if (field.id === old.id && old.value !== old.defaultValue) field.value = old.value;
    bar = null;
  });
  addEventListener("pageshow", () => { for (const box of boxes()) pick(box, box.checked); show(); });
  show();
})();
