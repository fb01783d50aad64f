// The report of production PCI for an assessor: its first page, its groups, and its print, with and without JavaScript.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PLAIN, Person, SCRIPT, withPeople } from '../support/browser.mjs';
import { OUTPUT } from '../support/leastwise.mjs';

export const about = 'The report of production PCI';

const TARGET = '/reports/production-pci';
/** The width of an A4 page without its margins, in CSS pixels. */
const PRINTED = Math.floor(((210 - 28) / 25.4) * 96);

export async function journey(suite, browser) {
  const sandbox = await suite.sandbox('report');
  const ready = await Person.signedIn(browser, sandbox, 'farid.haddad');
  await ready.findsInTime('/accounts', 'cards-prod');
  await ready.leave();

  for (const way of [SCRIPT, PLAIN]) {
    await suite.test(`scope, numbers and violations stand before the rows, which are grouped, ${way.name}`, async () => {
      const farid = await Person.signedIn(browser, sandbox, 'farid.haddad', way);
      await withPeople(`groups ${way.name}`, [farid], async () => {
        const { page } = farid;
        await farid.open(TARGET);
        const text = await farid.text();
        const places = ['Complete, read', 'Policy violations', 'within policy', 'Findings by policy', 'People by account', 'Complete: every account', 'Generated', 'First seen'].map((words) => text.indexOf(words));
        assert.ok(places.every((place) => place >= 0) && places.every((place, at) => at === 0 || place > places[at - 1]), places.join());
        assert.match(text, /Standing access to data\s*7\.2\.\d/);
        const paths = await page.locator('#report [data-each-path] > li').count();
        const accounts = await heads(page);
        assert.ok(accounts.length > 1);
        assert.equal(sum(accounts), paths, 'the groups add up to the paths');
        // What people share is said once: there are fewer blocks than paths, and each has its people.
        const blocks = await page.locator('#report tr[data-block]').count();
        assert.ok(blocks > 0 && blocks < paths, `${blocks} blocks of ${paths} paths`);
        assert.equal(await page.locator('#report tr[data-block] + tr[data-below]:has(li)').count(), blocks);
        assert.ok(!(await page.locator('[data-sign-off]').isVisible()), 'what is signed on paper is on the screen');
        await farid.press(page.getByRole('link', { name: 'By person' }));
        assert.equal(new URL(page.url()).search, '?group=person');
        const people = await heads(page);
        assert.equal(sum(people), paths);
        assert.equal(await page.locator('#report [data-each-path] > li').count(), paths);
        assert.match(people.at(-1), /^Orphaned assignments/);
        const search = page.getByRole('searchbox', { name: 'Search the paths' });
        await search.fill('maya');
        await search.press('Enter');
        await page.waitForURL(/q=maya/);
        await farid.settled();
        assert.match(page.url(), /group=person/);
        assert.deepEqual((await heads(page)).map((head) => head.split(' ')[0]), ['Maya']);
        await farid.open(`${TARGET}?group=moon`);
        await farid.says('Unknown grouping “moon”');
      });
      await farid.leave();
    });
  }

  await suite.test('printed on A4, nothing is cut off and each page has its number and the report', async () => {
    const farid = await Person.signedIn(browser, sandbox, 'farid.haddad', { width: PRINTED, height: 1000, axe: false });
    await withPeople('print', [farid], async () => {
      const { page } = farid;
      for (const [name, target] of [['account', TARGET], ['person', `${TARGET}?group=person`]]) {
        await page.emulateMedia({ media: 'screen' });
        await farid.open(target);
        await page.emulateMedia({ media: 'print' });
        assert.deepEqual(await page.evaluate(clipped), []);
        assert.ok(await page.locator('[data-sign-off]').isVisible(), 'nowhere to sign');
        // The foot of a table is repeated on each page.
        const foot = await page.locator('[data-report]').evaluate((node) => {
          const style = getComputedStyle(node, '::after');
          return [style.display, node.dataset.running];
        });
        assert.equal(foot[0], 'table-footer-group');
        assert.match(foot[1], /report [0-9a-f]{64} · \d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC$/);
        const pdf = await page.pdf({ preferCSSPageSize: true, printBackground: false });
        mkdirSync(OUTPUT, { recursive: true });
        writeFileSync(path.join(OUTPUT, `report-by-${name}.pdf`), pdf);
        const pages = pdf.toString('latin1').match(/\/Type\s*\/Page[^s]/g) ?? [];
        assert.ok(pages.length > 1 && pages.length < 40, `${pages.length} pages`);
        const boxes = pdf.toString('latin1').match(/\/MediaBox\s*\[0 0 59[45][.\d]* 84[12][.\d]*\]/g) ?? [];
        assert.ok(boxes.length > 0, 'the pages are not A4');
      }
    });
    await farid.leave();
  });
}

/** Returns the heads of the groups. */
async function heads(page) {
  return (await page.locator('#report tr[data-group]').allInnerTexts()).map((text) => text.replace(/\s+/g, ' ').trim());
}

function sum(groups) {
  return groups.reduce((all, head) => all + Number(/(\d+) paths?$/.exec(head)[1]), 0);
}

/** Runs in the page. Returns texts that reach beyond the page or beyond their element. */
function clipped() {
  const found = [];
  const width = document.documentElement.clientWidth;
  for (const element of document.querySelectorAll('main *')) {
    const style = getComputedStyle(element);
    if (style.display === 'none' || style.visibility === 'hidden' || element.closest('svg')) continue;
    const box = element.getBoundingClientRect();
    if (box.width <= 1 || box.height <= 1) continue;
    const cut = style.overflowX !== 'visible' && element.scrollWidth > element.clientWidth + 1;
    if (cut || box.right > width + 1) found.push(`${element.tagName} ${element.className} ${element.textContent.slice(0, 60)}`);
  }
  return found;
}
