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

  // Charts: the nearest value under the pointer, or the one that arrow keys have come to, in a box.
  const NEAR = 40;
  const tip = document.createElement("div");
  const spot = document.createElement("div");
  tip.className = "tip";
  spot.className = "spot";
  tip.hidden = spot.hidden = true;
  tip.setAttribute("role", "status");
  document.body.append(spot, tip);
  // Without the stroke, which a browser's own box counts at its pointed corners.
  const boxOf = (mark) => {
    const [{ x, y, width, height }, to] = [mark.getBBox(), mark.getScreenCTM()];
    return new DOMRect(to.a * x + to.e, to.d * y + to.f, to.a * width, to.d * height);
  };
  const away = (box, x, y) =>
    Math.hypot(Math.max(box.left - x, 0, x - box.right), Math.max(box.top - y, 0, y - box.bottom));
  const hide = () => {
    tip.hidden = spot.hidden = true;
    for (const each of document.querySelectorAll(".on")) each.classList.remove("on");
  };
  const place = (element, left, top) => {
    element.style.left = `${left}px`;
    element.style.top = `${top}px`;
  };

  for (const svg of document.querySelectorAll(".panels svg")) {
    const names = new Map(); // of lines and marks; a title would make the browser show a second box
    for (const title of svg.querySelectorAll("title")) {
      const mark = title.parentNode;
      names.set(mark, title.textContent.split("\n"));
      mark.setAttribute("role", "img");
      mark.setAttribute("aria-label", title.textContent.replaceAll("\n", ", "));
      title.remove();
    }
    const marks = [...names.keys()].filter((mark) => names.get(mark).length > 1);
    const lines = [...names.keys()].filter((mark) => names.get(mark).length === 1);
    if (!marks.length) continue;
    svg.setAttribute("tabindex", "0");
    svg.setAttribute("aria-description", "Arrow keys go from value to value");
    const boxes = () => marks.filter((mark) => mark.getClientRects().length)
      .map((mark) => [mark, boxOf(mark)]);
    const show = (mark) => {
      const [name, value] = names.get(mark);
      const box = boxOf(mark);
      const bold = document.createElement("b");
      hide();
      bold.textContent = name;
      tip.replaceChildren(bold, value);
      tip.hidden = spot.hidden = false;
      for (const line of lines) line.classList.toggle("on", names.get(line)[0] === name);
      spot.style.width = `${box.width + 6}px`;
      spot.style.height = `${box.height + 6}px`;
      place(spot, box.left - 3, box.top - 3);
      const middle = box.left + box.width / 2 - tip.offsetWidth / 2;
      const above = box.top - tip.offsetHeight - 8;
      const furthest = root.clientWidth - tip.offsetWidth - 4;
      place(tip, Math.min(Math.max(4, middle), furthest), above < 4 ? box.bottom + 8 : above);
    };
    svg.addEventListener("pointermove", ({ clientX, clientY }) => {
      let [best, least] = [null, NEAR];
      for (const [mark, box] of boxes()) {
        const distance = away(box, clientX, clientY);
        if (distance <= least) [best, least] = [mark, distance];
      }
      return best ? show(best) : hide();
    });
    svg.addEventListener("pointerleave", hide);

    // What has one name is a row, from left to right; rows are in the order of their right ends.
    let [row, column] = [0, Infinity];
    const step = (down, right) => {
      const byName = new Map();
      for (const each of boxes().sort((a, b) => a[1].left - b[1].left)) {
        const name = names.get(each[0])[0];
        byName.set(name, [...(byName.get(name) ?? []), each]);
      }
      const rows = [...byName.values()];
      rows.sort((a, b) => a.at(-1)[1].top - b.at(-1)[1].top);
      row = Math.min(Math.max(row + down, 0), rows.length - 1);
      const last = rows[row].length - 1;
      column = Math.min(Math.max(Math.min(column, last) + right, 0), last);
      show(rows[row][column][0]);
    };
    svg.addEventListener("focus", () => svg.matches(":focus-visible") && step(0, 0));
    svg.addEventListener("blur", hide);
    svg.addEventListener("keydown", (event) => {
      if (event.key === "Escape") hide();
      const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
      if (!steps[event.key]) return;
      event.preventDefault();
      step(...steps[event.key]);
    });
  }
  addEventListener("scroll", hide, { passive: true });
}
