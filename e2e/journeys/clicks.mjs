// How many clicks or keys the most frequent tasks take, each from a link in a message. Text that a person writes is not
// counted, nor is a new sign-in that a policy asks for, which is counted apart. The counts are in `output/clicks.txt`.

import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { Person, withPeople } from '../support/browser.mjs';
import { Aws } from '../support/aws.mjs';
import { changeId, preview, submit } from '../support/change.mjs';
import { OUTPUT } from '../support/leastwise.mjs';
import { until } from '../support/suite.mjs';

export const about = 'Clicks and keys of frequent tasks';

const REASON = 'Checked against the ticket.';
/** How old a sign-in may be for a decision on production PCI, in seconds. */
const LIMIT = 20;
const COUNTS = path.join(OUTPUT, 'clicks.txt');

/** Counts what a person does. */
class Hand {
  clicks = 0;
  keys = 0;

  constructor(person) {
    this.person = person;
  }

  /** Clicks what stays on the page. */
  async click(locator) {
    this.clicks += 1;
    await locator.click();
  }

  /** Clicks what leads to another page. */
  async press(locator) {
    this.clicks += 1;
    await this.person.press(locator);
  }

  async choose(select, value) {
    this.clicks += 1;
    await select.selectOption(value);
  }

  async key(name) {
    this.keys += 1;
    await this.person.page.keyboard.press(name);
  }

  done(task, { clicks, keys }) {
    appendFileSync(COUNTS, `${task}: ${this.clicks} clicks, ${this.keys} keys\n`);
    assert.deepEqual([this.clicks, this.keys], [clicks, keys], task);
  }
}

export async function journey(suite, browser) {
  mkdirSync(OUTPUT, { recursive: true });
  rmSync(COUNTS, { force: true });
  const sandbox = await suite.sandbox('clicks', { env: { LEASTWISE_STEP_UP_SECONDS: String(LIMIT) } });
  const aws = new Aws(sandbox.aws);
  const names = await aws.names();
  const marcus = await Person.signedIn(browser, sandbox, 'marcus.dube');
  await marcus.findsInTime('/', 'Request access');
  const requests = [];

  await suite.test('an hour of access for oneself takes 4 clicks', async () => {
    await withPeople('request', [marcus], async () => {
      const { page } = marcus;
      for (const account of ['web-dev', 'web-staging']) {
        await marcus.open('/');
        const hand = new Hand(marcus);
        await hand.choose(page.locator('select[name=account]'), names.accounts[account]);
        await hand.choose(page.locator('select[name=set]'), names.keys.SupportMetrics);
        await page.locator('[name=justification]').fill('Look at the failed settlements of incident 4711.');
        await hand.press(page.getByRole('button', { name: 'Preview the request' }));
        await hand.press(page.locator('#send button'));
        requests.push(changeId(page));
        hand.done('Request one hour of access for oneself', { clicks: 4, keys: 0 });
      }
    });
  });

  await suite.test('an approval takes 2 clicks, or 2 keys', async () => {
    const ines = await Person.signedIn(browser, sandbox, 'ines.carvalho');
    await withPeople('approve', [ines], async () => {
      const { page } = ines;
      await ines.open(`/changes/${requests[0]}`);
      const mouse = new Hand(ines);
      await mouse.click(page.locator('#reason'));
      await page.keyboard.type(REASON);
      await mouse.press(page.getByRole('button', { name: 'Approve' }));
      mouse.done('Approve with the mouse', { clicks: 2, keys: 0 });
      await ines.saysInTime(/Applying|Verified/);

      await ines.open(`/changes/${requests[1]}`);
      const keyboard = new Hand(ines);
      await keyboard.key('a');
      await page.keyboard.type(REASON);
      const left = page.waitForEvent('framenavigated', (frame) => frame === page.mainFrame());
      await keyboard.key('Control+Enter');
      await left;
      await ines.settled();
      keyboard.done('Approve with the keyboard', { clicks: 0, keys: 2 });
      await ines.saysInTime(/Applying|Verified/);
    });
    await ines.leave();
  });

  await suite.test('Ctrl+Enter without a chosen decision leads to the button and sends nothing', async () => {
    const people = [await Person.signedIn(browser, sandbox, 'ines.carvalho'), marcus];
    const [ines] = people;
    await withPeople('undecided', people, async () => {
      await preview(marcus, { account: names.accounts['merchant-portal-dev'], set: names.keys.SupportMetrics, term: '60' });
      const id = await submit(marcus);
      await ines.open(`/changes/${id}`);
      const { page } = ines;
      await page.locator('#reason').fill(REASON);
      await page.keyboard.press('Control+Enter');
      assert.equal(await page.locator(':focus').getAttribute('data-shortcut'), 'approve');
      assert.equal(changeId(page), id);
      await ines.says('0 of 1');
    });
    await ines.leave();
  });

  await suite.test('access of oneself ends with 2 clicks', async () => {
    await withPeople('end', [marcus], async () => {
      await marcus.findsInTime('/', /Ends in (59|58|57|56) min|Ends in 1 h/);
      const { page } = marcus;
      const hand = new Hand(marcus);
      const row = page.locator('[data-access] > li', { hasText: 'web-dev' }).filter({ hasText: 'SupportMetrics' });
      await hand.click(row.getByRole('button', { name: 'End now' }));
      await hand.press(page.locator('dialog[open]').getByRole('button', { name: 'End now' }));
      hand.done('End my access now', { clicks: 2, keys: 0 });
      await marcus.saysInTime('Verified');
    });
  });

  await suite.test('who reaches cards-prod takes 2 clicks from the home page, and direct access is removed with 3', async () => {
    const maya = await Person.signedIn(browser, sandbox, 'maya.okafor');
    await withPeople('reach', [maya], async () => {
      const { page } = maya;
      await maya.open('/');
      const hand = new Hand(maya);
      await hand.press(page.locator('[data-sidebar] a[href="/accounts"]'));
      await hand.press(page.locator('tbody').getByRole('link', { name: 'cards-prod', exact: true }));
      // The assignments answer it: who is assigned, and the names of people behind a group. All of them unfold below.
      const first = page.locator('#access tr[data-group] [data-to] a').first();
      assert.ok(await first.isVisible());
      const box = await first.boundingBox();
      assert.ok(box.y < 680, `the first assignment is ${box.y} pixels below the top`);
      assert.match(await page.locator('#access [data-behind] > summary').first().innerText(), / and /);
      hand.done('Who reaches cards-prod', { clicks: 2, keys: 0 });

      await maya.open(`/accounts/${names.accounts['web-staging']}`);
      const remove = new Hand(maya);
      await remove.press(page.locator('#access').getByRole('link', { name: /^Remove.*Marcus Dube/ }));
      await remove.click(page.locator('[name=justification]'));
      await page.keyboard.type('The incident is over.');
      await remove.press(page.locator('#send button'));
      remove.done('Remove direct access', { clicks: 3, keys: 0 });
      await maya.saysInTime('Verified');
    });
    await maya.leave();
  });

  await suite.test('a new sign-in for a decision on production PCI is counted apart', async () => {
    const maya = await Person.signedIn(browser, sandbox, 'maya.okafor');
    await preview(maya, { who: `group:${names.groups['support-desk']}`, account: names.accounts['ledger-prod'], set: names.keys.SupportMetrics });
    const id = await submit(maya);
    const kwame = await Person.signedIn(browser, sandbox, 'kwame.boateng', { session: 'own' });
    await withPeople('step-up', [kwame], async () => {
      const { page } = kwame;
      await kwame.open(`/changes/${id}`);
      await until('the sign-in is too old for a decision', async () => {
        await page.reload();
        return (await kwame.text()).includes('needs a sign-in that is at most');
      }, (LIMIT + 30) * 1000, 1000);
      await kwame.settled();
      const hand = new Hand(kwame);
      await hand.click(page.locator('#reason'));
      await page.keyboard.type(REASON);
      hand.clicks += 1;
      await Promise.all([page.waitForURL((url) => url.href.startsWith(sandbox.cognito)), page.getByRole('button', { name: 'Sign in again, then approve' }).click()]);
      const signing = new Hand(kwame);
      await page.locator('input[name=username]').fill('kwame.boateng');
      await signing.key('Enter');
      await page.locator('input[name=code]').waitFor();
      assert.notEqual(await page.locator('input[name=code]').inputValue(), '', 'the sandbox fills in the code');
      await signing.key('Enter');
      await page.waitForURL((url) => url.href.startsWith(sandbox.web));
      await kwame.settled();
      signing.done('Sign in again on the way (the sandbox fills in the code)', { clicks: 0, keys: 2 });
      await hand.press(page.getByRole('button', { name: 'Approve' }));
      hand.done('Approve on production PCI, without the sign-in', { clicks: 3, keys: 0 });
      await kwame.saysInTime('1 of 2');
    });
    for (const person of [kwame, maya]) await person.leave();
  });

  await suite.test('the ledger is valid, and no error was logged', async () => {
    const { code, stderr } = await sandbox.verifyLedger();
    assert.equal(code, 0, stderr);
    assert.deepEqual(sandbox.errors, []);
  });
  await marcus.leave();
}
