// A requester: sees what they have and until when, asks for more, extends it and ends it, with and without JavaScript. Clicks
// are counted.

import assert from 'node:assert/strict';
import { PLAIN, Person, SCRIPT, withPeople } from '../support/browser.mjs';
import { Aws } from '../support/aws.mjs';
import { changeId, decide, showPreview, showReasons, submit, unfold, withdraw } from '../support/change.mjs';
import { SHAPES, faultsIn } from '../support/layout.mjs';

export const about = 'A requester on the home page';

const WHY = 'Look at the failed settlements of incident 4711.';

export async function journey(suite, browser) {
  const sandbox = await suite.sandbox('requester');
  const aws = new Aws(sandbox.aws);
  const names = await aws.names();
  const own = (name) => names.users[name];

  for (const [way, account, other] of [[SCRIPT, 'web-dev', 'merchant-portal-dev'], [PLAIN, 'web-staging', 'merchant-portal-staging']]) {
    let change;
    await suite.test(`an hour of access for oneself is requested from the home page with four clicks, ${way.name}`, async () => {
      const marcus = await Person.signedIn(browser, sandbox, 'marcus.dube', way);
      await withPeople(`request ${way.name}`, [marcus], async () => {
        await marcus.findsInTime('/', 'Request access');
        await marcus.says('My access', 'My requests');
        const { page } = marcus;
        await marcus.screenshot(`requester-home-${way.name.replaceAll(' ', '-')}`);
        let clicks = 0;
        const clicking = async (work) => {
          clicks += 1;
          await work();
        };
        const form = page.locator('form[action^="/changes/new"]');
        await clicking(() => form.locator('select[name=account]').selectOption(names.accounts[account]));
        await clicking(() => form.locator('select[name=set]').selectOption(names.keys.SupportMetrics));
        await form.locator('[name=justification]').fill(WHY);
        await clicking(() => marcus.press(page.getByRole('button', { name: 'Preview the request' })));
        await marcus.says('Needs approval by 1 other person');
        assert.equal(await page.locator('[name=justification]').inputValue(), WHY, 'what was typed stays');
        await clicking(() => marcus.press(page.locator('#send button')));
        assert.equal(clicks, 4);
        change = changeId(page);
        await marcus.says('Waiting for approval', WHY);
      });
      await marcus.leave();
    });

    await suite.test(`the same is not accepted a second time, and leads to the first, ${way.name}`, async () => {
      const marcus = await Person.signedIn(browser, sandbox, 'marcus.dube', way);
      await withPeople(`twice ${way.name}`, [marcus], async () => {
        const { page } = marcus;
        await marcus.open(`/changes/new?${new URLSearchParams({ kind: 'grant', account: names.accounts[account], set: names.keys.SupportMetrics, term: '60' })}`);
        await marcus.says('You have already requested exactly this');
        await page.locator('[name=justification]').fill('Once more, in other words.');
        marcus.expecting(422);
        await marcus.press(page.locator('#send button'));
        await marcus.says('There is a problem', 'Nothing was saved');
        assert.equal(await page.locator('[name=justification]').inputValue(), 'Once more, in other words.');
        await marcus.press(page.locator(`#preview a[href="/changes/${change}"]`));
        assert.equal(changeId(page), change);
      });
      await marcus.leave();
    });

    await suite.test(`access is on the home page with its end, is extended, and ended with two clicks, ${way.name}`, async () => {
      const people = [await Person.signedIn(browser, sandbox, 'marcus.dube', way), await Person.signedIn(browser, sandbox, 'ines.carvalho', way)];
      const [marcus, ines] = people;
      await withPeople(`held ${way.name}`, people, async () => {
        await decide(ines, change);
        await marcus.open(`/changes/${change}`);
        await marcus.saysInTime('Verified');
        await marcus.findsInTime('/', /Ends in (59|58|57) min|Ends in 1 h/);
        await marcus.says(new RegExp(`SupportMetrics on ${account}, 1 h`), /Active until .*\d{2}:\d{2} UTC/);
        const { page } = marcus;
        const row = page.locator('[data-access] > li', { hasText: account }).filter({ hasText: 'SupportMetrics' });
        assert.match(await row.getByRole('link', { name: 'Open in AWS' }).getAttribute('href'), new RegExp(`awsapps.com/start/#/console\\?account_id=${names.accounts[account]}&role_name=SupportMetrics`));
        // The same again overlaps it.
        await marcus.open(`/changes/new?${new URLSearchParams({ kind: 'grant', account: names.accounts[account], set: names.keys.SupportMetrics, term: '60' })}`);
        await marcus.says('You already have this access until');
        await marcus.press(page.getByRole('link', { name: 'Extend instead' }));
        await marcus.says('Extends access that ends at', 'Starts at');
        await marcus.open('/');
        await marcus.press(row.getByRole('link', { name: 'Extend' }));
        await marcus.says('Extends access that ends at', 'Needs approval by 1 other person');
        await submit(marcus, { why: WHY, ticket: '' });
        await marcus.says('Waiting for approval', 'not earlier');
        await withdraw(marcus);
        await marcus.open('/');
        let clicks = 0;
        await row.getByRole('button', { name: 'End now' }).click();
        clicks += 1;
        await marcus.screenshot(`requester-end-${way.name.replaceAll(' ', '-')}`);
        await marcus.press(page.locator('dialog[open]').getByRole('button', { name: 'End now' }));
        clicks += 1;
        assert.equal(clicks, 2);
        await marcus.saysInTime('Verified');
        await marcus.findsInTime('/', new RegExp(`Remove SupportMetrics on ${account}`));
        await marcus.says('Removed', 'Ended');
      });
      assert.ok(!(await aws.assigned(account, 'SupportMetrics')).includes(own('marcus.dube')));
      for (const person of people) await person.leave();
    });

    await suite.test(`several accounts, a duration in words and a later start are one request, which is requested again, ${way.name}`, async () => {
      const marcus = await Person.signedIn(browser, sandbox, 'marcus.dube', way);
      await withPeople(`several ${way.name}`, [marcus], async () => {
        const { page } = marcus;
        await marcus.open('/changes/new');
        await page.locator('[name=justification]').fill(WHY);
        await page.locator('select[name=account]').selectOption(names.accounts[account]);
        await page.locator('select[name=set]').selectOption(names.keys.SupportMetrics);
        await page.getByText('Add accounts', { exact: true }).click();
        await page.locator('input[name=also]').fill('no-such-account');
        await page.locator('input[name=term][value=other]').check();
        await page.locator('input[name=length]').fill('1 h 30 min');
        await page.getByText('Start later', { exact: true }).click();
        const start = new Date(Date.now() + 2 * 3_600_000).toISOString().slice(0, 16);
        await page.locator('input[name=start]').fill(start);
        if (way.javaScript) await page.locator('#preview', { hasText: 'no-such-account' }).waitFor();
        else await marcus.press(page.getByRole('button', { name: 'Preview' }));
        await marcus.says('contains no account no-such-account');
        assert.equal(await page.locator('[name=justification]').inputValue(), WHY, 'what was typed stays');
        await page.locator('input[name=also]').fill(other);
        await showPreview(marcus);
        await marcus.says('and 1 more item', 'Starts at');
        await marcus.screenshot(`requester-form-${way.name.replaceAll(' ', '-')}`);
        assert.equal(await page.locator('[name=justification]').inputValue(), WHY, 'what was typed stays');
        await marcus.press(page.locator('#send button'));
        await marcus.says('Waiting for approval', start.replace('T', ' '));
        await withdraw(marcus);
        await marcus.open('/');
        await marcus.press(page.getByRole('link', { name: /^Request again/ }).first());
        assert.equal(await page.locator('input[name=also]').inputValue(), names.accounts[other]);
        assert.equal(await page.locator('input[name=length]').inputValue(), '90 min');
        await marcus.says('and 1 more item');
      });
      await marcus.leave();
    });
  }

  await suite.test('what the policies block in an account is listed apart', async () => {
    const marcus = await Person.signedIn(browser, sandbox, 'marcus.dube');
    await withPeople('blocked', [marcus], async () => {
      const { page } = marcus;
      await marcus.open('/changes/new');
      const blocked = page.locator('select[name=set] optgroup[label="Blocked by policy"] option');
      assert.equal(await blocked.count(), 0);
      await page.locator('select[name=account]').selectOption(names.accounts['cards-prod']);
      await blocked.first().waitFor({ state: 'attached' });
      const listed = await blocked.evaluateAll((options) => options.map((option) => option.value));
      assert.ok(listed.length > 0);
      await page.locator('select[name=set]').selectOption(listed[0]);
      await showPreview(marcus);
      await marcus.says('Blocked by policy');
      assert.equal(await page.locator('select[name=set]').inputValue(), listed[0]);
      // Nobody reads a reason for it unless it is recorded.
      assert.ok(!(await page.locator('[name=justification]').isVisible()));
      await page.locator('#send [data-anyway]').click();
      await page.locator('[name=justification]').fill(WHY);
      await marcus.press(page.locator('#preview button[name=instead]').first());
      await marcus.says('Needs approval by 2 other people');
      assert.notEqual(await page.locator('select[name=set]').inputValue(), listed[0]);
      assert.equal(await page.locator('[name=justification]').inputValue(), WHY, 'what was typed stays');
    });
    await marcus.leave();
  });

  await suite.test('home, form and preview in each shape', async () => {
    const marcus = await Person.signedIn(browser, sandbox, 'marcus.dube');
    const form = (set, account, rest = {}) => `/changes/new?${new URLSearchParams({ kind: 'grant', set: names.keys[set], account: names.accounts[account], term: '60', ...rest })}`;
    const pages = {
      home: '/',
      form: '/changes/new',
      preview: form('SupportMetrics', 'web-dev'),
      several: form('SupportMetrics', 'web-dev', { also: names.accounts['merchant-portal-dev'], start: new Date(Date.now() + 7_200_000).toISOString().slice(0, 16) }),
      blocked: form('ReleaseToolkit', 'cards-prod'),
      wrong: form('SupportMetrics', 'web-dev', { term: 'other', length: 'two days', also: 'no-such-account' }),
    };
    await withPeople('looks', [marcus], async () => {
      for (const [name, target] of Object.entries(pages)) {
        await marcus.open(target);
        assert.deepEqual(await faultsIn(marcus, `requester-${name}`, { shapes: [...SHAPES, { width: 320, height: 640 }] }), [], target);
      }
    });
    await marcus.leave();
  });

  await suite.test('existing access that nobody approved is adopted with an approval, and removed when its duration is over', async () => {
    const people = [await Person.signedIn(browser, sandbox, 'maya.okafor'), await Person.signedIn(browser, sandbox, 'ines.carvalho')];
    const [maya, ines] = people;
    await withPeople('adopted', people, async () => {
      const form = { kind: 'grant', who: `group:${names.groups.contractors}`, account: names.accounts['web-dev'], set: names.keys.ReadOnly };
      await maya.open(`/changes/new?${new URLSearchParams({ ...form, term: 'standing' })}`);
      await maya.says('Blocked by policy', 'State a review date');
      const date = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
      await maya.page.locator('input[name=review_on]').fill(date);
      await showPreview(maya);
      await showReasons(maya);
      await maya.says('Needs approval by 1 other person', 'with this review date', date);
      const change = await submit(maya, { why: 'The contractors were given this before Leastwise.' });
      await decide(ines, change);
      await maya.saysInTime('Verified');
      await maya.open(`/changes/${change}`);
      await unfold(maya);
      await maya.says('Already existed, verified in AWS');
    });
    assert.ok((await aws.assigned('web-dev', 'ReadOnly')).includes(names.groups.contractors));
    for (const person of people) await person.leave();
  });

  await suite.test('the ledger is valid, and no error was logged', async () => {
    const { code, stderr } = await sandbox.verifyLedger();
    assert.equal(code, 0, stderr);
    assert.deepEqual(sandbox.errors, []);
  });
}
