// What a page says while the browser is offline or Leastwise does not answer, and who can help with what is not allowed.

import assert from 'node:assert/strict';
import { Person, SCRIPT, PLAIN, withPeople } from '../support/browser.mjs';
import { Aws } from '../support/aws.mjs';
import { preview, submit } from '../support/change.mjs';

export const about = 'Offline, no answer, not allowed';

const WORDS = 'Leastwise has not answered since';

export async function journey(suite, browser) {
  const sandbox = await suite.sandbox('connection');
  const names = await new Aws(sandbox.aws).names();
  const marcus = await Person.signedIn(browser, sandbox, 'marcus.dube');
  await marcus.findsInTime('/', 'Request access');

  for (const way of [SCRIPT, PLAIN]) {
    await suite.test(`a page that is not allowed names the roles and whom to ask, ${way.name}`, async () => {
      const maya = await Person.signedIn(browser, sandbox, 'maya.okafor', way);
      const other = await Person.signedIn(browser, sandbox, 'marcus.dube', way);
      await withPeople(`not allowed ${way.name}`, [other], async () => {
        await other.open('/ledger', 403);
        await other.says('You cannot see the ledger', 'Only administrators and auditors can see the ledger', 'administer Leastwise');
        await other.says('Maya Okafor');
        await other.screenshot(`not-allowed-${way.name.replaceAll(' ', '-')}`);
      });
      await maya.leave();
      await other.leave();
    });
  }

  await suite.test('offline, the page says so, sends nothing and keeps the text', async () => {
    await withPeople('offline', [marcus], async () => {
      const { page } = marcus;
      await preview(marcus, { account: names.accounts['web-dev'], set: names.keys.SupportMetrics, term: '60' });
      await page.locator('[name=justification]').fill('Typed on a train.');
      await marcus.context.setOffline(true);
      const bar = page.locator('[data-connection]');
      await bar.waitFor();
      assert.match(await bar.innerText(), /You have been offline since \d\d:\d\d UTC/);
      assert.equal(await page.locator('#send button').getAttribute('aria-disabled'), 'true');
      await marcus.screenshot('offline');
      await page.locator('#send button').click({ force: true });
      assert.equal(await page.locator('[name=justification]').inputValue(), 'Typed on a train.');
      await marcus.context.setOffline(false);
      await bar.waitFor({ state: 'hidden' });
      assert.equal(await page.locator('#send button').getAttribute('aria-disabled'), null);
      marcus.troubles.length = 0;
      await marcus.press(page.locator('#send button'));
      await marcus.says('Waiting for approval');
    });
  });

  await suite.test('while Leastwise does not answer, a live page says so, and goes on when it answers again', async () => {
    await withPeople('no answer', [marcus], async () => {
      const { page } = marcus;
      const bar = page.locator('[data-connection]');
      await preview(marcus, { account: names.accounts['web-staging'], set: names.keys.SupportMetrics, term: '60' });
      marcus.expecting(503);
      await marcus.context.route('**/events/**', (route) => route.fulfill({ status: 503 }));
      await submit(marcus);
      await bar.waitFor();
      assert.ok((await bar.innerText()).includes(WORDS));
      await marcus.context.unroute('**/events/**');
      await bar.waitFor({ state: 'hidden' });
      marcus.fine();
      const withdraw = page.getByRole('button', { name: 'Withdraw request' });
      assert.equal(await withdraw.getAttribute('aria-disabled'), null);
      await sandbox.kill();
      await bar.waitFor();
      assert.equal(await withdraw.getAttribute('aria-disabled'), 'true');
      await marcus.screenshot('no-answer');
    });
  });
  // The browser reports each attempt to reach a server that is gone.
  marcus.troubles.length = 0;
  await marcus.leave();
}
