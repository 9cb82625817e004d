// What was typed into a form that could not be sent is there again when one comes back to it.
"use strict";
(() => {
  const KEY = "typed", here = location.pathname + location.search;
  const texts = (form) => [...form.elements].filter((one) => one.name && !/pass|secret|token|key|code|present/.test(one.name)
    && one.matches("textarea, input:not([type]), input[type=text], input[type=email], input[type=url], input[type=search]"));

  const sent = JSON.parse(sessionStorage.getItem(KEY));
  const [came] = performance.getEntriesByType("navigation");
  if (sent && sent.here === here && came.type === "back_forward") {
    const form = [...document.forms].find((one) => one.action === sent.action && one.method === "post");
    if (form) for (const one of texts(form)) {
      const found = sent.typed.findIndex(([name]) => name === one.name);
      if (found >= 0 && one.value === one.defaultValue) [[, one.value]] = sent.typed.splice(found, 1);
    }
  }
  // A page that came says that it was sent; one that tells of a failure does not.
  if (!document.querySelector("[data-failed]")) sessionStorage.removeItem(KEY);

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    const typed = texts(form).filter((one) => one.value !== one.defaultValue).map((one) => [one.name, one.value]);
    sessionStorage.setItem(KEY, JSON.stringify({ here, action: form.action, typed }));
  });
})();
