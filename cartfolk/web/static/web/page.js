// Small behaviours of every page: keyboard in lists, filters, copying, and marking what is new.
"use strict";
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  if (!document.cookie.includes("timezone=" + encodeURIComponent(zone)) && !document.cookie.includes("timezone=" + zone))
    document.cookie = "timezone=" + zone + ";path=/;max-age=31536000;samesite=lax";

  let opener = ""; // the row whose panel is open; the keyboard goes back there, also when the row was brought anew
  const close = (panel) => {
    if (!panel || !panel.firstElementChild) return;
    panel.replaceChildren();
    const back = opener && document.querySelector(`#${opener} [hx-target='#history']`);
    if (back) back.focus();
    opener = "";
  };

  let chosen = null; // data-id of the row the keyboard stands on
  const rows = () => [...document.querySelectorAll(".rows tbody tr[data-id]")];
  const stand = (row) => {
    for (const other of rows()) other.classList.toggle("is-chosen", other === row);
    chosen = row ? row.dataset.id : null;
    if (row) { row.querySelector("a").focus({ preventScroll: true }); row.scrollIntoView({ block: "nearest" }); }
  };

  document.addEventListener("keydown", (event) => {
    // A property's editor: Esc leaves; Enter saves, in a long text Ctrl+Enter. A list that stands open takes Enter first.
    const edited = event.target.closest(".is-edited");
    if (edited && event.key === "Enter" && (event.ctrlKey || event.metaKey || event.target.matches("select")))
      setTimeout(() => edited.querySelector("form").requestSubmit());
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (edited && event.key === "Escape") { edited.querySelector("[data-leave]").click(); return; }
    const typing = event.target.matches("input:not([type=checkbox]), textarea, select");
    if (event.key === "Escape") {
      for (const menu of document.querySelectorAll("details.menu[open]")) {
        if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
        menu.open = false;
      }
      if (typing) event.target.blur(); else close(document.querySelector("#history:has(header)"));
    }
    if (event.key === "/" && !typing) {
      const search = document.getElementById("search");
      if (search) { event.preventDefault(); search.focus(); search.select(); }
    }
    const all = rows();
    if (!all.length || (typing && !(event.target.id === "search" && event.key === "ArrowDown"))) return;
    const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = all.findIndex((row) => row.dataset.id === chosen);
    stand(all[Math.max(0, Math.min(all.length - 1, at + step))]);
  });

  // A row opens wherever it is clicked; links, buttons and marked text keep their own meaning.
  document.addEventListener("click", (event) => {
    const row = event.target.closest(".rows tbody tr[data-id]");
    if (!row || event.target.closest("a, button, input, label, summary") || String(getSelection())) return;
    const link = row.querySelector("a");
    if (event.ctrlKey || event.metaKey) window.open(link.href); else link.click();
  });

  const say = (text) => { document.getElementById("said").textContent = text; };

  const filter = () => {
    const hide = document.getElementById("hide-empty");
    for (const input of document.querySelectorAll("[data-filter]")) {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const item of document.querySelectorAll(input.dataset.filter)) {
        const text = item.dataset.text || item.textContent.toLowerCase();
        item.hidden = !words.every((word) => text.includes(word)) || !!(hide && hide.checked && item.classList.contains("is-empty"));
        if (!item.hidden) shown += 1;
      }
      for (const part of document.querySelectorAll(".group, .block"))
        part.hidden = !part.querySelector(".property:not([hidden]), tr[data-text]:not([hidden])");
      const nothing = document.getElementById("nothing");
      if (nothing) nothing.hidden = shown > 0;
      say(nothing && !shown ? nothing.textContent : `${document.getElementById("said").dataset.shown} ${shown}`);
    }
  };
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-filter], #hide-empty")) filter();
  });

  if (document.querySelector("#hide-empty:checked")) filter(); // remembered from an earlier page

  document.addEventListener("click", async (event) => {
    if (event.target.closest("[data-print]")) window.print();
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      await navigator.clipboard.writeText(copy.dataset.copy);
      copy.classList.add("is-copied");
      setTimeout(() => copy.classList.remove("is-copied"), 1200);
    }
    const clear = event.target.closest("[data-clear]");
    if (clear) close(document.querySelector(clear.dataset.clear));
    const opens = event.target.closest(".property [hx-target='#history']");
    if (opens) opener = opens.closest(".property").id;
    for (const menu of document.querySelectorAll("details.menu[open]"))
      if (!menu.contains(event.target)) menu.open = false;
  });

  // A form that takes its time shows it, and is sent once.
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || event.target.hasAttribute("hx-post")) return;
    // What cannot be taken back, or touches others, asks first.
    const ask = event.submitter && event.submitter.dataset.confirm;
    if (ask && !confirm(ask)) { event.preventDefault(); return; }
    if (event.target.dataset.sent) { event.preventDefault(); return; }
    event.target.dataset.sent = "yes";
    if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
    for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  });

  let before = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    document.getElementById("failure").hidden = true;
    before = event.target.id === "list" && event.target.dataset.live !== undefined && event.detail.requestConfig.triggeringEvent === undefined
      ? new Map(rows().map((row) => [row.dataset.id, row.textContent])) : null;
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const list = document.getElementById("list");
    if (list && !before && event.target.id === "list")
      say((list.querySelector(".paging span, .empty h2") || list).textContent.trim());
    if (before) for (const row of rows()) {
      if (!before.has(row.dataset.id)) row.classList.add("is-new");
      else if (before.get(row.dataset.id) !== row.textContent) row.classList.add("is-changed");
    }
    before = null;
    if (chosen) for (const row of rows()) row.classList.toggle("is-chosen", row.dataset.id === chosen);
  });
  for (const name of ["htmx:responseError", "htmx:sendError"])
    document.addEventListener(name, () => { document.getElementById("failure").hidden = false; });
})();
