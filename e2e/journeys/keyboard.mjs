// Proposing and approving a change with the keyboard only, with a visible focus at each step.

import assert from 'node:assert/strict';
import { Person, withPeople } from '../support/browser.mjs';
import { Aws } from '../support/aws.mjs';
import { changeId, showPreview } from '../support/change.mjs';

export const about = 'Keyboard only';

export async function journey(suite, browser) {
  const sandbox = await suite.sandbox('keyboard');
  const names = await new Aws(sandbox.aws).names();
  let change;

  await suite.test('an administrator proposes a change with the keyboard only', async () => {
    const maya = await Person.signedIn(browser, sandbox, 'maya.okafor');
    await withPeople('keyboard propose', [maya], async () => {
      await maya.findsInTime('/', /can reach production PCI/);
      const { page } = maya;
      await page.keyboard.press('Tab');
      assert.equal(await page.locator(':focus').innerText(), 'Skip to main content');
      await follow(maya, page.locator('main a[href="/changes/new"]'));
      for (const [name, words, value] of [
        ['who', 'support-desk', `group:${names.groups['support-desk']}`],
        ['account', 'ledger-prod', names.accounts['ledger-prod']],
        ['set', 'SupportMetrics', names.keys.SupportMetrics],
      ]) {
        const field = page.locator(`select[name=${name}]`);
        await tabTo(page, field);
        await page.keyboard.type(words);
        assert.equal(await field.inputValue(), value);
      }
      await tabTo(page, page.locator('input[name=term]').first());
      await page.keyboard.press('ArrowUp');
      assert.ok(await page.locator('input[name=term][value=standing]').isChecked());
      await showPreview(maya);
      await tabTo(page, page.locator('textarea[name=justification]'));
      await page.keyboard.type('The support desk watches the new ledger service.');
      await tabTo(page, page.locator('input[name=ticket]'));
      await page.keyboard.type('OPS-9');
      await follow(maya, page.getByRole('button', { name: 'Request approval' }));
      await maya.says('Waiting for approval');
      change = changeId(page);
    });
    await maya.leave();
  });

  for (const name of ['ines.carvalho', 'amara.nwosu']) {
    await suite.test(`${name} finds and approves the change with the keyboard only`, async () => {
      const person = await Person.signedIn(browser, sandbox, name);
      await withPeople(`keyboard ${name}`, [person], async () => {
        const { page } = person;
        await follow(person, page.locator('[data-sidebar] a[href="/inbox"]'));
        await page.keyboard.press('j');
        const item = page.locator(`a[data-item][href="/inbox?id=${change}"]`);
        assert.ok(await focused(item), 'j does not focus the first item');
        await Promise.all([page.waitForNavigation({ waitUntil: 'commit' }), page.keyboard.press('Enter')]);
        await person.settled();
        await page.keyboard.press('a');
        assert.ok(await focused(page.locator('#reason')), 'a does not focus the reason');
        await page.keyboard.type('Metrics only, as the ticket says.');
        await page.keyboard.press('Tab');
        assert.ok(await focused(page.locator('[data-shortcut=approve]')), 'Approve does not follow the reason');
        await Promise.all([page.waitForNavigation({ waitUntil: 'commit' }), page.keyboard.press('Enter')]);
        await person.settled();
        assert.equal(changeId(page), change);
      });
      if (name === 'amara.nwosu') await person.saysInTime('Verified');
      await person.leave();
    });
  }

  await suite.test('the palette opens, searches and navigates with the keyboard, and closes with Escape', async () => {
    const maya = await Person.signedIn(browser, sandbox, 'maya.okafor');
    await withPeople('palette', [maya], async () => {
      const { page } = maya;
      await maya.open('/');
      await page.keyboard.press('Control+k');
      const box = page.locator('[data-palette] input');
      await box.waitFor();
      await page.keyboard.press('Escape');
      await box.waitFor({ state: 'hidden' });
      await page.keyboard.press('Control+k');
      await box.waitFor();
      await page.keyboard.type('ledger-prod');
      await page.locator('[data-palette] [aria-selected=true]', { hasText: 'ledger-prod' }).waitFor();
      await Promise.all([page.waitForNavigation({ waitUntil: 'commit' }), page.keyboard.press('Enter')]);
      await maya.settled();
      const account = names.accounts['ledger-prod'];
      assert.equal(new URL(page.url()).pathname, `/accounts/${account}`);

      const choose = async (words, label) => {
        // The page of operations reloads itself while jobs run, which closes the palette.
        for (let tries = 0; tries < 5 && !(await box.isVisible()); tries += 1) {
          await page.keyboard.press('Control+k');
          await box.waitFor({ timeout: 3_000 }).catch(() => {});
        }
        await page.keyboard.type(words);
        await page.locator('[data-palette] [aria-selected=true]', { hasText: label }).waitFor();
        await Promise.all([page.waitForNavigation({ waitUntil: 'commit' }), page.keyboard.press('Enter')]);
        await maya.settled();
      };
      await choose(account.replace(/(....)(....)(....)/, '$1-$2-$3'), 'ledger-prod');
      assert.equal(new URL(page.url()).pathname, `/accounts/${account}`);
      await choose('remove access', 'Remove access');
      assert.equal(new URL(page.url()).pathname, '/changes/new');
      await choose('crawl aws', 'Crawl AWS now');
      assert.equal(new URL(page.url()).pathname, '/operations');
      await choose('sign out', 'Sign out');
      await maya.says('You are signed out');
    });
    await maya.leave();
  });
}

const focused = (locator) => locator.evaluate((element) => element === document.activeElement);

/** Presses Tab until an element has the focus, and checks that the focus is visible. */
async function tabTo(page, locator) {
  await locator.waitFor();
  for (let steps = 0; steps < 200; steps += 1) {
    if (await focused(locator)) {
      const outlined = await locator.evaluate((element) => {
        const style = getComputedStyle(element);
        return style.outlineStyle !== 'none' || style.boxShadow !== 'none';
      });
      assert.ok(outlined, `the focus on ${locator} is not visible`);
      return;
    }
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not reach ${locator}`);
}

async function follow(person, locator) {
  await tabTo(person.page, locator);
  await Promise.all([person.page.waitForNavigation({ waitUntil: 'commit' }), person.page.keyboard.press('Enter')]);
  await person.settled();
}
