// An unlinked sign-in is linked to an Identity Center user by a change that two people approve, with and without
// JavaScript. She acts; the link is ended, and she only reads; it is made again.

import assert from 'node:assert/strict';
import { PLAIN, Person, SCRIPT, withPeople } from '../support/browser.mjs';
import { Aws } from '../support/aws.mjs';
import { changeId, decide, showPreview, submit } from '../support/change.mjs';
import { requestCrawl } from '../support/http.mjs';

/** Most of its time passes until the next crawl, so that other files run beside it. */
export const waits = true;
export const about = 'Who is which Identity Center user, agreed by two people';

const STRANGER = 'noor.elamin';
const NAME = 'Noor Elamin';
const WHY = 'HR confirmed the identity in person, case 8812.';

/** Opens the form of an action in the row of a name in the list of identities. */
async function choose(person, filter, name, action) {
  await person.open(`/identities${filter ? `?status=${filter}` : ''}`);
  const row = person.page.locator('#identities tbody tr', { hasText: name });
  // The accessible name says of whom.
  await person.press(row.getByRole('link', { name: new RegExp(`^${action} `) }));
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
        await requestCrawl(sandbox);
        await maya.findsInTime('/people', NAME);
        await choose(maya, 'unlinked', STRANGER, 'Link');
        await maya.says('Two other people must agree', STRANGER);
        await maya.page.locator('select[name=set]').selectOption(`user:${user}`);
        await showPreview(maya);
        await maya.says('Needs approval by 2 other people', 'What speaks for and against it', 'can be reassigned');
        const change = await submit(maya, { why: WHY });
        await decide(ines, change);
        await ines.says('1 of 2');
        await decide(kwame, change);
        await maya.open(`/changes/${change}`);
        await maya.saysInTime('Verified');
        await maya.open('/identities?status=by-hand');
        await maya.says(NAME, 'Linked by change');
        // A sign-in is found by its own name, also where keys link it.
        await maya.open('/identities?q=maya.okafor');
        await maya.says('Maya Okafor');
        assert.match(await maya.page.locator('#identities tbody tr').innerText(), /maya\.okafor[^]*Linked(?! by hand)[^]*Your own sign-in/);
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
        await choose(maya, 'by-hand', NAME, 'Unlink');
        await maya.says('Needs approval by 1 other person', 'It stays without a user');
        const ended = await submit(maya, { why: WHY });
        await decide(ines, ended);
        await maya.open(`/changes/${ended}`);
        await maya.saysInTime('Verified');
        await noor.open('/');
        await noor.says('Your sign-in is not linked to an Identity Center user');
        await choose(maya, 'unlinked', STRANGER, 'Link');
        await maya.page.locator('select[name=set]').selectOption(`user:${user}`);
        await showPreview(maya);
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
    await refusals(suite, browser, way);
  }
}

/** Gives a user of the directory the subject of the stranger's sign-in, so that the sign-in claims to be that user. */
async function claims(sandbox, name) {
  const held = await new Aws(sandbox.aws).state();
  const { id, user_name, given_name, family_name, external_ids, enabled } = held.users.find((one) => one.user_name === name);
  const sub = (username) => held.pool.users.find((one) => one.username === username).sub;
  const { issuer } = external_ids.find((one) => one.id === sub(name));
  const subject = { issuer, id: sub(STRANGER) };
  const sent = await fetch(`${sandbox.aws}/_sandbox/users`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id, user_name, given_name, family_name, enabled, external_ids: [...external_ids, subject] }),
  });
  assert.ok(sent.ok, await sent.text());
}

/** A claim is refused, its refusal withdrawn by the link on the page of that change, and the claim is made again. */
async function refusals(suite, browser, way) {
  const sandbox = await suite.sandbox(`identity-claim-${way === SCRIPT ? 'script' : 'plain'}`);
  const HOLDER = 'Marcus Dube';

  await suite.test(`a refused claim is withdrawn by two approvals, and made again, ${way.name}`, async () => {
    const people = [];
    for (const name of ['marcus.dube', STRANGER, 'maya.okafor', 'ines.carvalho', 'kwame.boateng']) {
      people.push(await Person.signedIn(browser, sandbox, name, way));
    }
    const [, , maya, ines, kwame] = people;
    const agree = async (change) => {
      await decide(ines, change);
      await ines.says('1 of 2');
      await decide(kwame, change);
      await maya.open(`/changes/${change}`);
      await maya.saysInTime('Verified');
    };
    await withPeople(`refusal ${way.name}`, people, async () => {
      await claims(sandbox, 'marcus.dube');
      await requestCrawl(sandbox);
      await maya.findsInTime('/identities?status=claims', STRANGER);
      await choose(maya, 'claims', STRANGER, 'Refuse the claim');
      await maya.says('Needs approval by 2 other people', HOLDER);
      const refused = await submit(maya, { why: WHY });
      await agree(refused);
      await maya.open('/identities?status=unlinked');
      await maya.says(STRANGER, 'Nobody', 'Claim refused', 'Withdraw the refusal');

      await maya.open(`/changes/${refused}`);
      await maya.press(maya.page.getByRole('link', { name: 'Undo', exact: true }));
      await maya.says('Withdraw the refusal of a claim', 'Other refusals stay', 'Needs approval by 2 other people', HOLDER);
      const withdrawn = await submit(maya, { why: WHY });
      await agree(withdrawn);
      await maya.says('No undo: once the sign-in claims the user again');
      assert.equal(await maya.page.getByRole('link', { name: 'Undo', exact: true }).count(), 0);
      await maya.open('/ledger');
      await maya.says(`may claim to be the Identity Center user ${HOLDER} again, as people agreed`);

      people.push(await Person.signedIn(browser, sandbox, STRANGER, { ...way, session: 'own' }));
      await maya.findsInTime('/identities?status=claims', STRANGER);
      await choose(maya, 'claims', STRANGER, 'Link');
      await maya.says('Needs approval by 2 other people', HOLDER);
    });
    for (const person of people) await person.leave();
  });

  await suite.test(`a refusal is withdrawn from the list, and its user is chosen, ${way.name}`, async () => {
    const people = [];
    for (const name of ['maya.okafor', 'ines.carvalho', 'kwame.boateng']) {
      people.push(await Person.signedIn(browser, sandbox, name, way));
    }
    const [maya, ines, kwame] = people;
    await withPeople(`withdrawal ${way.name}`, people, async () => {
      await choose(maya, 'claims', STRANGER, 'Refuse the claim');
      const refused = await submit(maya, { why: WHY });
      await decide(ines, refused);
      await decide(kwame, refused);
      await maya.open(`/changes/${refused}`);
      await maya.saysInTime('Verified');
      await choose(maya, 'unlinked', STRANGER, 'Withdraw the refusal');
      const users = maya.page.locator('select[name=set]');
      await users.selectOption({ index: 1 });
      await showPreview(maya);
      await maya.says('Needs approval by 2 other people', HOLDER);
    });
    for (const person of people) await person.leave();
  });

  await suite.test(`the ledger is valid after the refusals, and no error was logged, ${way.name}`, async () => {
    const { code, stderr } = await sandbox.verifyLedger();
    assert.equal(code, 0, stderr);
    assert.deepEqual(sandbox.errors, []);
  });
}
