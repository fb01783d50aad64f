// Lists, with and without JavaScript: filters as tokens, order, columns, Back and reload, unknown parts of a URL, files of
// exactly what is filtered, cards on a narrow screen.

import assert from 'node:assert/strict';
import { PLAIN, Person, SCRIPT, withPeople } from '../support/browser.mjs';
import { Aws } from '../support/aws.mjs';
import { parseCsv } from '../support/exposure.mjs';
import { layoutFaults } from '../support/layout.mjs';

export const about = 'Lists';

export async function journey(suite, browser) {
  const sandbox = await suite.sandbox('lists', { fresh: true });
  const names = await new Aws(sandbox.aws).names();
  const ready = await Person.signedIn(browser, sandbox, 'maya.okafor');
  await ready.findsInTime('/accounts', 'cards-prod');
  await ready.leave();

  for (const way of [SCRIPT, PLAIN]) {
    await suite.test(`accounts are filtered, sorted, reloaded, and left as they were, ${way.name}`, async () => {
      const maya = await Person.signedIn(browser, sandbox, 'maya.okafor', way);
      await withPeople(`filter ${way.name}`, [maya], async () => {
        const { page } = maya;
        await maya.open('/accounts');
        const all = await count(page);
        await choose(maya, 'Environment', 'Production');
        await choose(maya, 'PCI scope', 'In scope');
        assert.equal(new URL(page.url()).search, '?environment=production&pci=in');
        const some = await count(page);
        assert.ok(some > 0 && some < all, `${some} of ${all}`);
        await maya.press(page.getByRole('link', { name: 'People', exact: true }).and(page.locator('thead a')));
        assert.equal(await page.locator('th[aria-sort]').getAttribute('aria-sort'), 'descending');
        const people = await numbers(page, 'People');
        assert.deepEqual(people, [...people].sort((one, other) => other - one));
        const there = page.url();
        const rows = await texts(page);
        await page.reload();
        await maya.settled();
        assert.deepEqual(await texts(page), rows);
        await maya.press(page.locator('tbody a').first());
        await page.goBack();
        await maya.settled();
        assert.equal(page.url(), there);
        assert.deepEqual(await texts(page), rows);
        await maya.press(page.getByRole('link', { name: 'Remove the filter PCI scope: In scope' }));
        assert.ok(await count(page) >= some);
        await maya.press(page.getByRole('link', { name: 'Clear filters' }));
        assert.equal(await count(page), all);
        assert.match(page.url(), /sort=-people/);
      });
      await maya.leave();
    });

    await suite.test(`a list without a hit says so and offers the whole list, ${way.name}`, async () => {
      const maya = await Person.signedIn(browser, sandbox, 'maya.okafor', way);
      await withPeople(`nothing ${way.name}`, [maya], async () => {
        await maya.open('/people?q=nobody-like-it&status=enabled&sort=-accounts');
        await maya.says('No people match this filter');
        await maya.press(maya.page.locator('[data-empty]').getByRole('link', { name: 'Clear filters' }));
        assert.equal(new URL(maya.page.url()).search, '?sort=-accounts');
      });
      await maya.leave();
    });

    await suite.test(`what a list does not have is left out and named, ${way.name}`, async () => {
      const maya = await Person.signedIn(browser, sandbox, 'maya.okafor', way);
      await withPeople(`unknown ${way.name}`, [maya], async () => {
        await maya.open('/accounts?environment=moon&sort=shoe-size&pci=in&column=colour');
        await maya.says('Unknown filter “environment=moon”', 'Unknown sort order “shoe-size”', 'Unknown column “colour”', 'In scope');
        const file = await maya.served('/accounts.csv?environment=moon');
        assert.equal(file.status, 422);
      });
      await maya.leave();
    });

    await suite.test(`columns are chosen, ${way.name}`, async () => {
      const maya = await Person.signedIn(browser, sandbox, 'maya.okafor', way);
      await withPeople(`columns ${way.name}`, [maya], async () => {
        const { page } = maya;
        await maya.open('/people?reach=production-pci');
        await page.locator('[data-tools] summary', { hasText: 'View' }).click();
        await page.getByRole('checkbox', { name: 'E-mail' }).check();
        await page.getByRole('checkbox', { name: 'Title' }).uncheck();
        await maya.press(page.getByRole('button', { name: 'Show these' }));
        const heads = await page.locator('thead th').allInnerTexts();
        assert.ok(heads.includes('E-mail') && !heads.includes('Title'), heads.join());
        assert.match(page.url(), /reach=production-pci/);
      });
      await maya.leave();
    });
  }

  await suite.test('files contain exactly the rows of the page, in its order', async () => {
    const maya = await Person.signedIn(browser, sandbox, 'maya.okafor');
    await withPeople('files', [maya], async () => {
      const { page } = maya;
      const lists = [
        ['/accounts?environment=production&sort=name', 'id', 12],
        ['/people?reach=production-pci&sort=-production_pci', 'user_name', 2],
        ['/groups?reach=production-pci', 'name', 1],
        ['/permission-sets?assigned=production-pci&sort=name', 'name', 1],
      ];
      for (const [target, key] of lists) {
        await maya.open(target);
        const shown = await count(page);
        const heads = await page.locator('tbody tr > th').allInnerTexts();
        await page.locator('[data-tools] summary', { hasText: 'Export' }).click();
        const csv = parseCsv(await maya.download(page.locator('[data-tools] a[href*=".csv"]')));
        await page.locator('[data-tools] summary', { hasText: 'Export' }).click();
        await page.locator('[data-tools] summary', { hasText: 'Export' }).click();
        const json = JSON.parse(await maya.download(page.locator('[data-tools] a[href*=".json"]')));
        assert.equal(json.row_count, shown, target);
        assert.equal(json.filter, target);
        assert.deepEqual(csv.map((row) => row[key]), json.rows.map((row) => row[key]), target);
        for (const [at, head] of heads.entries()) assert.ok(head.includes(json.rows[at].name), `${target}: ${head}`);
      }
    });
    await maya.leave();
  });

  await suite.test('typing shows what Enter shows', async () => {
    const maya = await Person.signedIn(browser, sandbox, 'maya.okafor');
    await withPeople('typing', [maya], async () => {
      const { page } = maya;
      await maya.open('/people?status=enabled');
      await page.getByRole('searchbox', { name: 'Search people' }).pressSequentially('okaf', { delay: 20 });
      await page.waitForURL(/q=okaf/);
      await page.locator('[data-list-head] b', { hasText: /^1 of / }).waitFor();
      const typed = await texts(page);
      await page.keyboard.press('Enter');
      await page.waitForLoadState();
      await maya.settled();
      assert.deepEqual(await texts(page), typed);
      assert.match(page.url(), /status=enabled/);
    });
    await maya.leave();
  });

  await suite.test('a menu opens with the keyboard and closes with Escape, and an id is copied', async () => {
    const maya = await Person.signedIn(browser, sandbox, 'maya.okafor');
    await withPeople('menus', [maya], async () => {
      const { page } = maya;
      await maya.open('/accounts?q=cards-prod');
      const menu = page.locator('[data-filter] details', { hasText: 'Environment' });
      await menu.locator('summary').focus();
      await page.keyboard.press('Enter');
      await page.keyboard.press('Tab');
      assert.ok(await menu.locator('a').first().evaluate((node) => node === document.activeElement));
      await page.keyboard.press('Escape');
      assert.equal(await menu.getAttribute('open'), null);
      assert.ok(await menu.locator('summary').evaluate((node) => node === document.activeElement));
      await maya.context.grantPermissions(['clipboard-read', 'clipboard-write']);
      await page.getByRole('button', { name: 'Copy the number of cards-prod' }).click();
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), names.accounts['cards-prod']);
      const link = page.getByRole('link', { name: 'Open cards-prod in the AWS console' });
      assert.match(await link.getAttribute('href'), new RegExp(`^https://eu-west-1\\.console\\.aws\\.amazon\\.com/.*${names.accounts['cards-prod']}$`));
    });
    await maya.leave();
  });

  await suite.test('on a phone each row is a card with its findings, and nothing is off the screen', async () => {
    const maya = await Person.signedIn(browser, sandbox, 'maya.okafor', { width: 390, height: 844 });
    await withPeople('phone', [maya], async () => {
      const { page } = maya;
      for (const target of ['/accounts?findings=violations', '/people', '/groups', '/permission-sets', '/changes']) {
        await maya.open(target);
        assert.deepEqual(await layoutFaults(page), [], target);
      }
      await maya.open('/accounts?findings=violations');
      assert.ok(await page.locator('tbody td[data-label="Violations"]').first().isVisible());
      assert.ok(!(await page.locator('thead th').first().isVisible()) || (await page.locator('thead').boundingBox()).width <= 1);
    });
    await maya.leave();
  });
}

/** Chooses a value of a filter: one click opens its menu, one chooses. */
async function choose(person, filter, value) {
  const token = person.page.locator('[data-filter]', { hasText: filter }).first();
  if (!(await token.isVisible())) await person.page.locator('[data-more-filters] > details > summary').click();
  await token.locator('summary').click();
  await person.press(token.getByRole('link', { name: new RegExp(`^${value}`) }));
}

/** Returns the number of rows that the list says it has. */
async function count(page) {
  return Number(/\d+/.exec(await page.locator('[data-list-head] b').innerText())[0]);
}

async function numbers(page, label) {
  return (await page.locator(`tbody td[data-label="${label}"]`).allInnerTexts()).map(Number);
}

async function texts(page) {
  return page.locator('tbody tr').allInnerTexts();
}
