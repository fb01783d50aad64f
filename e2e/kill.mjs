// kill -9 between the approval and *verified*, at every named place; then start again. By the calls that AWS received
// the grant was created once or found there, the change ends verified, and the ledger is whole.

import assert from 'node:assert/strict';
import { PLAIN, Person, withPeople } from './support/browser.mjs';
import { Aws } from './support/aws.mjs';
import { preview, submit } from './support/change.mjs';
import { Sandbox, folder } from './support/leastwise.mjs';

export const about = 'kill -9 on the way of a grant';

/** `server/src/engine/failpoint.rs`, in the order in which a grant passes them. */
const POINTS = [
  'approved', 'queued', 'judged', 'applying', 'observed-before', 'intended', 'called', 'accepted', 'polled', 'relisting',
  'observed-after', 'verified',
];
const [ACCOUNT, SET, GROUP] = ['tokens-prod', 'SupportMetrics', 'support-desk'];
const QUICK = { ...PLAIN, axe: false };

export async function journey(suite, browser) {
  for (const kind of ['grant', 'remove']) {
    // A removal passes the same places; those of which a grant says enough are left out. What is read back is the empty
    // pair, whose place has the name that it has before a grant.
    const points = kind === 'grant' ? POINTS : ['intended', 'called', 'polled', 'observed-before'];
    for (const point of points) {
      await suite.test(`killed at "${point}" of a ${kind}, it is carried out once and ends verified`, () => killed(browser, kind, point));
    }
  }
}

async function killed(browser, kind, point) {
  const data = folder(`kill-${point}`);
  const people = [];
  await withPeople(`kill ${kind} ${point}`, people, async () => {
    if (kind === 'remove') await granted(browser, data, people);
    const dying = await Sandbox.start(`kill-${kind}-${point}`, { data, fresh: kind === 'grant', env: { LEASTWISE_FAILPOINT: point } });
    const aws = new Aws(dying.aws);
    const names = await aws.names();
    const before = (await aws.calls()).at(-1)?.seq ?? 0;
    await ask(browser, dying, names, kind, people);
    const late = new Promise((resolve) => setTimeout(resolve, 60_000, { signal: 'none in 60 s' }));
    const { signal } = await Promise.race([dying.exit, late]);
    assert.equal(signal, 'SIGKILL', 'it was not killed');

    const again = await Sandbox.start(`kill-${kind}-${point}`, { data, fresh: false });
    const maya = await Person.signedIn(browser, again, 'maya.okafor', QUICK);
    people.push(maya);
    await maya.open('/changes');
    await maya.press(maya.page.locator('main table tbody tr').first().locator('a').first());
    await maya.saysInTime('Verified', 90_000);
    await maya.leave();

    const outside = new Aws(again.aws);
    const listed = (await outside.assigned(ACCOUNT, SET)).filter((id) => id === names.groups[GROUP]);
    assert.equal(listed.length, kind === 'grant' ? 1 : 0, 'what AWS holds');
    const operation = kind === 'grant' ? 'CreateAccountAssignment' : 'DeleteAccountAssignment';
    const writes = (await outside.calls(before)).filter((call) => call.operation === operation && call.applied);
    assert.ok(writes.every((call) => call.params.PrincipalId === names.groups[GROUP]), 'something else was written');
    // The answer to a call that was lost with the process is the one thing that nobody can know: asking again is right,
    // and AWS answers that it is there.
    const most = point === 'called' ? 2 : 1;
    assert.ok(writes.length >= 1 && writes.length <= most, `${writes.length} calls of ${operation}`);
    const { code, json, stderr } = await again.verifyLedger();
    assert.equal(code, 0, stderr);
    assert.equal(json.first_bad ?? null, null);
    assert.deepEqual(again.errors, []);
    await again.stop();
  });
}

/** A life in which the grant was made, so that there is something to remove. */
async function granted(browser, data, people) {
  const sandbox = await Sandbox.start('kill-before', { data });
  const names = await new Aws(sandbox.aws).names();
  const change = await ask(browser, sandbox, names, 'grant', people);
  const maya = await Person.signedIn(browser, sandbox, 'maya.okafor', QUICK);
  people.push(maya);
  await maya.open(`/changes/${change}`);
  await maya.saysInTime('Verified');
  await maya.findsInTime(`/accounts/${names.accounts[ACCOUNT]}`, 'by this change');
  await maya.leave();
  await sandbox.stop();
}

/** Asks for it and, where it needs them, gives both approvals. The last one may not be answered: the process dies. */
async function ask(browser, sandbox, names, kind, people) {
  const maya = await Person.signedIn(browser, sandbox, 'maya.okafor', QUICK);
  people.push(maya);
  await maya.findsInTime('/accounts', 'tokens-prod');
  await preview(maya, { kind, who: `group:${names.groups[GROUP]}`, account: names.accounts[ACCOUNT], set: names.keys[SET] });
  if (kind === 'remove') {
    // Carried out at once: the answer with the change's address may never come.
    await maya.page.locator('[name=justification]').fill('No longer needed by anybody.');
    await maya.page.locator('form[action="/do/changes/submit"] button[type=submit]').click().catch(() => {});
    await maya.leave();
    return;
  }
  const change = await submit(maya);
  for (const [name, last] of [['ines.carvalho', false], ['kwame.boateng', true]]) {
    const approver = await Person.signedIn(browser, sandbox, name, QUICK);
    people.push(approver);
    await approver.open(`/inbox?id=${change}`);
    await approver.page.locator('#reason-approve').fill('Checked against the ticket.');
    const button = approver.page.locator('form:has(#reason-approve) button[type=submit]');
    if (last) await button.click().catch(() => {});
    else await approver.press(button);
    await approver.leave();
  }
  await maya.leave();
  return change;
}
