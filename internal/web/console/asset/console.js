// What the console does in the browser beside htmx. Every page works without it: it adds keys, copying,
// ranges of selected rows, dialogs, and tells the server the time zone.
(() => {
  "use strict";
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

  // The server writes times in the viewer's zone.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.includes(`accesscodes-zone=${encodeURIComponent(zone)}`)) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `accesscodes-zone=${encodeURIComponent(zone)}; Path=/console; Max-Age=31536000; SameSite=Lax${secure}`;
  }

  const say = (words) => {
    const live = $("#live");
    if (live) live.textContent = words;
  };

  // [data-copy]: its value, or the text of the element that the value names, is copied.
  const copy = async (button) => {
    const named = button.dataset.copyFrom && $(button.dataset.copyFrom);
    await navigator.clipboard.writeText(named ? named.textContent.trim() : button.dataset.copy);
    say(button.dataset.copied || "");
    button.classList.add("copied");
    setTimeout(() => button.classList.remove("copied"), 1500);
  };

  // Rows: [data-pick] are checkboxes; Shift picks a range; the bar shows how many.
  let lastPicked = null;
  let lastChosen = 0;
  const rows = () => $$("tr[data-row]");
  const picks = () => $$("input[data-pick]");
  const refreshBar = () => {
    const chosen = picks().filter((box) => box.checked).length;
    for (const bar of $$("[data-bulk]")) {
      bar.hidden = chosen === 0;
      for (const count of $$("[data-count]", bar)) count.textContent = chosen.toLocaleString(document.documentElement.lang);
      if (chosen !== lastChosen) say($("[data-picked]", bar).textContent.trim());
    }
    lastChosen = chosen;
    const all = $("input[data-pick-all]");
    if (all) {
      all.checked = chosen > 0 && chosen === picks().length;
      all.indeterminate = chosen > 0 && chosen < picks().length;
    }
  };
  const pick = (box, range) => {
    if (range && lastPicked && lastPicked !== box) {
      const all = picks();
      const [from, to] = [all.indexOf(lastPicked), all.indexOf(box)].sort((a, b) => a - b);
      if (from >= 0) for (const between of all.slice(from, to + 1)) between.checked = box.checked;
    }
    lastPicked = box;
    refreshBar();
  };

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-copy], [data-copy-from], [data-close], input[data-pick], input[data-pick-all], [data-unpick]");
    if (!target) return;
    if (target.matches("[data-copy], [data-copy-from]")) {
      event.preventDefault();
      copy(target);
    } else if (target.matches("[data-close]")) {
      const dialog = target.closest("dialog");
      if (dialog) {
        event.preventDefault();
        dialog.close();
      } else if (target.closest(".toast")) {
        target.closest(".toast").remove();
      }
    } else if (target.matches("input[data-pick]")) {
      pick(target, event.shiftKey);
    } else if (target.matches("input[data-pick-all]")) {
      for (const box of picks()) box.checked = target.checked;
      refreshBar();
    } else if (target.matches("[data-unpick]")) {
      for (const box of picks()) box.checked = false;
      refreshBar();
    }
  });

  // A form that has been sent is not sent twice.
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (event.target.matches("[data-download]")) { // the page stays, and the file comes
      setTimeout(() => event.target.closest("dialog")?.close());
      return;
    }
    if (!button || event.defaultPrevented || event.target.method === "get") return;
    setTimeout(() => {
      button.setAttribute("aria-busy", "true");
      button.disabled = true;
    });
  });
  addEventListener("pageshow", () => {
    for (const button of $$("[aria-busy=true]")) {
      button.removeAttribute("aria-busy");
      button.disabled = false;
    }
    refreshBar();
  });

  // A page that is loaded into #dialog is shown as a dialog.
  document.addEventListener("htmx:after:swap", () => {
    const dialog = $("#dialog");
    if (dialog && !dialog.open && dialog.childElementCount > 0) {
      dialog.showModal();
      ($("[autofocus]", dialog) || $("[data-close]", dialog) || dialog).focus();
    }
    refreshBar();
  });
  document.addEventListener("close", (event) => {
    if (event.target.id === "dialog") event.target.replaceChildren();
  }, true);

  const typing = (element) => element.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  const keysOff = () => localStorage.getItem("accesscodes-keys") === "off";

  let here = -1;
  const move = (by) => {
    const all = rows();
    if (all.length === 0) return;
    here = Math.min(Math.max(here + by, 0), all.length - 1);
    for (const [i, row] of all.entries()) row.classList.toggle("here", i === here);
    all[here].scrollIntoView({ block: "nearest" });
    ($("a", all[here]) || all[here]).focus({ preventScroll: true });
  };
  const row = () => rows()[here];

  // Keys that act on the row that j and k have moved to.
  const rowKeys = {
    j: () => move(1),
    k: () => move(-1),
    x: (event) => {
      const box = row() && $("input[data-pick]", row());
      if (box) {
        box.checked = !box.checked;
        pick(box, event.shiftKey);
      }
    },
    b: () => {
      const bar = $("[data-bulk]:not([hidden])");
      if (bar) $("button[name=do]", bar).focus();
    },
    y: () => {
      const button = row() && $("[data-copy]", row());
      if (button) copy(button);
    },
  };

  let wentFor = 0; // when g was pressed
  const follow = (key) => {
    const target = $(`[data-key="${CSS.escape(key)}"]`);
    if (!target || target.closest("[hidden]")) return false;
    if (target.matches("input, textarea")) {
      target.focus();
      target.select();
    } else {
      target.click();
    }
    return true;
  };
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "k") {
      if (follow("/")) event.preventDefault();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || keysOff() || typing(event.target)) return;
    if ($("dialog[open]")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (Date.now() - wentFor < 1500) {
      wentFor = 0;
      if (follow(`g ${key}`)) event.preventDefault();
      return;
    }
    if (key === "g") {
      wentFor = Date.now();
      return;
    }
    if (rows().length > 0 && key in rowKeys) {
      event.preventDefault();
      rowKeys[key](event);
      return;
    }
    if (follow(key)) event.preventDefault();
  });

  // [data-says]: words that follow what is typed, in place of plain ones for where no script runs.
  const showWords = () => {
    for (const words of $$("[data-says]")) words.textContent = words.dataset.says;
  };
  showWords();
  document.addEventListener("htmx:after:swap", showWords);

  // What was wrong with a field is not said any more of what is typed now.
  document.addEventListener("input", (event) => {
    const field = event.target.closest(".field.bad");
    if (field) {
      field.classList.remove("bad");
      $(".complaint", field)?.remove();
      event.target.removeAttribute("aria-invalid");
    }
    event.target.closest("form[hx-get]")?.querySelector(".form > .notice.bad")?.remove();
  });

  // The help switches keys off and on, also where it is shown in a dialog.
  const showKeys = () => {
    for (const box of $$("input[data-keys]")) box.checked = !keysOff();
  };
  showKeys();
  document.addEventListener("htmx:after:swap", showKeys);
  document.addEventListener("change", (event) => {
    if (!event.target.matches("input[data-keys]")) return;
    if (event.target.checked) localStorage.removeItem("accesscodes-keys");
    else localStorage.setItem("accesscodes-keys", "off");
  });

  // The browser asks before what was typed and not sent is lost.
  let unsent = false;
  document.addEventListener("input", (event) => {
    if (typing(event.target) && event.target.closest(".desk main form[method=post]")) unsent = true;
  });
  document.addEventListener("submit", () => { unsent = false; });
  addEventListener("beforeunload", (event) => {
    if (unsent) event.preventDefault();
  });

  // The theme: the system's, light or dark.
  const theme = localStorage.getItem("accesscodes-theme");
  if (theme) document.documentElement.dataset.theme = theme;
  for (const choice of $$("input[data-theme-choice]")) {
    choice.checked = choice.value === (theme || "");
    choice.addEventListener("change", () => {
      if (choice.value) {
        localStorage.setItem("accesscodes-theme", choice.value);
        document.documentElement.dataset.theme = choice.value;
      } else {
        localStorage.removeItem("accesscodes-theme");
        delete document.documentElement.dataset.theme;
      }
    });
  }
})();
