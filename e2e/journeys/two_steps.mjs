// An escalation in two steps: an empty group gets access to production PCI, which gives access to no one; then people are
// added to the group. Each step alone looks harmless. It is detected within Leastwise and outside.

import assert from 'node:assert/strict';
import { Person, withPeople } from '../support/browser.mjs';
import { Aws } from '../support/aws.mjs';
import { decide, preview, submit } from '../support/change.mjs';
import { requestCrawl } from '../support/http.mjs';

export const about = 'An escalation in two steps';

export async function journey(suite, browser) {
  const sandbox = await suite.sandbox('two-steps');
  const aws = new Aws(sandbox.aws);
  const names = await aws.names();
  const responders = `group:${names.groups['incident-responders']}`;
  const cards = names.accounts['cards-prod'];

  await suite.test('a dangerous permission set is blocked for an empty group as well', async () => {
    const maya = await Person.signedIn(browser, sandbox, 'maya.okafor');
    await withPeople('empty group', [maya], async () => {
      await maya.findsInTime('/accounts', 'cards-prod');
      for (const set of ['AdministratorAccess', 'ReleaseToolkit', 'LedgerDataReader']) {
        await preview(maya, { who: responders, account: cards, set: names.keys[set] });
        await maya.says('Blocked by policy');
      }
    });
    await maya.leave();
  });

  await suite.test('a harmless permission set on the empty group needs two approvals', async () => {
    const people = [];
    for (const name of ['maya.okafor', 'ines.carvalho', 'kwame.boateng']) people.push(await Person.signedIn(browser, sandbox, name));
    const [maya, ines, kwame] = people;
    await withPeople('first step', people, async () => {
      await preview(maya, { who: responders, account: names.accounts['tokens-prod'], set: names.keys.SupportMetrics });
      await maya.says('Needs approval by 2 other people');
      const change = await submit(maya);
      await decide(ines, change);
      await decide(kwame, change);
      await maya.saysInTime('Verified');
    });
    for (const person of people) await person.leave();
  });

  await suite.test('within Leastwise: adding a member who would reach production PCI needs two approvals', async () => {
    const maya = await Person.signedIn(browser, sandbox, 'maya.okafor');
    await withPeople('inside', [maya], async () => {
      await preview(maya, { kind: 'join', who: `user:${names.users['hannah.cole']}`, set: names.groups['incident-responders'] });
      await maya.says('Needs approval by 2 other people', 'Hannah Cole', 'tokens-prod', 'SupportMetrics');
      await submit(maya);
      await maya.says('Waiting for approval');
    });
    assert.ok(!(await aws.state()).memberships.some((one) => one.group === names.groups['incident-responders']));
    await maya.leave();
  });

  await suite.test('within Leastwise: adding a member is evaluated with changes that are approved and unfinished', async () => {
    const people = [];
    for (const name of ['maya.okafor', 'ines.carvalho', 'kwame.boateng']) people.push(await Person.signedIn(browser, sandbox, name));
    const [maya, ines, kwame] = people;
    await withPeople('pending', people, async () => {
      // AWS never completes the write: the assignment is approved but does not exist.
      await aws.breaks({ operation: 'CreateAccountAssignment', kind: 'async_never' });
      await preview(maya, { who: responders, account: names.accounts['ledger-prod'], set: names.keys.SupportMetrics });
      const change = await submit(maya);
      await decide(ines, change);
      await decide(kwame, change);
      await maya.saysInTime('Applying');
      assert.ok(!(await aws.assigned('ledger-prod', 'SupportMetrics')).includes(names.groups['incident-responders']));
      await preview(maya, { kind: 'join', who: `user:${names.users['owen.price']}`, set: names.groups['incident-responders'] });
      await maya.says('Needs approval by 2 other people', 'ledger-prod', 'tokens-prod');
      await aws.breaks();
    });
    for (const person of people) await person.leave();
  });

  await suite.test('outside Leastwise: the next read finds an assignment to the empty group and a new member', async () => {
    await aws.assign({ account: 'cards-prod', set: 'AdministratorAccess', group: 'incident-responders' });
    await aws.join('incident-responders', 'zoe.laurent');
    await requestCrawl(sandbox);
    const farid = await Person.signedIn(browser, sandbox, 'farid.haddad');
    await withPeople('outside', [farid], async () => {
      // A read may happen between the two writes; the next one then shows the member.
      await farid.findsInTime('/', /Zoe Laurent was added to incident-responders outside Leastwise/);
      await farid.open(`/accounts/${cards}?sort=person`);
      const path = farid.page.locator('#access tbody tr', { hasText: 'Zoe Laurent' }).filter({ hasText: 'incident-responders' });
      assert.match(await path.innerText(), /AdministratorAccess/);
      await farid.open('/');
      await farid.says('incident-responders', 'Zoe Laurent');
      await farid.open('/reports/production-pci?q=zoe');
      await farid.says('Zoe Laurent', 'AdministratorAccess', 'group: incident-responders', 'Administrator access');
    });
    await farid.leave();
  });

  await suite.test('the ledger is valid, and no error was logged', async () => {
    const { code, stderr } = await sandbox.verifyLedger();
    assert.equal(code, 0, stderr);
    assert.deepEqual(sandbox.errors, []);
  });
}
