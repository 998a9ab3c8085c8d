export const pageStyle: string = `
:root {
  color-scheme: light dark;
  --ground: #f4f6f8; --card: #ffffff; --line: #dfe4ea; --text: #18212b; --quiet: #566270;
  --accent: #0f7681; --area: #0f76811f; --good: #17693f; --good-area: #e3f3ea;
  --warn: #7a4d00; --warn-area: #fbf0d9; --bad: #a6211a; --bad-area: #fde8e6;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0e1318; --card: #161d24; --line: #28323c; --text: #e7edf3; --quiet: #9dabb9;
    --accent: #58c6d0; --area: #58c6d026; --good: #6fd49b; --good-area: #15291f;
    --warn: #f1c06b; --warn-area: #2f2616; --bad: #ff9a90; --bad-area: #3f1f1d;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body {
  margin: 0 auto; max-width: 76rem; padding: 1.5rem; background: var(--ground); color: var(--text);
  font: 0.9375rem/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
}
h1, h2, p { margin: 0; }
h1 { font-size: 1.5rem; line-height: 1.2; font-weight: 650; letter-spacing: -0.015em; }
h2 { font-size: 0.9375rem; font-weight: 600; }
a { color: var(--accent); text-underline-offset: 0.2em; }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 2px; }
.quiet { color: var(--quiet); }
header { display: flex; gap: 1rem; align-items: flex-start; justify-content: space-between; margin-bottom: 1.25rem; }
header > div { min-width: 0; }
main, .columns { display: grid; gap: 1rem; grid-template-columns: minmax(0, 1fr); }
main.stale { filter: grayscale(1); }
footer { display: flex; flex-wrap: wrap; gap: 0.25rem 2rem; justify-content: space-between; margin-top: 1.25rem; font-size: 0.8125rem; }
footer a { margin-right: 0.75rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 0.75rem; padding: 1rem 1.25rem; }

.state, .chip {
  display: inline-flex; align-items: center; gap: 0.4em; border-radius: 999px; white-space: nowrap;
  color: var(--quiet); background: var(--card); border: 1px solid var(--line);
}
.state { padding: 0.3rem 0.85rem; font-weight: 600; }
.chip { padding: 0.05rem 0.6rem; font-size: 0.8125rem; }
.good { color: var(--good); background: var(--good-area); border-color: transparent; }
.warn { color: var(--warn); background: var(--warn-area); border-color: transparent; }
.bad { color: var(--bad); background: var(--bad-area); border-color: transparent; }
.recent { border-color: currentColor; font-weight: 600; }
.chips { display: flex; flex-wrap: wrap; gap: 0.35rem; }

.tiles { display: grid; gap: 1rem; grid-template-columns: 2fr 1fr 1fr 1fr; }
.tile { position: relative; overflow: hidden; display: flex; flex-direction: column; min-width: 0; min-height: 8rem; }
.tile h2 { color: var(--quiet); font-weight: 500; }
.big { font-size: 2.25rem; line-height: 1.25; font-weight: 650; letter-spacing: -0.03em; }
.tile .note { margin-top: auto; color: var(--quiet); font-size: 0.8125rem; }
.note.alert { color: var(--bad); font-weight: 600; }
.tile .spark { position: absolute; inset: auto 0 0 0; width: 100%; height: 3.25rem; }
.spark { display: block; width: 7.5rem; height: 1.5rem; }
.spark .line { fill: none; stroke: var(--accent); stroke-width: 1.5; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
.spark .area { fill: var(--area); }

table { width: 100%; border-collapse: collapse; margin-top: 0.5rem; }
caption, .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
th { font-weight: 500; font-size: 0.8125rem; color: var(--quiet); text-align: left; white-space: nowrap; }
th, td { padding: 0.55rem 0.75rem 0.55rem 0; border-bottom: 1px solid var(--line); vertical-align: middle; }
tbody tr:last-child > * { border-bottom: 0; }
th:last-child, td:last-child { padding-right: 0; }
.number { text-align: right; white-space: nowrap; }
tbody th { color: var(--text); font-size: inherit; white-space: normal; }
tbody th small { display: block; color: var(--quiet); font-weight: 400; font-size: 0.8125rem; }
.name { font-weight: 600; }
.kind { margin-left: 0.5em; color: var(--quiet); font-weight: 400; font-size: 0.75rem; white-space: nowrap; }
.idle .name { font-weight: 500; color: var(--quiet); }
.rate { display: flex; align-items: center; justify-content: flex-end; }
.rate span { min-width: 3.5rem; }
th:last-child, .results { padding-left: 1rem; }
.results { width: 28%; }
.list { list-style: none; margin: 0.5rem 0 0; padding: 0; }
.list li { display: flex; gap: 1rem; justify-content: space-between; align-items: center; padding: 0.45rem 0; border-bottom: 1px solid var(--line); }
.list li:last-child { border-bottom: 0; }
.list small { display: block; color: var(--quiet); font-size: 0.8125rem; }
#pool { margin-top: 0.25rem; font-size: 0.8125rem; }

@media (min-width: 60rem) {
  .columns { grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); align-items: start; }
}
@media (max-width: 56rem) {
  .tiles { grid-template-columns: repeat(3, minmax(0, 1fr)); }
  .tile:first-child { grid-column: 1 / -1; min-height: 9rem; }
  .calls thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .calls, .calls tbody { display: block; }
  .calls tr { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 0.5rem 0.75rem; padding: 0.9rem 0; border-bottom: 1px solid var(--line); }
  .calls tbody tr:last-child { border-bottom: 0; padding-bottom: 0; }
  .calls th, .calls td { display: block; padding: 0; border: 0; text-align: left; }
  .calls tbody th, .calls .results { grid-column: 1 / -1; width: auto; }
  .calls .rates { grid-column: 1 / -1; position: relative; }
  .calls .rate { flex-direction: row-reverse; gap: 0.75rem; }
  .calls .spark { flex: 1; height: 2rem; margin-top: -0.75rem; }
  .calls td[data-label]::before { content: attr(data-label); display: block; color: var(--quiet); font-size: 0.75rem; }
  .calls .idle td { display: none; }
}
@media (max-width: 30rem) {
  body { padding: 1rem 0.75rem; }
  .card { padding: 0.85rem 1rem; }
  .tiles { gap: 0.6rem; }
  .tile { min-height: 6.5rem; padding: 0.75rem; }
  .tile h2, .tile .note { font-size: 0.75rem; }
  .big { font-size: 1.25rem; line-height: 1.5; letter-spacing: -0.02em; white-space: nowrap; }
  .tile:first-child .big { font-size: 2.25rem; }
  #workers th, #workers td { padding-right: 0.4rem; white-space: normal; }
}
`;
