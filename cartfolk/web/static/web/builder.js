// The builder of segments: undo and redo, and a word before what was built is left unsaved.
"use strict";
(() => {
  const past = [], future = []; // drafts as the server wrote them
  let present = null, saved = null, leaving = false;
  let shown = null; // the steps as the page shows them, while a step back or forth is under way
  const form = () => document.getElementById("builder");

  const show = () => {
    form().querySelector("[data-undo]").disabled = !past.length;
    form().querySelector("[data-redo]").disabled = !future.length;
  };
  const note = (event) => {
    const draft = document.getElementById("draft");
    if (!draft) return;
    if (event.target.id === "builder") shown = null;
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
    shown = shown || { past: [...past], future: [...future], present };
    to.push(present);
    present = from.pop();
    const { name, segment, seen } = form().elements;
    const values = { draft: present, name: name.value, act: "show:" };
    if (segment) { values.segment = segment.value; values.seen = seen.value; }
    htmx.ajax("POST", form().action, { target: "#builder", swap: "outerHTML", values }).catch(() => {});
  };
  const stay = () => { // the step was not taken after all
    if (!shown) return;
    past.splice(0, past.length, ...shown.past);
    future.splice(0, future.length, ...shown.future);
    present = shown.present;
    shown = null;
    show();
  };

  // What is typed while an act is under way is not in its answer: the name is carried over, and for another value the
  // same act is asked again of the form as it is now. Of a step back or forth nothing is left then: who types goes on.
  const controls = () => [...form().elements].filter((one) => one.matches("select, input:not([type=hidden], #segment-name)"));
  const told = () => JSON.stringify(controls().map((one) => [one.name, one.value, one.checked]));
  let sent = null, again = null, stood = null, name = null;
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (leaving) event.preventDefault(); // it is saved, and its page is on its way
    else if (event.detail.target.id === "builder") {
      sent = { told: told(), name: form().elements.name.value };
      if (stood) event.detail.requestConfig.stood = stood; // somebody who types now has gone on from there
      stood = null;
    }
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.target.id !== "builder" || !event.detail.shouldSwap) return;
    const field = form().elements.name;
    name = field.value === sent.name ? null : { value: field.value, at: field.selectionStart };
    if (told() === sent.told) return;
    event.detail.shouldSwap = false;
    if (shown) stay(); else again = event.detail.requestConfig;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id !== "builder" || !name) return;
    const field = form().elements.name;
    field.value = name.value;
    if (field === document.activeElement) field.setSelectionRange(name.at, name.at);
  });
  document.addEventListener("htmx:afterOnLoad", (event) => {
    if (!again || event.detail.requestConfig !== again) return;
    const { elt, triggeringEvent } = again;
    stood = again.stood;
    again = null;
    // When this request has let go of the form.
    setTimeout(() => { if (elt === form()) triggeringEvent.submitter.click(); else htmx.trigger(elt, "change"); });
  });
  for (const failed of ["htmx:sendError", "htmx:timeout", "htmx:responseError"])
    document.addEventListener(failed, (event) => {
      if (event.detail.target.id === "builder") stay();
      const waits = event.detail.target.id === "preview" && event.detail.target.querySelector(":scope > .hint");
      if (waits) waits.textContent = document.querySelector("#failure span").textContent;
    });

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
