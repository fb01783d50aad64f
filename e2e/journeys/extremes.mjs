// What pages do with long and unusual names, long addresses, narrow windows, forced colours, and JavaScript that does not
// load.

import assert from 'node:assert/strict';
import { Person, withPeople } from '../support/browser.mjs';
import { Aws } from '../support/aws.mjs';
import { requestCrawl } from '../support/http.mjs';
import { faultsIn, layoutFaults } from '../support/layout.mjs';

export const about = 'Long names, narrow windows, forced colours, no script';

const LONG = 'Wolfeschlegelsteinhausenbergerdorff '.repeat(9).slice(0, 300);
const ODD = 'مريم العلي 🧑‍🚀 <b>&amp;';

/** A phone, and 1280 x 1024 at 400% zoom. */
const NARROW = [{ width: 390, height: 844 }, { width: 320, height: 256 }];

export async function journey(suite, browser) {
  const sandbox = await suite.sandbox('extremes');
  const aws = new Aws(sandbox.aws);
  const names = await aws.names();
  const rename = (user, name) => aws.call('identitystore', 'UpdateUser', {
    IdentityStoreId: names.store,
    UserId: names.users[user],
    Operations: [{ AttributePath: 'displayName', AttributeValue: name }],
  });
  await rename('viktor.hall', LONG);
  await rename('marcus.dube', ODD);
  await aws.assign({ account: 'cards-prod', set: 'SupportMetrics', user: 'viktor.hall' });
  await aws.assign({ account: 'cards-prod', set: 'SupportMetrics', user: 'marcus.dube' });
  await requestCrawl(sandbox);
  const ready = await Person.signedIn(browser, sandbox, 'maya.okafor', { axe: false });
  await ready.findsInTime(`/accounts/${names.accounts['cards-prod']}`, 'مريم');
  await ready.leave();
  const pages = {
    home: '/',
    people: '/people?reach=production-pci',
    accounts: '/accounts',
    account: `/accounts/${names.accounts['cards-prod']}`,
    long: `/people/${names.users['viktor.hall']}`,
    odd: `/people/${names.users['marcus.dube']}`,
    report: '/reports/production-pci',
    change: `/changes/new?kind=grant&who=user:${names.users['viktor.hall']}&account=${names.accounts['cards-prod']}&set=${names.keys.ReadOnly}&term=60`,
  };

  await suite.test('nothing is cut off or off the screen on small screens', async () => {
    const maya = await Person.signedIn(browser, sandbox, 'maya.okafor');
    await withPeople('narrow', [maya], async () => {
      for (const [name, target] of Object.entries(pages)) {
        await maya.open(target);
        assert.deepEqual(await faultsIn(maya, `extremes-${name}`, { shapes: NARROW }), [], target);
      }
    });
    await maya.leave();
  });

  await suite.test('names are text, in their own direction', async () => {
    const maya = await Person.signedIn(browser, sandbox, 'maya.okafor');
    await withPeople('odd names', [maya], async () => {
      await maya.open(pages.odd);
      assert.equal(await maya.page.locator('h1').innerText(), ODD);
      await maya.open(pages.account);
      await maya.screenshot('extremes-account-1440');
      assert.deepEqual(await layoutFaults(maya.page), []);
    });
    await maya.leave();
  });

  await suite.test('an address with 8 kB of filters is shown without what is not known, or refused with a cure', async () => {
    const maya = await Person.signedIn(browser, sandbox, 'maya.okafor');
    await withPeople('long address', [maya], async () => {
      const some = '&environment=moon'.repeat(100);
      await maya.open(`/accounts?pci=in${some}`);
      await maya.says('Unknown filter “environment=moon”', 'In scope');
      maya.expecting(414);
      const answer = await maya.served(`/accounts?pci=in${'&environment=moon'.repeat(500)}`);
      assert.ok([200, 414].includes(answer.status), `${answer.status}`);
      if (answer.status === 414) assert.ok(answer.says('Address too long'));
    });
    await maya.leave();
  });

  await suite.test('pages can be read and used in forced colours', async () => {
    const maya = await Person.signedIn(browser, sandbox, 'maya.okafor');
    await withPeople('forced colours', [maya], async () => {
      await maya.page.emulateMedia({ forcedColors: 'active' });
      for (const name of ['home', 'account', 'report']) {
        await maya.open(pages[name]);
        await maya.screenshot(`extremes-${name}-forced-colours`);
      }
      await maya.page.keyboard.press('Tab');
      await maya.page.keyboard.press('Tab');
      const outline = await maya.page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
      assert.notEqual(outline, 'none');
    });
    await maya.leave();
  });

  await suite.test('without its script, a page works as without JavaScript', async () => {
    const maya = await Person.signedIn(browser, sandbox, 'maya.okafor', { axe: false });
    const { page } = maya;
    await maya.context.route(/\.(js|wasm)$/, (route) => route.abort());
    await page.goto(`${sandbox.web}/accounts`);
    await page.getByRole('searchbox', { name: 'Search accounts' }).fill('cards-prod');
    await Promise.all([page.waitForURL(/q=cards-prod/), page.keyboard.press('Enter')]);
    assert.equal(await page.locator('tbody tr').count(), 1);
    await page.goto(new URL(pages.change, sandbox.web).href);
    await Promise.all([page.waitForNavigation(), page.getByRole('button', { name: /preview/i }).click()]);
    assert.ok((await maya.text()).includes('ReadOnly'));
    await maya.context.unroute(/\.(js|wasm)$/);
    maya.troubles.length = 0;
    await maya.leave();
  });
}
