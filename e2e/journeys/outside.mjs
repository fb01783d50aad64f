// Changes in AWS outside Leastwise: by fetch, and by boto3, the AWS SDK for Python.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Person, withPeople } from '../support/browser.mjs';
import { Aws } from '../support/aws.mjs';
import { submit } from '../support/change.mjs';
import { requestCrawl } from '../support/http.mjs';
import { PYTHON } from '../support/tools.mjs';

/** Most of its time passes until the next crawl, so that other files run beside it. */
export const waits = true;
export const about = 'Changes outside Leastwise';

const run = promisify(execFile);
const boto3 = path.join(path.dirname(path.dirname(fileURLToPath(import.meta.url))), 'boto3_outside.py');

export async function journey(suite, browser) {
  const sandbox = await suite.sandbox('outside');
  const aws = new Aws(sandbox.aws);
  const names = await aws.names();
  const farid = await Person.signedIn(browser, sandbox, 'farid.haddad');
  const other = await Person.signedIn(browser, sandbox, 'farid.haddad');
  await farid.findsInTime('/accounts', 'cards-prod');

  // Run concurrently, so that both wait for the same crawl.
  const byFetch = suite.test('an assignment by another client appears after the next read as changed outside Leastwise', async () => {
    await withPeople('by fetch', [farid], async () => {
      await farid.open('/accounts');
      await farid.says('cards-prod');
      await aws.assign({ account: 'tokens-prod', set: 'ReadOnly', user: 'owen.price' });
      await requestCrawl(sandbox);
      await farid.findsInTime(`/accounts/${names.accounts['tokens-prod']}`, 'Owen Price');
      await farid.open('/');
      await farid.says(/was assigned to Owen Price on tokens-prod outside Leastwise/);
      await farid.open('/ledger?q=outside');
      await farid.says('was assigned outside Leastwise');
    });
  });

  const byBoto3 = suite.test('boto3 lists the same assignments as the account page, before and after it adds one', async () => {
    const account = names.accounts['merchant-portal-prod'];
    await withPeople('by boto3', [other], async () => {
      const listed = async () => JSON.parse((await run(PYTHON, [boto3, sandbox.aws, 'list', account])).stdout);
      assert.deepEqual(await shown(other, account), await listed());
      await run(PYTHON, [boto3, sandbox.aws, 'assign', account, names.sets.ReadOnly, 'GROUP', names.groups.auditors]);
      await requestCrawl(sandbox);
      await other.findsInTime(`/accounts/${account}`, 'auditors');
      const after = await listed();
      assert.ok(after.includes('ReadOnly GROUP auditors'));
      assert.deepEqual(await shown(other, account), after);
      await other.open('/');
      await other.says(/was assigned to auditors on merchant-portal-prod outside Leastwise/);
    });
  });
  await Promise.all([byFetch, byBoto3]);

  await suite.test('a change outside Leastwise is undone from the home page, and leaves it', async () => {
    const maya = await Person.signedIn(browser, sandbox, 'maya.okafor');
    await withPeople('undo', [maya], async () => {
      await maya.open('/');
      const row = maya.page.locator('[data-drift]', { hasText: 'Owen Price' });
      await maya.press(row.getByRole('link', { name: /^Remove assignment of Owen Price on tokens-prod/ }));
      await maya.says('Owen Price', 'tokens-prod');
      await submit(maya, { why: 'Nobody agreed to this access.' });
      await maya.saysInTime('Verified');
      await maya.open('/');
      assert.equal(await row.count(), 0);
      assert.equal(await maya.page.locator('[data-drift]', { hasText: 'auditors' }).count(), 1);
    });
    await maya.leave();
  });

  await suite.test('the ledger is valid, and no error was logged', async () => {
    const { code, stderr } = await sandbox.verifyLedger();
    assert.equal(code, 0, stderr);
    assert.deepEqual(sandbox.errors, []);
  });
  await farid.leave();
  await other.leave();
}

/** Returns the assignments on the account page, as `SET TYPE NAME`. */
async function shown(person, account) {
  await person.open(`/accounts/${account}`);
  const rows = await person.page.locator('#access tr[data-group]').all();
  const words = await Promise.all(
    rows.map(async (row) => {
      const set = await row.locator('th a').first().innerText();
      const link = row.locator('[data-to] a').first();
      const type = (await link.getAttribute('href')).startsWith('/groups/') ? 'GROUP' : 'USER';
      return `${set} ${type} ${await link.innerText()}`;
    }),
  );
  return words.sort();
}
