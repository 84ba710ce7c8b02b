// Dark unless the visitor chose otherwise; paste and drop anywhere on a tab; chips that open what they cite; pictures that
// cannot be loaded give way to what is drawn below them; parts of a picture that tell their name; patches that
// point at their best match; an image that was refused or made here, put in where it belongs.
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
  const selected = () => document.querySelector('button[role=tab][aria-selected="true"]')?.textContent.trim();
  const putIn = new Map(); // title of a tab → the file that was put in there last: another tab may be asked to read it
  const remember = (event) => {
    const file = (event.dataTransfer ?? event.target).files?.[0];
    if (file && event.target.closest?.(".lb-drop, .lb-hand-over")) putIn.set(selected(), file);
  };
  document.addEventListener("change", remember, true);
  document.addEventListener("drop", remember, true);
  const soon = async (find) => {
    for (let tries = 0; tries < 400; tries++) {
      const found = find();
      if (found) return found;
      await new Promise((done) => setTimeout(done, 50));
    }
    return null;
  };
  const fileOf = async (button) => {
    const made = button.closest(".lb-made")?.querySelector("img"); // an image that was made here, and never put in
    if (!made) return putIn.get(selected());
    const content = await (await fetch(made.src)).blob();
    return new File([content], button.dataset.file, { type: content.type });
  };
  const readOverThere = async (button) => {
    const { tab, model } = button.dataset, file = await fileOf(button);
    const from = visible(".lb-tab"), stays = selected() === tab;
    [...document.querySelectorAll("button[role=tab]")].find((one) => one.textContent.trim() === tab)?.click();
    const there = await soon(() => {
      const shown = selected() === tab && visible(".lb-tab:has(.lb-drop input[type=file])");
      return (stays || shown !== from) && shown;
    });
    const choice = there?.querySelector(`.lb-choice input[value="${model}"]`);
    if (choice && !choice.checked) {
      choice.click(); // which reads the image that lies there
      const title = choice.closest("label").textContent.trim(); // and would end the reading of one put in too early
      await soon(() => there.querySelector(".lb-made-for b")?.textContent.startsWith(title));
    }
    if (there && !stays) put(file);
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
    if (event.target.closest(".lb-example")) putIn.delete(selected());
    const handing = event.target.closest(".lb-handing");
    if (handing) putIn.set(handing.textContent.trim().replace("Read as ", ""), putIn.get(selected()));
    const over = event.target.closest(".lb-over-there");
    if (over) readOverThere(over);
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
