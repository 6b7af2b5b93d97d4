// Whether a report is sound in a browser: node tools/check/report-page.mjs <report.html> [<folder for screenshots>]
// Opens it in Chromium (that of Debian, or CHROMIUM), on a wide screen and on a phone, light and dark, and printed. Fails where
// anything is asked for but the file itself, the page says something on the console, is wider than the screen, or draws nothing in a
// figure, or where axe-core finds what is more than minor.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { chromium } from 'playwright-core';

const [file, shots] = process.argv.slice(2);
if (file === undefined) {
  console.error(
    'usage: node tools/check/report-page.mjs <report.html> [<folder for screenshots>]',
  );
  process.exit(2);
}
const url = pathToFileURL(resolve(file)).href;
const axe = readFileSync(
  fileURLToPath(import.meta.resolve('axe-core/axe.min.js')),
  'utf8',
);

const views = [1280, 390].flatMap((width) =>
  ['light', 'dark'].map((colorScheme) => ({ width, colorScheme })),
);
const problems = [];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
});
try {
  for (const view of views) {
    const name = `${view.width}-${view.colorScheme}`;
    for (const problem of await look(view, name)) {
      problems.push(`${name}: ${problem}`);
    }
  }
} finally {
  await browser.close();
}
for (const problem of problems) console.error(problem);
console.log(
  `${file}: ${views.length} views, ${problems.length === 0 ? 'no problem' : `${problems.length} problems`}`,
);
process.exitCode = problems.length === 0 ? 0 : 1;

/** @param {{ width: number, colorScheme: string }} view @param {string} name */
async function look({ width, colorScheme }, name) {
  const found = [];
  const page = await browser.newPage({
    viewport: { width, height: 900 },
    colorScheme,
  });
  page.on('request', (request) => {
    const asked = request.url();
    if (asked !== url && !asked.startsWith('data:')) {
      found.push(`asks for ${asked}`);
    }
  });
  page.on('console', (message) => {
    found.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => {
    found.push(`error: ${error.message}`);
  });
  await page.goto(url);
  const { wide, empty, figures } = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const drawn = [...document.querySelectorAll('figure svg')];
    return {
      wide: scrollWidth - clientWidth,
      figures: drawn.length,
      empty: drawn
        .filter((svg) => {
          const { width: across, height } = svg.getBBox();
          return across < 50 || height < 50;
        })
        .map((svg) => svg.querySelector('title')?.textContent),
    };
  });
  if (figures === 0) found.push('there are no figures');
  if (wide > 0) found.push(`is ${wide} pixels wider than the screen`);
  for (const title of empty) found.push(`nothing is drawn in "${title}"`);
  if (shots !== undefined) {
    await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
    if (name === '1280-dark') {
      await page.pdf({ path: join(shots, 'print.pdf'), format: 'A4' });
    }
  }
  // In the page's own world its policy would keep the script out.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  for (const { id, impact, help, nodes } of violations) {
    if (impact === 'minor') continue;
    found.push(
      `axe-core, ${impact}: ${help} (${id}, ${nodes.length} times): ${nodes[0]?.html.slice(0, 200)}`,
    );
  }
  await page.close();
  return found;
}
