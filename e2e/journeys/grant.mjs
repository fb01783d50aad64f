// Changes to a production PCI account, with and without JavaScript: which ones are blocked and why, and one grant with its
// two approvals, from the request to the inclusion proof and the removal.

import assert from 'node:assert/strict';
import { PLAIN, Person, SCRIPT, withPeople } from '../support/browser.mjs';
import { Aws } from '../support/aws.mjs';
import { decide, preview, showReasons, submit, unfold, withdraw } from '../support/change.mjs';
import { provesItself } from '../support/merkle.mjs';

export const about = 'A grant on a production PCI account';

/** Permission set, and the reason that the page must show for it in production PCI. */
const REFUSED = [
  ['AdministratorAccess', /gives administrator access, whatever its name/],
  ['ReleaseToolkit', /gives administrator access, whatever its name/],
  ['PlatformEngineer', /Blocked by policy/],
  ['PaymentsEngineer', /is unknown, because/],
];

export async function journey(suite, browser) {
  const sandbox = await suite.sandbox('grant');
  const aws = new Aws(sandbox.aws);
  const names = await aws.names();

  for (const [way, account] of [[SCRIPT, 'ledger-prod'], [PLAIN, 'tokens-prod']]) {
    const draft = (set) => ({
      who: `group:${names.groups['support-desk']}`,
      account: names.accounts[account],
      set: names.keys[set],
    });

    await suite.test(`permission sets that are never allowed in production PCI are blocked, with the reason, ${way.name}`, async () => {
      const maya = await Person.signedIn(browser, sandbox, 'maya.okafor', way);
      await withPeople(`refused ${way.name}`, [maya], async () => {
        await maya.findsInTime('/accounts', 'cards-prod');
        const before = (await aws.calls()).at(-1)?.seq ?? 0;
        for (const [set, reason] of REFUSED) {
          await preview(maya, draft(set));
          await showReasons(maya);
          await maya.says('Blocked by policy', reason);
        }
        await submit(maya);
        await maya.says('Blocked');
        await maya.open('/changes?state=refused');
        await maya.says('PaymentsEngineer');
        const written = (await aws.calls(before)).filter((call) => call.operation === 'CreateAccountAssignment');
        assert.deepEqual(written, [], 'a blocked change was sent to AWS');
      });
      await maya.leave();
    });

    await suite.test(`a group that SCIM provisions is blocked in production PCI, ${way.name}`, async () => {
      const maya = await Person.signedIn(browser, sandbox, 'maya.okafor', way);
      await withPeople(`scim ${way.name}`, [maya], async () => {
        await preview(maya, { ...draft('SupportMetrics'), who: `group:${names.groups['tokens-engineers']}` });
        await showReasons(maya);
        await maya.says('Blocked by policy', 'are managed in the identity provider');
      });
      await maya.leave();
    });

    let change;
    await suite.test(`a harmless permission set is granted to a group with two approvals, and verified by reading AWS, ${way.name}`, async () => {
      const people = [];
      for (const name of ['maya.okafor', 'ines.carvalho', 'kwame.boateng']) {
        people.push(await Person.signedIn(browser, sandbox, name, way));
      }
      const [maya, ines, kwame] = people;
      await withPeople(`grant ${way.name}`, people, async () => {
        await preview(maya, draft('SupportMetrics'));
        await maya.says('Needs approval by 2 other people', 'Ravi Menon');
        change = await submit(maya);
        await maya.says('Waiting for approval', '0 of 2');
        await decide(ines, change);
        await ines.says('1 of 2', /You approved at \d{2}:\d{2} UTC; 1 of 2/);
        // One person fills one approval slot.
        assert.equal(await ines.page.locator('#reason').count(), 0);
        await decide(kwame, change);
        await maya.saysInTime('Verified');
        await kwame.open(`/changes/${change}`);
        await kwame.says('2 of 2', 'Ines Carvalho', 'Kwame Boateng', 'Verified');
        await unfold(kwame);
        assert.match(await kwame.page.locator('#items table').innerText(), /\d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC/);
      });
      assert.ok((await aws.assigned(account, 'SupportMetrics')).includes(names.groups['support-desk']));
      for (const person of people) await person.leave();
    });

    await suite.test(`the account page and the ledger show the grant, ${way.name}`, async () => {
      const farid = await Person.signedIn(browser, sandbox, 'farid.haddad', way);
      await withPeople(`known ${way.name}`, [farid], async () => {
        await farid.findsInTime(`/accounts/${names.accounts[account]}`, 'by this change');
        await farid.says('SupportMetrics', 'support-desk');
        await farid.open(`/changes/${change}`);
        await unfold(farid);
        const entries = farid.page.locator('a[href^="/ledger/"]');
        assert.ok((await entries.count()) >= 4, 'the change has fewer entries than steps');
        const last = await entries.last().getAttribute('href');
        await farid.findsInTime(last, 'Unchanged since');
        await provesItself(farid.page);
        await farid.open(`/ledger?q=${change}`);
        await farid.says('requested the assignment of SupportMetrics');
      });
      await farid.leave();
    });

    await suite.test(`the access is removed again, and the page shows until when sessions may last, ${way.name}`, async () => {
      const maya = await Person.signedIn(browser, sandbox, 'maya.okafor', way);
      await withPeople(`remove ${way.name}`, [maya], async () => {
        await maya.open(`/accounts/${names.accounts[account]}`);
        const row = maya.page.locator('#access tr[data-group]', { hasText: 'SupportMetrics' }).filter({ hasText: 'support-desk' });
        await maya.press(row.getByRole('link', { name: 'Remove' }));
        await maya.says('AWS does not end sessions early', /[1-9]\d* (person|people).* los/);
        await submit(maya, { why: 'The certification is over and the access with it.' });
        await maya.saysInTime('Verified');
        await maya.says(/sessions may last until/);
      });
      assert.ok(!(await aws.assigned(account, 'SupportMetrics')).includes(names.groups['support-desk']));
      await maya.leave();
    });
  }

  await suite.test('a declined request ends, and shows who declined it and why', async () => {
    const people = [
      await Person.signedIn(browser, sandbox, 'maya.okafor'),
      await Person.signedIn(browser, sandbox, 'amara.nwosu'),
    ];
    const [maya, amara] = people;
    await withPeople('declined', people, async () => {
      await preview(maya, { who: `group:${names.groups['support-desk']}`, account: names.accounts['settlement-prod'], set: names.keys.SupportMetrics });
      const change = await submit(maya);
      await decide(amara, change, 'decline', 'No certification is planned there.');
      await amara.says('Declined', 'No certification is planned there.');
      await maya.saysInTime('Declined');
      await amara.open('/inbox');
      assert.equal(await amara.page.locator(`a[href="/inbox?id=${change}"]`).count(), 0);
    });
    for (const person of people) await person.leave();
  });

  await suite.test('a requester requests an hour of access and withdraws it, and nothing is sent to AWS', async () => {
    const marcus = await Person.signedIn(browser, sandbox, 'marcus.dube');
    await withPeople('withdrawn', [marcus], async () => {
      const before = (await aws.calls()).at(-1).seq;
      const own = `user:${names.users['marcus.dube']}`;
      await preview(marcus, { who: own, account: names.accounts['cards-staging'], set: names.keys.SupportMetrics, term: '60' });
      await marcus.says('Needs approval by 1 other person');
      await submit(marcus);
      await withdraw(marcus);
      await marcus.says('Withdrawn');
      const written = (await aws.calls(before)).filter((call) => call.operation === 'CreateAccountAssignment');
      assert.deepEqual(written, []);
    });
    await marcus.leave();
  });

  await suite.test('access to development outside PCI needs no approval for administrators', async () => {
    const tomas = await Person.signedIn(browser, sandbox, 'tomas.novak');
    await withPeople('free', [tomas], async () => {
      await preview(tomas, { who: `group:${names.groups.auditors}`, account: names.accounts['web-dev'], set: names.keys.LedgerDataReader });
      await tomas.says('No approval needed; applies on submit');
      await submit(tomas);
      await tomas.saysInTime('Verified');
    });
    assert.ok((await aws.assigned('web-dev', 'LedgerDataReader')).includes(names.groups.auditors));
    await tomas.leave();
  });

  await suite.test('the ledger is valid at the end, and no error was logged', async () => {
    const { code, json, stderr } = await sandbox.verifyLedger();
    assert.equal(code, 0, stderr);
    assert.equal(json.first_bad ?? null, null);
    assert.deepEqual(sandbox.errors, []);
  });
}
