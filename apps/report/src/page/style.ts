/**
 * The page's style sheet. Colours of figures are Okabe and Ito's, which those who are colour-blind tell apart.
 *
 * @see Okabe & Ito, Color Universal Design (2002)
 */
export const style = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1a1a1a; --quiet: #595959; --line: #d0d0d0; --a: #0072b2; --b: #b84a00; --warn: #fff1cc; --tint: #f4f6f8; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #121417; --ink: #e8e8e8; --quiet: #abb1b8; --line: #41474e; --a: #56b4e9; --b: #e69f00; --warn: #4a3600; --tint: #1b1f24; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
header, nav, main, footer { max-width: 76rem; margin: 0 auto; padding: 0 1rem; }
.of { margin: 1rem 0 0; color: var(--quiet); }
.warning { padding: .5rem .75rem; border-left: 5px solid var(--b); background: var(--warn); color: var(--ink); font-weight: 600; }
h1 { margin: .75rem 0; font-size: 1.75rem; line-height: 1.2; }
h2 { margin: 2.5rem 0 .75rem; padding-top: .5rem; border-top: 2px solid var(--line); font-size: 1.35rem; line-height: 1.25; }
h3 { margin: 2rem 0 .5rem; font-size: 1.1rem; }
p { max-width: 46rem; margin: .5rem 0; }
a { color: var(--a); }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 0; padding: .5rem 1rem; background: var(--paper); }
:focus-visible { outline: 3px solid var(--b); outline-offset: 2px; }
nav ul { columns: 14rem; margin: .5rem 0; padding-left: 1.25rem; }
.headline { font-size: 1.2rem; }
.wide { overflow-x: auto; max-width: 100%; margin: .75rem 0; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
caption { padding: .25rem 0; color: var(--quiet); text-align: left; }
caption span { display: inline-block; max-width: calc(100vw - 2rem); }
th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; overflow-wrap: normal; white-space: nowrap; }
thead th, tbody th, td.words { white-space: normal; }
tbody th, .words { text-align: left; overflow-wrap: anywhere; }
tbody th, td.words { min-width: 8rem; max-width: 22rem; font-weight: 400; }
thead th { border-bottom: 2px solid var(--line); vertical-align: bottom; }
thead th { max-width: 12rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); gap: 1.25rem; align-items: start; }
figure { min-width: 0; margin: 0; }
figure svg { display: block; width: 100%; max-width: 27rem; height: auto; }
figcaption { font-weight: 600; }
svg .grid { stroke: var(--line); }
svg text { unicode-bidi: isolate; }
details { margin: .5rem 0; font-size: .95rem; }
summary { cursor: pointer; color: var(--a); }
.key { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: .25rem 0; padding: 0; list-style: none; font-size: .9rem; }
.key svg { width: 2rem; height: .75rem; vertical-align: middle; }
.cases { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(19rem, 100%), 1fr)); gap: 1rem; margin: .75rem 0; padding: 0; list-style: none; }
.cases > li { padding: .75rem; border-radius: .4rem; background: var(--tint); font-size: .9rem; break-inside: avoid; }
.cases p { margin: .15rem 0; }
.slices { display: flex; gap: .4rem; margin: .4rem 0; }
.slices span { flex: 1; min-width: 0; color: var(--quiet); font-size: .8rem; }
.slices img { display: block; width: 100%; border-radius: .2rem; }
footer { margin-top: 3rem; padding-bottom: 2rem; color: var(--quiet); font-size: .9rem; }
@media print {
  :root { color-scheme: light; --paper: #fff; --ink: #000; --quiet: #444; --line: #bbb; --a: #0072b2; --b: #b84a00; --warn: #fff1cc; --tint: #f4f6f8; }
  body, table, details, .key { font-size: 9pt; }
  nav, .skip { display: none; }
  details:not([open]) { display: none; }
  .wide { overflow: visible; }
  h2, h3, figcaption, caption { break-after: avoid; }
  figure, tr { break-inside: avoid; }
  .figures { grid-template-columns: repeat(2, 1fr); }
  .cases { grid-template-columns: repeat(3, 1fr); }
}
`;
