// Dark unless the visitor chose otherwise; paste and drop anywhere on a tab; chips that open what they cite; pictures that
// cannot be loaded give way to what is drawn below them; parts of a picture that tell their name; patches that
// point at their best match; an image that was refused, put in where it belongs.
() => {
  const stored = localStorage.getItem("lightbox-theme");
  const asked = new URLSearchParams(location.search).get("__theme");
  const setTheme = (theme) => document.body.classList.toggle("dark", theme !== "light");
  setTheme(asked || stored || "dark");

  const visible = (selector) => [...document.querySelectorAll(selector)].find((node) => node.offsetParent !== null);
  const put = (file) => {
    const input = visible(".lb-tab")?.querySelector(".lb-drop input[type=file]");
    if (!input || !file) return;
    const transfer = new DataTransfer();
    transfer.items.add(file);
    input.files = transfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };
  let last = null; // the file that was put in last: another tab may be asked to read it
  document.addEventListener("change", (event) => {
    if (event.target.matches?.(".lb-drop input[type=file]")) last = event.target.files[0] ?? last;
  }, true);
  const soon = async (find) => {
    for (let tries = 0; tries < 100; tries++) {
      const found = find();
      if (found) return found;
      await new Promise((done) => setTimeout(done, 50));
    }
    return null;
  };
  const readOverThere = async ({ tab, model }) => {
    const button = [...document.querySelectorAll("button[role=tab]")].find((one) => one.textContent.trim() === tab);
    button?.click();
    if (!(await soon(() => button?.ariaSelected === "true" && visible(".lb-drop input[type=file]")))) return;
    const choice = [...document.querySelectorAll(`.lb-models-choice input[value="${model}"]`)];
    choice.find((one) => one.offsetParent !== null)?.click();
    put(last);
  };
  const onStage = (event) => event.target.closest?.(".lb-stage");

  document.addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])][0];
    if (file) put(file);
  });
  document.addEventListener("dragover", (event) => {
    const stage = onStage(event);
    if (!stage) return;
    event.preventDefault();
    stage.classList.add("lb-over");
  });
  document.addEventListener("dragleave", (event) => onStage(event)?.classList.remove("lb-over"));
  document.addEventListener("drop", (event) => {
    const stage = onStage(event);
    if (!stage) return;
    event.preventDefault();
    stage.classList.remove("lb-over");
    put(event.dataTransfer.files[0]);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("#lb-theme")) {
      const theme = document.body.classList.contains("dark") ? "light" : "dark";
      localStorage.setItem("lightbox-theme", theme);
      setTheme(theme);
    }
    const over = event.target.closest(".lb-over-there");
    if (over) readOverThere(over.dataset);
    const chip = event.target.closest(".lb-chip");
    if (!chip) return;
    event.preventDefault();
    const row = chip.closest("article")?.querySelector(chip.hash) ?? document.getElementById(chip.hash.slice(1));
    if (!row) return;
    for (let fold = row.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    document.querySelectorAll(".lb-lit").forEach((lit) => lit.classList.remove("lb-lit"));
    row.classList.add("lb-lit");
    row.scrollIntoView({ behavior: "smooth", block: "center" });
  });

  const giveWay = (event) => {
    if (event.target.matches?.("img.lb-live")) event.target.remove();
  };
  document.addEventListener("error", giveWay, true); // such events do not bubble
  document.addEventListener("mouseover", (event) => {
    const picture = event.target.closest?.(".lb-picture");
    document.querySelectorAll(".lb-zone-name").forEach((name) => {
      name.textContent = (picture?.contains(name) && event.target.dataset.zone) || "";
    });
    const panel = event.target.closest?.(".lb-match");
    if (!panel) return;
    panel.querySelectorAll(".lb-pointed").forEach((patch) => patch.classList.remove("lb-pointed"));
    const patch = event.target.closest("[data-best]");
    if (!patch) return;
    patch.classList.add("lb-pointed");
    panel.querySelector(`[data-cell="${patch.dataset.best}"]`)?.classList.add("lb-pointed");
  });
}
