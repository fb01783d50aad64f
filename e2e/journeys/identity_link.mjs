// An unlinked sign-in is linked to an Identity Center user by a change that two people approve, with and without
// JavaScript. She acts; the link is ended, and she only reads; it is made again.

import assert from 'node:assert/strict';
import { PLAIN, Person, SCRIPT, withPeople } from '../support/browser.mjs';
import { Aws } from '../support/aws.mjs';
import { changeId, decide, submit } from '../support/change.mjs';

export const about = 'Who is which Identity Center user, agreed by two people';

const STRANGER = 'noor.elamin';
const NAME = 'Noor Elamin';
const WHY = 'HR confirmed the identity in person, case 8812.';

/** Opens the form of an action beside a name in the list of identities. */
async function choose(person, filter, name, action) {
  await person.open(`/identities${filter ? `?only=${filter}` : ''}`);
  const row = person.page.locator('#identities tbody tr', { hasText: name });
  await person.press(row.getByRole('link', { name: action, exact: true }));
}

export async function journey(suite, browser) {
  for (const way of [SCRIPT, PLAIN]) {
    const sandbox = await suite.sandbox(`identity-link-${way === SCRIPT ? 'script' : 'plain'}`);
    const created = await fetch(`${sandbox.aws}/_sandbox/users`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user_name: STRANGER, given_name: 'Noor', family_name: 'Elamin', external_ids: [], enabled: true }),
    });
    assert.ok(created.ok, await created.text());
    const user = (await created.json().catch(() => ({}))).id ?? (await new Aws(sandbox.aws).names()).users[STRANGER];

    const everybody = async (names) => {
      const people = [];
      for (const name of names) people.push(await Person.signedIn(browser, sandbox, name, way));
      return people;
    };

    await suite.test(`a sign-in without a user is linked by two approvals, ${way.name}`, async () => {
      const people = await everybody([STRANGER, 'maya.okafor', 'ines.carvalho', 'kwame.boateng']);
      const [noor, maya, ines, kwame] = people;
      await withPeople(`link ${way.name}`, people, async () => {
        await noor.open('/');
        await noor.says('Your sign-in is not linked to an Identity Center user');
        await maya.findsInTime('/people', NAME);
        await choose(maya, 'unlinked', STRANGER, 'Link');
        await maya.says('Two other people must agree', STRANGER);
        await maya.page.locator('select[name=set]').selectOption(`user:${user}`);
        await maya.press(maya.page.getByRole('button', { name: /preview/i }));
        await maya.says('Needs approval by 2 other people', 'What speaks for and against it', 'can be reassigned');
        const change = await submit(maya, { why: WHY });
        await decide(ines, change);
        await ines.says('1 of 2');
        await decide(kwame, change);
        await maya.open(`/changes/${change}`);
        await maya.saysInTime('Verified');
        await maya.open('/identities?only=by-hand');
        await maya.says(NAME, 'Linked by hand');
        await noor.open('/');
        assert.ok(!(await noor.page.locator('main').innerText()).includes('not linked to an Identity Center user'));
        await noor.open('/changes/new');
        await noor.says('Request a change of your own access');
      });
      for (const person of people) await person.leave();
    });

    await suite.test(`the link is ended by one approval, stays ended, and is made again, ${way.name}`, async () => {
      const people = await everybody([STRANGER, 'maya.okafor', 'ines.carvalho', 'kwame.boateng']);
      const [noor, maya, ines, kwame] = people;
      await withPeople(`end ${way.name}`, people, async () => {
        await choose(maya, 'by-hand', NAME, 'End the link');
        await maya.says('Needs approval by 1 other person', 'It stays without a user');
        const ended = await submit(maya, { why: WHY });
        await decide(ines, ended);
        await maya.open(`/changes/${ended}`);
        await maya.saysInTime('Verified');
        await noor.open('/');
        await noor.says('Your sign-in is not linked to an Identity Center user');
        await choose(maya, 'unlinked', STRANGER, 'Link');
        await maya.page.locator('select[name=set]').selectOption(`user:${user}`);
        await maya.press(maya.page.getByRole('button', { name: /preview/i }));
        const again = await submit(maya, { why: WHY });
        assert.equal(changeId(maya.page), again);
        await decide(ines, again);
        await decide(kwame, again);
        await maya.open(`/changes/${again}`);
        await maya.saysInTime('Verified');
      });
      for (const person of people) await person.leave();
    });

    await suite.test(`a link is undone by the link on the page of its change, ${way.name}`, async () => {
      const people = await everybody([STRANGER, 'maya.okafor', 'ines.carvalho']);
      const [noor, maya, ines] = people;
      await withPeople(`undo ${way.name}`, people, async () => {
        await maya.open('/changes');
        await maya.press(maya.page.locator('tbody a').first());
        await maya.says('Verified', 'Link the identity to the user');
        await maya.press(maya.page.getByRole('link', { name: 'Undo', exact: true }));
        await maya.says('Needs approval by 1 other person', 'It stays without a user');
        const undone = await submit(maya, { why: WHY });
        await decide(ines, undone);
        await maya.open(`/changes/${undone}`);
        await maya.saysInTime('Verified');
        await noor.open('/');
        await noor.says('Your sign-in is not linked to an Identity Center user');
        await maya.open('/ledger');
        await maya.says(`The link of`, 'was ended, as people agreed');
      });
      for (const person of people) await person.leave();
    });

    await suite.test(`the ledger is valid, and no error was logged, ${way.name}`, async () => {
      const { code, stderr } = await sandbox.verifyLedger();
      assert.equal(code, 0, stderr);
      assert.deepEqual(sandbox.errors, []);
    });
  }
}
