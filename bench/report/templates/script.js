"use strict";
{
  const root = document.documentElement;
  root.classList.add("js");

  // Tables: a heading sorts its column, up first, then down.
  const UNITS = { ns: 1e-9, "µs": 1e-6, ms: 1e-3, s: 1, kB: 1e3, MB: 1e6, GB: 1e9 };
  const valueOf = (text) => {
    const found = /^([+-]?[\d,.]+)\s*(ns|µs|ms|s|kB|MB|GB)?/.exec(text);
    return found ? Number(found[1].replaceAll(",", "")) * (UNITS[found[2]] ?? 1) : NaN;
  };
  const compare = (numeric, sign) => (a, b) => {
    if (!numeric) return sign * a.key.localeCompare(b.key, "en", { numeric: true });
    const [x, y] = [valueOf(a.key), valueOf(b.key)];
    if (isNaN(x) || isNaN(y)) return isNaN(x) - isNaN(y); // what is unknown stays last
    return sign * (x - y);
  };
  for (const table of document.querySelectorAll("table")) {
    const heads = [...table.tHead.rows[0].cells];
    const body = table.tBodies[0];
    heads.forEach((head, column) => head.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const each of heads) each.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...body.rows].map((row) => ({ row, key: row.cells[column].textContent.trim() }));
      rows.sort(compare(!head.classList.contains("t"), down ? -1 : 1));
      body.append(...rows.map(({ row }) => row));
    }));
    if (body.rows.length > 30) {
      const label = document.createElement("label");
      const input = document.createElement("input");
      label.className = "find";
      input.type = "search";
      label.append("Show rows with", input);
      input.addEventListener("input", () => {
        const words = input.value.toLowerCase().split(/\s+/);
        for (const row of body.rows) {
          const text = row.textContent.toLowerCase();
          row.hidden = !words.every((word) => text.includes(word));
        }
      });
      table.parentNode.before(label);
    }
  }

  // Drawings: the nearest value under the pointer, or that of the focused thing, in a box.
  const NEAR = 40;
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  tip.setAttribute("role", "status");
  document.body.append(tip);
  const spot = document.createElementNS("http://www.w3.org/2000/svg", "circle");
  spot.setAttribute("class", "spot");
  spot.setAttribute("r", "6");

  const things = new Map();
  for (const group of document.querySelectorAll(".told")) {
    const title = group.querySelector("title");
    const [name, ...lines] = title.textContent.split("\n");
    group.setAttribute("aria-label", [name, ...lines].join(", "));
    title.remove(); // or the browser would show a second box
    group.setAttribute("role", "img");
    group.setAttribute("tabindex", "0");
    const bends = group.dataset.p ?? group.querySelector(".line").getAttribute("d").slice(1);
    const places = bends.split(/[ L]/).map((pair) => pair.split(",").map(Number));
    things.set(group, { name, lines, places });
  }
  const hide = () => { tip.hidden = true; spot.remove(); };
  const show = (group, index) => {
    const { name, lines, places } = things.get(group);
    const [x, y] = places[index];
    const bold = document.createElement("b");
    bold.textContent = name;
    tip.replaceChildren(bold, lines[index] ?? "");
    tip.hidden = false;
    spot.setAttribute("cx", x);
    spot.setAttribute("cy", y);
    group.ownerSVGElement.append(spot);
    const at = new DOMPoint(x, y).matrixTransform(group.getScreenCTM());
    const left = Math.min(Math.max(4, at.x - tip.offsetWidth / 2), root.clientWidth - tip.offsetWidth - 4);
    const above = at.y - tip.offsetHeight - 12;
    tip.style.left = `${left}px`;
    tip.style.top = `${above < 4 ? at.y + 14 : above}px`;
  };
  const shown = (group) => group.getClientRects().length > 0;
  for (const svg of document.querySelectorAll("svg")) {
    const groups = [...svg.querySelectorAll(".told")];
    if (!groups.length) continue;
    svg.addEventListener("pointermove", (event) => {
      const at = new DOMPoint(event.clientX, event.clientY)
        .matrixTransform(svg.getScreenCTM().inverse());
      // A part of a bar is meant wherever the pointer is within it.
      const part = event.target.closest(".bar");
      const around = part?.closest(".told");
      if (around) return show(around, [...around.querySelectorAll(".bar")].indexOf(part));
      let [best, least] = [null, NEAR];
      for (const group of groups.filter(shown)) {
        things.get(group).places.forEach(([x, y], index) => {
          const away = Math.hypot(x - at.x, y - at.y);
          if (away < least) [best, least] = [[group, index], away];
        });
      }
      return best ? show(...best) : hide();
    });
    svg.addEventListener("pointerleave", hide);
    for (const group of groups) {
      let index = 0;
      group.addEventListener("focus", () => {
        index = things.get(group).places.length - 1;
        show(group, index);
      });
      group.addEventListener("blur", hide);
      group.addEventListener("keydown", (event) => {
        const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        if (event.key === "Escape") hide();
        if (!step) return;
        event.preventDefault();
        index = Math.min(Math.max(index + step, 0), things.get(group).places.length - 1);
        show(group, index);
      });
    }
  }
  addEventListener("scroll", hide, { passive: true });
}
