// Screenshots of the main pages, wide and narrow, light and dark, each checked with axe and against the screen width.

import assert from 'node:assert/strict';
import { Person, withPeople } from '../support/browser.mjs';
import { Aws } from '../support/aws.mjs';
import { decide, preview, submit } from '../support/change.mjs';

export const about = 'Screenshots and accessibility, wide and narrow, light and dark';

export async function journey(suite, browser) {
  const sandbox = await suite.sandbox('screens');
  const names = await new Aws(sandbox.aws).names();
  const draft = (set, account) => ({
    who: `group:${names.groups['support-desk']}`,
    account: names.accounts[account],
    set: names.keys[set],
  });
  const maya = await Person.signedIn(browser, sandbox, 'maya.okafor', { axe: false });
  await maya.findsInTime('/accounts', 'cards-prod');
  await preview(maya, draft('SupportMetrics', 'ledger-prod'));
  const change = await submit(maya);
  await preview(maya, draft('SupportMetrics', 'tokens-prod'));
  const done = await submit(maya);
  for (const name of ['amara.nwosu', 'kwame.boateng']) {
    const approver = await Person.signedIn(browser, sandbox, name, { axe: false });
    await decide(approver, done);
    if (name === 'kwame.boateng') await approver.saysInTime('Verified');
    await approver.leave();
  }
  await maya.leave();

  const query = ({ who, account, set }) => `kind=grant&who=${who}&account=${account}&set=${set}&term=standing`;
  const pages = {
    home: '/',
    board: '/accounts',
    account: `/accounts/${names.accounts['cards-prod']}`,
    preview: `/changes/new?${query(draft('SupportMetrics', 'settlement-prod'))}`,
    refused: `/changes/new?${query(draft('ReleaseToolkit', 'cards-prod'))}`,
    change: `/changes/${change}`,
    verified: `/changes/${done}`,
    inbox: '/inbox',
    ledger: '/ledger',
    entry: '/ledger/3',
    report: '/reports/production-pci',
    person: `/people/${names.users['maya.okafor']}`,
    set: `/permission-sets/${names.keys.ReleaseToolkit}`,
  };
  for (const scheme of ['light', 'dark']) {
    for (const [width, height] of [[1440, 900], [390, 844]]) {
      const look = { width, height, scheme, axe: false };
      const tomas = await Person.signedIn(browser, sandbox, 'tomas.novak', look);
      const ines = await Person.signedIn(browser, sandbox, 'ines.carvalho', look);
      for (const [name, target] of Object.entries(pages)) {
        // Only an approver has an inbox.
        const person = name === 'inbox' ? ines : tomas;
        person.axe = true;
        await suite.test(`${name}, ${width} wide, ${scheme}`, async () => {
          await withPeople(`${name} ${width} ${scheme}`, [person], async () => {
            await person.open(target);
            await person.screenshot(`${name}-${width}-${scheme}`);
            const wide = await person.page.evaluate(() => document.documentElement.scrollWidth);
            assert.ok(wide <= width, `the page is ${wide} pixels wide`);
          });
        });
      }
      await tomas.leave();
      await ines.leave();
    }
  }

  await suite.test('the report prints as text without controls', async () => {
    const farid = await Person.signedIn(browser, sandbox, 'farid.haddad', { axe: false });
    await withPeople('print', [farid], async () => {
      await farid.open('/reports/production-pci');
      await farid.page.emulateMedia({ media: 'print' });
      for (const gone of ['[data-sidebar]', '[data-topbar]', 'main a[data-kind]']) {
        assert.ok(!(await farid.page.locator(gone).first().isVisible()), `${gone} is printed`);
      }
      assert.ok(await farid.page.locator('#report tbody tr').first().isVisible());
      await farid.screenshot('report-print');
    });
    await farid.leave();
  });
}
