// A decision on production PCI needs a recent sign-in: the detour over Cognito keeps the reason, decides nothing, and
// changes the session. With and without JavaScript.

import assert from 'node:assert/strict';
import { PLAIN, Person, SCRIPT, withPeople } from '../support/browser.mjs';
import { Aws } from '../support/aws.mjs';
import { preview, submit } from '../support/change.mjs';
import { until } from '../support/suite.mjs';

export const about = 'A decision that needs a recent sign-in';

const REASON = 'Checked against the ticket & the <b>runbook</b>.';
/** How old a sign-in may be, in seconds: long enough to decide after it on a busy machine. */
const LIMIT = 25;

export async function journey(suite, browser) {
  const sandbox = await suite.sandbox('step-up', { env: { LEASTWISE_STEP_UP_SECONDS: String(LIMIT) } });
  const aws = new Aws(sandbox.aws);
  const names = await aws.names();
  const maya = await Person.signedIn(browser, sandbox, 'maya.okafor');
  await maya.findsInTime('/accounts', 'ledger-prod');
  const request = async (account) => {
    await preview(maya, { who: `group:${names.groups['support-desk']}`, account: names.accounts[account], set: names.keys.SupportMetrics });
    return submit(maya);
  };
  const other = await request('tokens-prod');
  const change = await request('ledger-prod');

  for (const [at, [way, username]] of [[SCRIPT, 'ines.carvalho'], [PLAIN, 'kwame.boateng']].entries()) {
    await suite.test(`the reason survives the new sign-in, and the approver decides after it, ${way.name}`, async () => {
      const approver = await Person.signedIn(browser, sandbox, username, { ...way, session: 'own' });
      await withPeople(`step-up ${way.name}`, [approver], async () => {
        await approver.open(`/changes/${change}`);
        const old = await session(approver);
        await until('the sign-in is too old for a decision', async () => {
          await approver.page.reload();
          return (await approver.text()).includes('needs a sign-in that is at most');
        }, (LIMIT + 30) * 1000, 1000);
        await approver.settled();
        await approver.says('Your reason is kept');
        await send(approver);
        assert.ok(approver.page.url().startsWith(sandbox.cognito), approver.page.url());
        await maya.open(`/changes/${change}`);
        await maya.says(`${at} of 2`);

        await approver.signIn(username);
        assert.equal(new URL(approver.page.url()).pathname, `/changes/${change}`);
        assert.equal(await approver.page.locator('#reason').inputValue(), REASON);
        await approver.says('Review the change again');
        assert.notEqual(await session(approver), old);
        await maya.open(`/changes/${change}`);
        await maya.says(`${at} of 2`);

        await approver.press(approver.page.locator('form:has(#reason) button[value=approve]'));
        await approver.saysInTime(at === 0 ? '1 of 2' : /Approved|Applying|Verified/);
      });
      await approver.leave();
    });
  }

  await suite.test('another person who signs in on the way does not get the reason', async () => {
    const approver = await Person.signedIn(browser, sandbox, 'ines.carvalho', { session: 'own' });
    await withPeople('step-up by another person', [approver], async () => {
      await approver.open(`/changes/${other}`);
      await until('the sign-in is too old for a decision', async () => {
        await approver.page.reload();
        return (await approver.text()).includes('needs a sign-in that is at most');
      }, (LIMIT + 30) * 1000, 1000);
      await approver.settled();
      await send(approver);
      await approver.signIn('amara.nwosu');
      assert.equal(new URL(approver.page.url()).pathname, `/changes/${other}`);
      assert.equal(await approver.page.locator('#reason').inputValue(), '');
      await approver.says('0 of 2');
    });
    await approver.leave();
  });

  await suite.test('the ledger is valid after a step-up, and no error was logged', async () => {
    const { code, stderr } = await sandbox.verifyLedger();
    assert.equal(code, 0, stderr);
    assert.deepEqual(sandbox.errors, []);
  });
  await maya.leave();
}

/** Sends the approval, which leads to the sign-in page. */
async function send(person) {
  await person.page.locator('#reason').fill(REASON);
  await Promise.all([
    person.page.waitForURL((url) => url.href.startsWith(person.sandbox.cognito)),
    person.page.locator('form:has(#reason) button[value=approve]').click(),
  ]);
}

/** Returns the cookie of the session. */
async function session(person) {
  const cookies = await person.context.cookies();
  return cookies.find((cookie) => cookie.name === '__Host-session')?.value;
}
