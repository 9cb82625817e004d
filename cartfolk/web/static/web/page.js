// Small behaviours of every page: keyboard in lists, filters, copying, and marking what is new.
"use strict";
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  if (!document.cookie.includes("timezone=" + encodeURIComponent(zone)) && !document.cookie.includes("timezone=" + zone))
    document.cookie = "timezone=" + zone + ";path=/;max-age=31536000;samesite=lax";

  const failure = document.getElementById("failure");
  // Signed in again in another tab, this one has an old token; the cookie has the new one.
  const present = () => (document.cookie.match(/(?:^|; )csrftoken=([^;]+)/) || [])[1];

  // On a narrow screen the tabs run out of sight to the right: not the one that is shown.
  for (const tab of document.querySelectorAll(".tabs [aria-current]"))
    tab.parentElement.scrollLeft = Math.max(0, tab.offsetLeft + tab.offsetWidth - tab.parentElement.clientWidth);

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
    const here = event.target.closest(".rows tbody tr[data-id]"); // a ticked box, a link that has the focus
    const at = here ? all.indexOf(here) : all.findIndex((row) => row.dataset.id === chosen);
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
    if (event.defaultPrevented || event.target.method !== "post") return; // a download leaves the page where it is
    // What cannot be taken back, or touches others, asks first.
    const ask = event.submitter && event.submitter.dataset.confirm;
    if (ask && !confirm(ask)) { event.preventDefault(); return; }
    if (event.target.dataset.sent) { event.preventDefault(); return; }
    event.target.dataset.sent = "yes";
    const token = event.target.elements.csrfmiddlewaretoken;
    if (token) token.value = present() || token.value;
    if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
  });
  const unsent = () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
    for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  };
  addEventListener("pageshow", unsent);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") unsent(); }); // the browser gives it up, too

  // What is shown once is not made once more by a reload.
  const once = document.querySelector("[data-once]");
  if (once) history.replaceState(history.state, "", once.dataset.once);

  let before = null, place = null; // the rows as they were; where in the list the keyboard stood
  let held = null; // the control that had the keyboard in a part that brings itself up to date
  let pressed = null; // what the pointer is pressed on
  document.addEventListener("pointerdown", (event) => { pressed = event.target; });
  for (const ended of ["pointerup", "pointercancel", "dragend"])
    document.addEventListener(ended, () => setTimeout(() => { pressed = null; }));
  const sign = (one) => [one.localName, one.name, one.value, one.textContent].join();
  const polled = (asked) => /every /.test(asked.elt.getAttribute("hx-trigger"));
  document.addEventListener("htmx:beforeSwap", (event) => {
    const asked = event.detail.requestConfig, list = event.target.id === "list" ? event.target : null;
    if (!polled(asked) || failure.dataset.polled) failure.hidden = true;
    // Not under an open menu, nor between the two halves of a click; the next poll brings the same.
    if (polled(asked) && (event.target.querySelector("details.menu[open]") || event.target.contains(pressed))) {
      event.detail.shouldSwap = false;
      return;
    }
    held = polled(asked) && event.target.contains(document.activeElement) ? sign(document.activeElement) : null;
    if (!list) return;
    before = polled(asked) ? new Map(rows().map((row) => [row.dataset.id, row.textContent])) : null;
    const row = document.activeElement.closest("#list tbody tr"), head = document.activeElement.closest("#list th[scope=col]");
    place = row ? `tr[data-id="${row.dataset.id}"] ${document.activeElement.localName}`
      : head && document.activeElement.localName === "a" ? `th:nth-child(${head.cellIndex + 1}) a` : null;
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const list = document.getElementById("list");
    if (list && event.target.id === "list") {
      if (!before) say((list.querySelector(".paging span, .empty h2") || list).textContent.trim());
      if (before) for (const row of rows()) {
        if (!before.has(row.dataset.id)) row.classList.add("is-new");
        else if (before.get(row.dataset.id) !== row.textContent) row.classList.add("is-changed");
      }
      before = null;
      const again = place && document.activeElement === document.body && list.querySelector(place);
      if (again) again.focus({ preventScroll: true });
    }
    const same = held && document.activeElement === document.body
      && [...event.target.querySelectorAll("a, button")].find((one) => sign(one) === held);
    if (same) same.focus({ preventScroll: true });
    held = null;
    if (chosen) for (const row of rows()) row.classList.toggle("is-chosen", row.dataset.id === chosen);
  });

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.verb !== "get" && present()) event.detail.headers["X-CSRFToken"] = present();
  });

  // A slow answer does not take the keyboard from where somebody has gone in the meantime.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const { elt, requestConfig } = event.detail;
    // A menu is filled when it is opened, and again when it could not be.
    if (elt.matches("details.menu") && (!elt.open || elt.querySelector(".panel").firstElementChild)) { event.preventDefault(); return; }
    requestConfig.stood = document.activeElement;
    if (!polled(requestConfig)) failure.hidden = true;
    keep(elt, true);
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const { stood } = event.detail.requestConfig || {}, here = document.activeElement;
    if (!stood || here === document.body || here === stood || (here.id && here.id === stood.id)) return;
    for (const one of [event.target, ...event.target.querySelectorAll("[autofocus]")]) one.removeAttribute("autofocus");
  });
  // What is typed while a value is saved would be lost with its field.
  const keep = (elt, saving) => {
    if (elt.matches(".is-edited form")) for (const field of elt.elements) field.readOnly = saving;
  };

  // A request that failed: said in a sentence, with the way out; the control goes back to what is true.
  let searching = 0;
  const failed = (event, why) => {
    const { elt, requestConfig } = event.detail;
    const searches = elt.id === "search"; // what stands in the field is asked for until the page shows it
    if (searches && why !== "refused") {
      clearTimeout(searching);
      searching = setTimeout(() => htmx.trigger(elt, "search"), 3000);
    }
    const again = (polled(requestConfig) || searches) && why !== "signedOut";
    failure.dataset.polled = polled(requestConfig) || searches ? "yes" : "";
    failure.querySelector("span").textContent = failure.dataset[again ? "again" : why];
    failure.querySelector("a").hidden = why !== "signedOut";
    failure.hidden = false;
    keep(elt, false);
    if (elt.matches("details.menu")) elt.open = false;
    if (elt.matches("input[type=checkbox]")) { elt.checked = !elt.checked; elt.dispatchEvent(new Event("input", { bubbles: true })); }
  };
  for (const name of ["htmx:sendError", "htmx:timeout"])
    document.addEventListener(name, (event) => failed(event, "unreachable"));
  document.addEventListener("htmx:responseError", (event) => {
    const { status } = event.detail.xhr;
    failed(event, { 401: "signedOut", 403: "refused", 404: "gone", 410: "gone" }[status] || (status < 500 ? "gone" : "broken"));
  });
})();
