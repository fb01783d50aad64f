// The ledger for an auditor: filters and search with and without JavaScript, folded crawls, what became of what was pending,
// the way from an entry to what it is about and back, and an export that is verified without Leastwise.

import assert from 'node:assert/strict';
import { PLAIN, Person, SCRIPT, withPeople } from '../support/browser.mjs';
import { Aws } from '../support/aws.mjs';
import { preview, submit, withdraw } from '../support/change.mjs';
import { parseCsv } from '../support/exposure.mjs';
import { PHONES, faultsIn } from '../support/layout.mjs';
import { leafHash, privateHash, provesItself, rootOf } from '../support/merkle.mjs';

export const about = 'The ledger';

export async function journey(suite, browser) {
  const sandbox = await suite.sandbox('ledger', { fresh: true });
  const names = await new Aws(sandbox.aws).names();
  const maya = await Person.signedIn(browser, sandbox, 'maya.okafor');
  await maya.findsInTime('/accounts', 'cards-prod');
  await preview(maya, {
    who: `group:${names.groups['support-desk']}`,
    account: names.accounts['ledger-prod'],
    set: names.keys.SupportMetrics,
  });
  const change = await submit(maya, { ticket: 'OPS-9042' });
  await withdraw(maya);
  await maya.says('Withdrawn');
  await maya.leave();

  for (const way of [SCRIPT, PLAIN]) {
    await suite.test(`entries are filtered by tokens, paged by number, and left as they were, ${way.name}`, async () => {
      const farid = await Person.signedIn(browser, sandbox, 'farid.haddad', way);
      await withPeople(`filters ${way.name}`, [farid], async () => {
        const { page } = farid;
        await farid.open('/ledger');
        await choose(farid, 'What', 'Changes and decisions');
        assert.equal(new URL(page.url()).search, '?what=changes');
        await farid.says('Maya Okafor requested the assignment of SupportMetrics');
        const rows = await texts(page);
        await page.reload();
        await farid.settled();
        assert.deepEqual(await texts(page), rows);
        await type(farid, 'Who', 'Maya');
        await type(farid, 'Account', 'ledger-prod');
        assert.equal(new URL(page.url()).search, '?who=Maya&what=changes&account=ledger-prod');
        assert.deepEqual(await texts(page), rows);
        await farid.press(page.locator('thead a', { hasText: 'Entry' }));
        assert.deepEqual(await numbers(page), [...(await numbers(page))].sort((one, other) => one - other));
        await farid.press(page.locator('tbody th a').first());
        await farid.says('Permission set', 'SupportMetrics', 'ledger-prod', 'support-desk');
        await page.goBack();
        await farid.settled();
        assert.match(page.url(), /sort=entry/);
        await type(farid, 'Who', 'Nobody Like It');
        await farid.says('No entries match this filter');
        await farid.press(page.locator('[data-empty]').getByRole('link', { name: 'Clear filters' }));
        assert.equal(new URL(page.url()).search, '?sort=entry');
        await farid.open('/ledger?what=moon&outcome=success&sort=outcome');
        await farid.says('Unknown filter “what=moon”', 'Unknown sort order “outcome”');
        assert.equal((await farid.served('/ledger.csv?what=moon')).status, 422);
        await farid.open('/ledger?before=2&syncs=each');
        assert.deepEqual(await numbers(page), [1, 0]);
        await farid.press(page.getByRole('link', { name: 'Newer', exact: true }));
        assert.ok((await numbers(page)).includes(2));
      });
      await farid.leave();
    });

    await suite.test(`a search finds names of sets, groups, accounts and people, and tickets, ${way.name}`, async () => {
      const farid = await Person.signedIn(browser, sandbox, 'farid.haddad', way);
      await withPeople(`search ${way.name}`, [farid], async () => {
        for (const words of ['SupportMetrics', 'support-desk', 'ledger-prod', 'OPS-9042', 'supportmetrics withdrawn', change, 'maya requested']) {
          await farid.open(`/ledger?what=changes&q=${encodeURIComponent(words)}`);
          assert.match(await farid.text(), /(requested|withdrew) the assignment of SupportMetrics/, words);
        }
        await farid.open('/ledger?q=SupportMetrics%20cards-prod');
        await farid.says('No entries match this filter');
      });
      await farid.leave();
    });

    await suite.test(`what was pending shows what became of it, and an entry leads everywhere and back, ${way.name}`, async () => {
      const farid = await Person.signedIn(browser, sandbox, 'farid.haddad', way);
      await withPeople(`entry ${way.name}`, [farid], async () => {
        const { page } = farid;
        await farid.open(`/ledger?change=${change}`);
        const row = page.locator('tbody tr', { hasText: 'requested the assignment' });
        assert.match(await row.innerText(), /Later withdrawn/);
        assert.ok(!/Pending/.test(await row.innerText()));
        await farid.press(row.locator('th a'));
        await farid.says('Pending when it was recorded', 'states what became of it: withdrawn', 'Older entry', 'Newer entry');
        const here = page.url();
        for (const [what, there] of [['Account', '/accounts/'], ['Permission set', '/permission-sets/'], ['Group', '/groups/'], ['Change', '/changes/'], ['Who did it', '/people/']]) {
          const line = page.locator('[data-related] > li', { hasText: what });
          const entries = await line.getByRole('link', { name: /^Entries/ }).getAttribute('href');
          await farid.press(line.locator(`a[href^="${there}"]`));
          if (what === 'Change') {
            const closed = page.locator('#history:not([open]) > summary');
            if (await closed.count()) await closed.click();
          }
          // The page of what the entry is about leads back to the entries about it.
          await farid.press(page.locator('main a[href^="/ledger?"]').first());
          await farid.says('requested the assignment of SupportMetrics');
          await farid.open(entries);
          await farid.says('requested the assignment of SupportMetrics');
          await farid.open(here);
        }
        const session = page.locator('[data-related] > li', { hasText: 'Session' });
        await farid.press(session.getByRole('link', { name: /^Entries/ }));
        await farid.says('Maya Okafor signed in', 'requested the assignment of SupportMetrics');
        assert.ok(!(await farid.text()).includes('Farid Haddad signed in'));
        await farid.open(here);
        await farid.press(page.getByRole('link', { name: /^Newer entry/ }));
        assert.equal(Number(page.url().split('/').pop()), Number(here.split('/').pop()) + 1);
      });
      await farid.leave();
    });
  }

  await suite.test('crawls that found nothing new are folded, and can be shown', async () => {
    const farid = await Person.signedIn(browser, sandbox, 'farid.haddad');
    await withPeople('crawls', [farid], async () => {
      const { page } = farid;
      await farid.findsInTime('/ledger', /crawls? of AWS found nothing new/);
      const folded = page.locator('tbody tr', { has: page.locator('[data-folded]'), hasText: 'of AWS found nothing new' }).first();
      const [, said] = /(\d+|A) crawl/.exec(await folded.innerText());
      const count = said === 'A' ? 1 : Number(said);
      if (count > 1) {
        await farid.press(folded.getByRole('link', { name: 'Show each' }));
        assert.match(page.url(), /syncs=each/);
      } else {
        // One alone is opened by its number.
        await farid.press(folded.locator('th a'));
        await farid.says('A crawl of AWS ended');
        await farid.open('/ledger?syncs=each');
      }
      const shown = await page.locator('tbody tr', { hasText: 'A crawl of AWS ended' }).count();
      assert.ok(shown >= count, `${shown} of ${count}`);
      await farid.press(page.getByRole('link', { name: /^Remove the filter Folded entries/ }));
      await farid.says('found nothing new');
    });
    await farid.leave();
  });

  await suite.test('times are absolute, in UTC and in the zone of the browser', async () => {
    const farid = await Person.signedIn(browser, sandbox, 'farid.haddad', { zone: 'Asia/Kolkata' });
    await withPeople('zone', [farid], async () => {
      await farid.open('/ledger?what=sessions');
      const time = farid.page.locator('time[data-stamp]').first();
      assert.match(await time.innerText(), /^\d{2}:\d{2}:\d{2}/);
      // The day stands above the rows of the day.
      const day = await farid.page.locator('tbody tr[data-group]').first().innerText();
      assert.equal(day.trim(), (await time.getAttribute('datetime')).slice(0, 10));
      const local = await time.getAttribute('data-local');
      const at = new Date(await time.getAttribute('datetime'));
      const there = new Date(at.getTime() + 330 * 60_000).toISOString();
      assert.ok(local.endsWith(`${there.slice(11, 19)} UTC+5:30`), local);
      await farid.screenshot('ledger-zone');
      // Results that a search replaces have it as well.
      await farid.page.getByRole('searchbox', { name: 'Search entries' }).pressSequentially('signed', { delay: 20 });
      await farid.page.waitForURL(/q=signed/);
      await farid.page.locator('tbody time[data-local]').first().waitFor();
    });
    await farid.leave();
  });

  await suite.test('the export of what is filtered is verified without Leastwise', async () => {
    const farid = await Person.signedIn(browser, sandbox, 'farid.haddad');
    await withPeople('export', [farid], async () => {
      const { page } = farid;
      await farid.findsInTime('/ledger', 'Every entry is covered by a signed checkpoint');
      await farid.open('/ledger?what=changes&sort=entry');
      const shown = await numbers(page);
      const csv = parseCsv(await farid.download(await exported(page, '.csv')));
      const json = JSON.parse(await farid.download(await exported(page, '.json')));
      assert.deepEqual(csv.map((row) => Number(row.entry)), shown);
      assert.deepEqual(json.rows.map((row) => row.entry), shown);
      assert.equal(json.filter, '/ledger?what=changes&sort=entry');
      const { size, root, note } = json.checkpoint;
      const [origin, stated, base64] = note.split('\n');
      assert.deepEqual([stated, Buffer.from(base64, 'base64').toString('hex')], [String(size), root]);
      assert.ok(json.vkey.startsWith(`${origin}+`));
      for (const row of json.rows) {
        const leaf = leafHash(row.leaf);
        assert.equal(leaf.toString('hex'), row.leaf_hash);
        assert.equal(rootOf(leaf, row.entry, size, row.proof.map((hex) => Buffer.from(hex, 'hex'))).toString('hex'), root);
        for (const { salt, value } of row.private) assert.ok(row.leaf.includes(privateHash(salt, value)), value);
        assert.equal(JSON.parse(row.leaf).seq, row.entry);
      }
      await farid.open('/ledger?q=downloaded');
      await farid.says(`downloaded ${shown.length} entries of the ledger as JSON`, 'as CSV');
      await farid.findsInTime(`/ledger/${shown[0]}`, 'Unchanged since');
      await farid.says('Not proven: that what the entry says is true');
      await provesItself(page);
    });
    await farid.leave();
  });

  await suite.test('on a phone each entry is a card, and nothing is off the screen, with new entries and without', async () => {
    const farid = await Person.signedIn(browser, sandbox, 'farid.haddad');
    await withPeople('phone', [farid], async () => {
      const pages = { ledger: '/ledger', filtered: `/ledger?change=${change}&who=maya&from=2026-01-01&until=2099-01-01`, entry: '/ledger/3', none: '/ledger?q=nothing-like-it' };
      for (const [name, target] of Object.entries(pages)) {
        await farid.open(target);
        assert.deepEqual(await faultsIn(farid, `phone-${name}`, { shapes: PHONES }), [], target);
      }
      await farid.open(pages.none);
      await (await Person.signedIn(browser, sandbox, 'farid.haddad', { session: 'another' })).leave();
      await farid.page.getByRole('link', { name: /^\d+ new entr/ }).waitFor();
      assert.deepEqual(await faultsIn(farid, 'phone-new', { shapes: PHONES }), [], 'new entries');
    });
    await farid.leave();
  });

  await suite.test('the ledger is valid, and no error was logged', async () => {
    const { code, stderr } = await sandbox.verifyLedger();
    assert.equal(code, 0, stderr);
    assert.deepEqual(sandbox.errors, []);
  });
}

/** Chooses a value of a filter: one click opens its menu, one chooses. */
async function choose(person, filter, value) {
  const token = person.page.locator('[data-filter]', { hasText: filter }).first();
  await token.locator('summary').click();
  await person.press(token.getByRole('link', { name: new RegExp(`^${value}`) }));
}

/** Types a value of a filter. */
async function type(person, filter, value) {
  const token = person.page.locator('[data-filter]', { hasText: new RegExp(`^${filter}`) }).first();
  await token.locator('summary').click();
  await token.getByRole('textbox', { name: filter }).fill(value);
  await person.press(token.getByRole('button', { name: 'Apply' }));
}

async function exported(page, ending) {
  const open = page.locator('[data-tools] details[open] summary', { hasText: 'Export' });
  if (!(await open.count())) await page.locator('[data-tools] summary', { hasText: 'Export' }).click();
  return page.locator(`[data-tools] a[href*="${ending}"]`);
}

/** Returns the numbers of the entries on the page. */
async function numbers(page) {
  return (await page.locator('tbody th a[data-seq]').allInnerTexts()).map(Number);
}

async function texts(page) {
  return page.locator('tbody tr').allInnerTexts();
}
