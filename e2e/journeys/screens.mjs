// Screenshots of the main pages, wide and narrow, light and dark, each checked with axe, against the screen width and for
// faults of the layout.

import assert from 'node:assert/strict';
import { Person, withPeople } from '../support/browser.mjs';
import { Aws } from '../support/aws.mjs';
import { decide, preview, submit } from '../support/change.mjs';
import { requestCrawl } from '../support/http.mjs';
import { faultsIn } from '../support/layout.mjs';

export const about = 'Screenshots and accessibility, wide and narrow, light and dark';

/** The width of an A4 page without its margins, in CSS pixels. */
const A4 = 687;

export async function journey(suite, browser) {
  const sandbox = await suite.sandbox('screens');
  const aws = new Aws(sandbox.aws);
  const names = await aws.names();
  const draft = (set, account) => ({
    who: `group:${names.groups['support-desk']}`,
    account: names.accounts[account],
    set: names.keys[set],
  });
  const maya = await Person.signedIn(browser, sandbox, 'maya.okafor', { axe: false });
  await maya.findsInTime('/accounts', 'cards-prod');
  // For the home page, after the first read: a change outside Leastwise, and an account that AWS reports less strictly.
  await aws.assign({ account: 'network-hub', set: 'NetworkAdministrator', group: 'incident-responders' });
  await new Aws(sandbox.aws, names.held.management_account).call('organizations', 'TagResource', {
    ResourceId: names.accounts['analytics-prod'],
    Tags: [{ Key: 'environment', Value: 'staging' }],
  });
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
  await requestCrawl(sandbox);
  await maya.findsInTime('/', 'AWS now reports analytics-prod as staging');
  await maya.leave();

  const query = ({ who, account, set, term = 'standing' }) => `kind=grant&who=${who}&account=${account}&set=${set}&term=${term}`;
  const pages = {
    home: '/',
    accounts: '/accounts',
    people: '/people?reach=production-pci',
    identities: '/identities',
    account: `/accounts/${names.accounts['cards-prod']}`,
    preview: `/changes/new?${query(draft('SupportMetrics', 'settlement-prod'))}`,
    classify: `/changes/classify?account=${names.accounts['cards-prod']}&account=${names.accounts['tokens-prod']}`,
    refused: `/changes/new?${query(draft('ReleaseToolkit', 'cards-prod'))}`,
    change: `/changes/${change}`,
    verified: `/changes/${done}`,
    inbox: '/inbox',
    ledger: '/ledger',
    entry: '/ledger/3',
    report: '/reports/production-pci',
    operations: '/operations',
    person: `/people/${names.users['maya.okafor']}`,
    sets: '/permission-sets?capability=reads_data',
    set: `/permission-sets/${names.keys.ReleaseToolkit}`,
    metadata: `/permission-sets/${names.keys.SupportMetrics}`,
    session: `/changes/new?${query({ ...draft('ReadOnly', 'cards-prod'), term: '60' })}`,
    waiting: '/accounts?classification=waiting',
  };
  /** What somebody does on a page before it is looked at. */
  const steps = {
    set: ({ page }) => page.locator('[data-groups] > li > details').nth(1).locator('> summary').press('Enter'),
    accounts: ({ page }) => page.locator('input[name=account]').first().check(),
    classify: async (person) => {
      const { page } = person;
      await page.locator('select[name=environment]').selectOption('development');
      await page.locator('select[name=pci]').selectOption('out');
      await page.locator('[name=purpose]').fill('Card data left these accounts this year.');
      await page.locator('[name=out_of_scope]').fill('Neither stores card data nor reaches it.');
      await person.press(page.getByRole('button', { name: 'Preview' }));
    },
  };
  const tomas = await Person.signedIn(browser, sandbox, 'tomas.novak');
  const ines = await Person.signedIn(browser, sandbox, 'ines.carvalho');
  for (const [name, target] of Object.entries(pages)) {
    // Only an approver has an inbox.
    const person = name === 'inbox' ? ines : tomas;
    await suite.test(`${name} in each shape`, async () => {
      await withPeople(name, [person], async () => {
        await person.open(target);
        await steps[name]?.(person);
        assert.deepEqual(await faultsIn(person, name), []);
      });
    });
  }
  await tomas.leave();
  await ines.leave();

  await suite.test('the report prints as text without controls', async () => {
    const farid = await Person.signedIn(browser, sandbox, 'farid.haddad', { axe: false });
    await withPeople('print', [farid], async () => {
      await farid.open('/reports/production-pci');
      await farid.page.emulateMedia({ media: 'print' });
      for (const gone of ['[data-sidebar]', '[data-topbar]', 'main a[data-kind]']) {
        assert.ok(!(await farid.page.locator(gone).first().isVisible()), `${gone} is printed`);
      }
      assert.ok(await farid.page.locator('#report tbody tr').first().isVisible());
      await farid.page.setViewportSize({ width: A4, height: 1000 });
      await farid.screenshot('report-print');
    });
    await farid.leave();
  });
}
