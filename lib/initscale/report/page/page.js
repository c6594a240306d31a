"use strict";
// Filter of the scorecard.
const claims = [...document.querySelectorAll("tr.claim")];
const buttons = [...document.querySelectorAll("[data-filter]")];
for (const button of buttons) {
  button.addEventListener("click", () => {
    const wanted = button.dataset.filter;
    buttons.forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
    claims.forEach((row) => row.classList.toggle("hidden", wanted !== "" && row.dataset.verdict !== wanted));
    const shown = claims.filter((row) => !row.classList.contains("hidden")).length;
    document.getElementById("shown").textContent = `${shown} claim${shown === 1 ? "" : "s"} shown`;
  });
}
// A link to a claim that the filter hides shows all claims again.
window.addEventListener("hashchange", () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.classList.contains("hidden")) { buttons[0].click(); target.scrollIntoView(); }
});
// The list of contents stands open at the side, and closed above the page where there is no room beside it.
const contents = document.querySelector("nav.contents details"), beside = window.matchMedia("(min-width: 1100px)");
const fold = () => { contents.open = beside.matches; };
beside.addEventListener("change", fold);
fold();
// What is wider than its place says so, and can be moved with the keyboard.
function mark() {
  for (const one of document.querySelectorAll(".wide")) {
    const scrolls = one.scrollWidth > one.clientWidth + 1;
    one.classList.toggle("scrolls", scrolls);
    if (scrolls) one.tabIndex = 0; else one.removeAttribute("tabindex");
  }
}
window.addEventListener("load", mark);
window.addEventListener("resize", mark);
document.addEventListener("toggle", mark, true);
// On paper everything is open but the whole configuration and what stands at the figures once more.
let opened = [];
window.addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("main details:not([open])")]
    .filter((one) => !one.querySelector("pre") && !one.closest("#scorecard"));
  opened.forEach((one) => { one.open = true; });
});
window.addEventListener("afterprint", () => opened.forEach((one) => { one.open = false; }));

// Interactive phase diagram.
const SYMMETRIC = "#E69F00", INFERENTIAL = "#009E73", SEEN = "#0072B2";
const SOURCES = { key: "#D55E00", anchor_1: "#0072B2", anchor_2: "#56B4E9" };
const ROLES = ["key", "anchor_1", "anchor_2", "last"];
const LABELS = { key: "key", anchor_1: "anchor 1", anchor_2: "anchor 2", last: "last" };
const PLAIN = { displayModeBar: false, responsive: true };
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
// What every diagram shares, in the colours of the page.
const shared = () => ({ font: { family: "inherit", size: 13, color: colour("ink") }, paper_bgcolor: "rgba(0,0,0,0)",
  plot_bgcolor: "rgba(0,0,0,0)" });
const lines = () => ({ gridcolor: colour("line"), zerolinecolor: colour("line"), fixedrange: true, automargin: true });
const unique = (values) => [...new Set(values)].sort((a, b) => a - b);
const last = (values) => values[values.length - 1];
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const digits = (value) => (value === null ? "" : value.toFixed(2));

function explore(data) {
  const menus = ["gamma", "depth", "seed"].map((name) => document.getElementById(name));
  const [gammaMenu, depthMenu, seedMenu] = menus;
  const gammas = unique(data.runs.map((run) => run.gamma)), depths = unique(data.runs.map((run) => run.depth));
  const cell = (gamma, depth) => data.runs.filter((run) => run.gamma === gamma && run.depth === depth);
  const fill = (menu, values) => menu.replaceChildren(...values.map((value) => new Option(value, value)));
  const chosen = () => ({ gamma: Number(gammaMenu.value), depth: Number(depthMenu.value) });

  function map() {
    const narrow = window.innerWidth < 720;
    const panel = (name, side) => {
      const mapped = (make) => depths.map((depth) => gammas.map((gamma) => {
        const runs = cell(gamma, depth);
        return runs.length ? make(runs) : null;
      }));
      const shaded = (runs) => mean(runs.map((run) => last(run.seen))) < data.shade_below;
      return {
        type: "heatmap", x: gammas.map(String), y: depths.map(String), xaxis: `x${side}`, yaxis: `y${side}`,
        z: mapped((runs) => mean(runs.map((run) => last(run[name])))),
        text: mapped((runs) => digits(mean(runs.map((run) => last(run[name])))) + (shaded(runs) ? " ▨" : "")),
        hovertemplate: `gamma %{x}, depth %{y}<br>${name} %{text}<extra></extra>`,
        zmin: 0, zmax: 1, colorscale: "Viridis", showscale: side === "" && !narrow, xgap: 2, ygap: 2,
        colorbar: { title: { text: "accuracy" }, thickness: 12 },
      };
    };
    const { gamma, depth } = chosen(), i = gammas.indexOf(gamma), j = depths.indexOf(depth);
    const box = (side) => ({ type: "rect", xref: `x${side}`, yref: `y${side}`, x0: i - 0.5, x1: i + 0.5,
      y0: j - 0.5, y1: j + 0.5, line: { color: "#D55E00", width: 3 } });
    const axis = (title) => ({ ...lines(), type: "category", title: { text: title } });
    const title = (text, side) => ({ text, xref: `x${side} domain`, yref: `y${side} domain`, x: 0, y: 1, yanchor: "bottom",
      xanchor: "left", showarrow: false, font: { size: 14 } });
    const panels = [panel("symmetric", ""), panel("inferential", "2")];
    // the library's own cell texts are hard to read on the middle colours
    const numbers = panels.flatMap((one) => one.text.flatMap((row, y) => row.map((text, x) => text && ({
      text, x, y, xref: one.xaxis, yref: one.yaxis, showarrow: false,
      font: { size: narrow ? 10 : 13, color: one.z[y][x] > 0.55 ? "#000" : "#fff" },
    })))).filter(Boolean);
    Plotly.react("map", panels, {
      ...shared(), height: (narrow ? 200 : 160) + 45 * depths.length * (narrow ? 2 : 1), margin: { t: 30, r: 10, b: 50, l: 50 },
      grid: narrow ? { rows: 2, columns: 1, pattern: "independent", ygap: 0.5 } : { rows: 1, columns: 2, pattern: "independent" },
      xaxis: axis("gamma"), yaxis: axis("depth"), xaxis2: axis("gamma"), yaxis2: axis("depth"),
      shapes: [box(""), box("2")],
      annotations: [title("symmetric", ""), title("inferential", "2"), ...numbers],
    }, PLAIN).then((plot) => {
      if (plot.listens) return;
      plot.listens = true;
      plot.on("plotly_click", (event) => {
        gammaMenu.value = event.points[0].x; depthMenu.value = event.points[0].y; show();
      });
    });
  }

  function seeds(runs, run) {
    const body = document.querySelector("#seeds tbody");
    body.replaceChildren(...runs.map((one) => {
      const row = document.createElement("tr");
      row.className = one === run ? "chosen" : "";
      const values = [one.seed, ...["symmetric", "inferential", "seen", "loss"].map((name) => digits(last(one[name]))), last(one.step)];
      values.forEach((value) => { row.insertCell().textContent = value; });
      return row;
    }));
    document.querySelector("#seeds caption").textContent = `gamma ${run.gamma}, depth ${run.depth}: every seed at its last evaluation`;
  }

  function curves(run) {
    const losses = run.loss.filter((value) => value > 0);
    const decades = Math.log10(Math.max(...losses) / Math.min(...losses)); // ticks at powers of ten alone need some
    const line = (name, label, color, axis) => ({ x: run.step, y: run[name], name: label, yaxis: axis, mode: "lines", line: { color, width: 2 } });
    Plotly.react("curves", [
      line("symmetric", "symmetric", SYMMETRIC, "y"), line("inferential", "inferential", INFERENTIAL, "y"),
      line("seen", "seen pairs", SEEN, "y"), line("loss", "loss", colour("ink"), "y2"),
    ], {
      ...shared(), height: 400, margin: { t: 10, r: 10, b: 45, l: 55 },
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" }, // grows upwards, and the diagram makes room
      xaxis: { ...lines(), title: { text: "training step" }, anchor: "y2" },
      yaxis: { ...lines(), title: { text: "accuracy", standoff: 12 }, range: [-0.03, 1.03], domain: [0.42, 1] },
      yaxis2: { ...lines(), title: { text: "loss", standoff: 12 }, type: "log", ...(decades > 1 ? { dtick: 1 } : { nticks: 4 }), domain: [0, 0.34], exponentformat: "power" },
    }, PLAIN);
  }

  function flow(run) {
    const layers = unique(run.flow.map((one) => one.layer)), traces = [];
    ROLES.forEach((role, x) => traces.push({ x: [x, x], y: [0, layers.length], mode: "lines", hoverinfo: "skip", showlegend: false,
      line: { color: colour("border"), width: 1, dash: "dot" } }));
    for (const one of run.flow) {
      const ends = [ROLES.indexOf(one.source), ROLES.indexOf(one.query)];
      traces.push({ x: ends, y: [one.layer - 1, one.layer], mode: "lines", showlegend: false, opacity: 0.85,
        line: { color: SOURCES[one.source], width: 0.5 + 14 * one.value }, hoverinfo: "skip" });
      traces.push({ x: [mean(ends)], y: [one.layer - 0.5], mode: "markers", showlegend: false, marker: { opacity: 0, size: 16 },
        hovertemplate: `layer ${one.layer}: ${LABELS[one.query]} reads ${LABELS[one.source]}: ${digits(one.value)}<extra></extra>` });
    }
    const strong = run.flow.filter((one) => one.value >= 0.15).map((one) => {
      const place = 0.66, ends = [ROLES.indexOf(one.source), ROLES.indexOf(one.query)];
      return { x: ends[0] + place * (ends[1] - ends[0]), y: one.layer - 1 + place, text: digits(one.value), showarrow: false,
        bgcolor: colour("page"), font: { size: 11 } };
    });
    const empty = { text: "no attention flow in the tables", x: 1.5, y: 0.5, showarrow: false };
    Plotly.react("flow", traces, {
      ...shared(), height: 380, margin: { t: 30, r: 10, b: 45, l: 55 }, annotations: run.flow.length ? strong : [empty],
      title: { text: "attention flow: width = mean attention weight", font: { size: 13 } },
      xaxis: { ...lines(), tickvals: [0, 1, 2, 3], ticktext: ROLES.map((role) => LABELS[role]), range: [-0.3, 3.3], zeroline: false },
      yaxis: { ...lines(), title: { text: "after layer", standoff: 12 }, dtick: 1, range: [-0.1, Math.max(layers.length, 1) + 0.1], zeroline: false },
    }, PLAIN);
  }

  function show() {
    const { gamma, depth } = chosen(), runs = cell(gamma, depth), before = seedMenu.value;
    if (!runs.length) { depthMenu.value = depths.find((one) => cell(gamma, one).length); return show(); }
    fill(seedMenu, runs.map((run) => run.seed));
    if (runs.some((run) => String(run.seed) === before)) seedMenu.value = before;
    const run = runs.find((one) => String(one.seed) === seedMenu.value);
    map(); seeds(runs, run); curves(run); flow(run);
  }

  fill(gammaMenu, gammas); fill(depthMenu, depths);
  const first = data.runs[data.first];
  gammaMenu.value = first.gamma; depthMenu.value = first.depth;
  fill(seedMenu, [first.seed]);
  menus.forEach((menu) => menu.addEventListener("change", show));
  show();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
}
// The plotting library takes longest to start, so it does when the page is there.
const data = document.getElementById("data");
if (data) {
  window.addEventListener("load", () => setTimeout(() => {
    const library = document.createElement("script");
    library.textContent = document.getElementById("library").textContent;
    document.head.append(library);
    explore(JSON.parse(data.textContent));
  }));
}
