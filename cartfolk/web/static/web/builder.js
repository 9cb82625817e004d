// The builder of segments: undo and redo, and a word before what was built is left unsaved.
"use strict";
(() => {
  const past = [], future = []; // drafts as the server wrote them
  let present = null, saved = null, leaving = false;
  const form = () => document.getElementById("builder");

  const show = () => {
    form().querySelector("[data-undo]").disabled = !past.length;
    form().querySelector("[data-redo]").disabled = !future.length;
  };
  const note = (event) => {
    const draft = document.getElementById("draft");
    if (!draft) return;
    const asked = event.detail && event.detail.requestConfig;
    if (present === null) present = saved = draft.value;
    else if (event.target.id === "preview" && asked && !asked.triggeringEvent) {
      // The preview of a page that has just come: the same draft, as the form's controls say it.
      if (saved === present) saved = draft.value;
      present = draft.value;
    } else if (draft.value !== present) {
      past.push(present);
      if (past.length > 200) past.shift();
      future.length = 0;
      present = draft.value;
    }
    show();
  };
  const go = (from, to) => {
    // What was pressed before is done before. What a step back leaves is not counted any more, and an earlier step is
    // no longer wanted: their answers would be taken for what was done after this one.
    if (!from.length || form().classList.contains("htmx-request")) return;
    for (const asking of [document.getElementById("preview"), document.body]) htmx.trigger(asking, "htmx:abort");
    to.push(present);
    present = from.pop();
    const { name, segment, seen } = form().elements;
    const values = { draft: present, name: name.value, act: "show:" };
    if (segment) { values.segment = segment.value; values.seen = seen.value; }
    htmx.ajax("POST", form().action, { target: "#builder", swap: "outerHTML", values });
  };

  document.addEventListener("DOMContentLoaded", note);
  document.addEventListener("htmx:afterSettle", note);
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-undo]")) go(past, future);
    if (event.target.closest("[data-redo]")) go(future, past);
  });
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    if (event.target.id === "segment-name") return; // its own undo
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) go(future, past); else go(past, future);
  });
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    if (event.detail.xhr.getResponseHeader("HX-Redirect")) leaving = true;
  });
  addEventListener("beforeunload", (event) => {
    if (!leaving && present !== saved) event.preventDefault();
  });
})();
