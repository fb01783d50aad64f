// What a requester may see, what an administrator may remove alone, and what becomes of blocked requests, with and without
// JavaScript, wide and narrow, light and dark.

import assert from 'node:assert/strict';
import { PLAIN, Person, withPeople } from '../support/browser.mjs';
import { Aws } from '../support/aws.mjs';
import { decide, preview, showReasons, submit, unfold, withdraw } from '../support/change.mjs';
import { faultsIn } from '../support/layout.mjs';

export const about = 'What one may see and do';

/** The maximum number of blocked changes that one person stores in an hour. */
const BLOCKED = 10;

export async function journey(suite, browser) {
  const sandbox = await suite.sandbox('oversight');
  const aws = new Aws(sandbox.aws);
  const names = await aws.names();
  const own = `user:${names.users['hannah.cole']}`;
  const blocked = { who: own, account: names.accounts['cards-prod'], set: names.keys.AdministratorAccess, term: '60' };

  // A sign-in is linked to its user by the first crawl.
  const first = await Person.signedIn(browser, sandbox, 'maya.okafor', PLAIN);
  await first.findsInTime('/accounts', 'cards-prod');
  await first.leave();
  await suite.test('a requester is offered themselves and no group, and the same message about everybody else', async () => {
    const hannah = await Person.signedIn(browser, sandbox, 'hannah.cole');
    await withPeople('own scope', [hannah], async () => {
      await hannah.open('/changes/new');
      const form = await hannah.text();
      for (const hidden of ['Add to group', 'platform-admins', 'Maya Okafor']) assert.ok(!form.includes(hidden), hidden);
      const texts = [];
      for (const [who, set] of [
        [names.users['maya.okafor'], names.groups['platform-admins']],
        [names.users['viktor.hall'], names.groups['platform-admins']],
        ['00000000-0000-4000-8000-00000000dead', names.groups.contractors],
      ]) {
        await hannah.open(`/changes/new?kind=join&who=user:${who}&set=${set}`);
        texts.push(await hannah.text());
      }
      assert.match(texts[0], /only for yourself/);
      assert.deepEqual(new Set(texts).size, 1, texts.join('\n---\n'));
    });
    await hannah.leave();
  });

  await suite.test('an administrator removes oversight access only with somebody else, and everybody sees the alarm', async () => {
    const people = [];
    for (const name of ['maya.okafor', 'ines.carvalho']) people.push(await Person.signedIn(browser, sandbox, name));
    const [maya, ines] = people;
    await withPeople('oversight', people, async () => {
      await maya.findsInTime('/accounts', 'log-archive');
      const removal = { kind: 'remove', who: `group:${names.groups.auditors}`, account: names.accounts['log-archive'], set: names.keys.SecurityAudit };
      await preview(maya, removal);
      await showReasons(maya);
      await maya.says('Needs approval by 1 other person', 'Nobody removes oversight alone', 'Submitting this change raises an alarm');
      const change = await submit(maya);
      await maya.says('Waiting for approval');
      await unfold(maya);
      await maya.says('Alarm about a change');
      assert.ok((await aws.assigned('log-archive', 'SecurityAudit')).includes(names.groups.auditors));
      await ines.open('/');
      await ines.says('Alarms about oversight access', 'Remove SecurityAudit on log-archive from auditors');
      await decide(ines, change);
      await maya.saysInTime('Verified');
      assert.ok(!(await aws.assigned('log-archive', 'SecurityAudit')).includes(names.groups.auditors));
      await ines.open('/changes?alarm=raised');
      await ines.says('Remove SecurityAudit on log-archive from auditors', '1 change');
    });
    for (const person of people) await person.leave();
  });

  await suite.test('removals that are withdrawn are one row behind the one that waits, with a link to each of them', async () => {
    const people = [];
    for (const name of ['maya.okafor', 'ines.carvalho']) people.push(await Person.signedIn(browser, sandbox, name, PLAIN));
    const [maya, ines] = people;
    await withPeople('folded alarms', people, async () => {
      const removal = { kind: 'remove', who: `group:${names.groups.auditors}`, account: names.accounts.identity, set: names.keys.SecurityAudit };
      for (let withdrawn = 0; withdrawn < 3; withdrawn += 1) {
        await preview(maya, removal);
        await submit(maya);
        if (withdrawn === 2) break;
        await withdraw(maya);
        await maya.says('Withdrawn');
      }
      await ines.open('/');
      const rows = await ines.page.locator('[data-alarms] li').allInnerTexts();
      assert.match(rows[0], /Remove SecurityAudit on identity from auditors[^]*Waiting for approval/);
      assert.match(rows.at(-1), /2 changes by Maya Okafor that remove assignments[^]*Not carried out/);
      await ines.press(ines.page.getByRole('link', { name: '2 changes by Maya Okafor' }));
      await ines.says('Requested by Maya Okafor', 'Alarm With an alarm', '4 of 4 changes');
    });
    for (const person of people) await person.leave();
  });

  await suite.test('the blocked requests of one person are limited, keep their text, and are one row of the list', async () => {
    const hannah = await Person.signedIn(browser, sandbox, 'hannah.cole', PLAIN);
    await withPeople('blocked', [hannah], async () => {
      for (let stored = 0; stored < BLOCKED; stored += 1) {
        await preview(hannah, blocked);
        await submit(hannah);
      }
      hannah.expecting(429);
      await preview(hannah, blocked);
      await submit(hannah, { why: 'One more look at incident 4711.' });
      await hannah.says('There is a problem', 'which is the maximum', 'Try again after');
      assert.equal(await hannah.page.locator('[name=justification]').inputValue(), 'One more look at incident 4711.');
      await hannah.open('/changes');
      await hannah.says(`${BLOCKED} blocked changes by Hannah Cole`);
      await hannah.press(hannah.page.getByRole('link', { name: `${BLOCKED} blocked changes` }));
      await hannah.says('State Blocked', 'Requested by Hannah Cole', `${BLOCKED} of ${BLOCKED} changes`);
      assert.equal(await hannah.page.locator('main tbody tr').count(), BLOCKED);
    });
    await hannah.leave();
  });

  await suite.test('the alarm and the folded row in each shape', async () => {
    const ines = await Person.signedIn(browser, sandbox, 'ines.carvalho');
    await withPeople('look', [ines], async () => {
      for (const [name, target] of [['alarm', '/'], ['folded', '/changes']]) {
        await ines.open(target);
        assert.deepEqual(await faultsIn(ines, name), [], target);
      }
    });
    await ines.leave();
  });

  await suite.test('the ledger is valid, and no error was logged', async () => {
    const { code, stderr } = await sandbox.verifyLedger();
    assert.equal(code, 0, stderr);
    assert.deepEqual(sandbox.errors, []);
  });
}
