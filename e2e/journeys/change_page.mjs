// The page of a change, for somebody who decides: what it says in each state, at each width, that all of its parts move
// together while it is live, and comments and questions on record; with and without JavaScript.

import assert from 'node:assert/strict';
import { PLAIN, Person, SCRIPT, withPeople } from '../support/browser.mjs';
import { Aws } from '../support/aws.mjs';
import { comment, decide, preview, submit, unfold, withdraw } from '../support/change.mjs';
import { SHAPES, faultsIn } from '../support/layout.mjs';

export const about = 'The page of a change';

const QUESTION = 'Which incident is it?';
const ANSWER = 'Number 4711, reported this morning.';

export async function journey(suite, browser) {
  const sandbox = await suite.sandbox('change-page');
  const aws = new Aws(sandbox.aws);
  const names = await aws.names();
  const desk = `group:${names.groups['support-desk']}`;
  const metrics = (account, term = 'standing') => ({ who: desk, account: names.accounts[account], set: names.keys.SupportMetrics, term });
  const everybody = (people, way) => Promise.all(people.map((name) => Person.signedIn(browser, sandbox, name, way)));
  /** One change in each state, for the looks. */
  const states = {};

  const first = await Person.signedIn(browser, sandbox, 'maya.okafor', PLAIN);
  await first.findsInTime('/accounts', 'cards-prod');
  await first.leave();

  for (const [way, account] of [[SCRIPT, 'ledger-prod'], [PLAIN, 'tokens-prod']]) {
    await suite.test(`a question and its answer are on record, and decide nothing, ${way.name}`, async () => {
      const people = await everybody(['maya.okafor', 'ines.carvalho', 'farid.haddad'], way);
      const [maya, ines, farid] = people;
      await withPeople(`comments ${way.name}`, people, async () => {
        await preview(maya, metrics(account));
        const change = await submit(maya);
        await ines.open(`/changes/${change}`);
        await comment(ines, QUESTION, 'question');
        await ines.says('asked the requester, who has not answered yet', QUESTION);
        await maya.saysInTime('Ines Carvalho asks you a question');
        await comment(maya, ANSWER);
        await maya.says(ANSWER, '2 comments');
        assert.ok(!(await maya.text()).includes('asks you a question'));
        await ines.saysInTime(ANSWER);
        await ines.says('0 of 2');
        await farid.open(`/changes/${change}`);
        await farid.says(QUESTION, ANSWER);
        assert.equal(await farid.page.locator('#write').count(), 0, 'an auditor reads');
        await unfold(farid);
        const history = await farid.page.locator('#history').innerText();
        assert.ok(history.indexOf(QUESTION) < history.indexOf(ANSWER), history);
        await farid.open(`/ledger?q=${change}`);
        await farid.says('asked the requester of', 'commented on');
        await maya.open(`/changes/${change}`);
        await withdraw(maya);
        await maya.says('Withdrawn');
        states.withdrawn = change;
      });
      for (const person of people) await person.leave();
    });
  }

  await suite.test('what somebody types stays while the page moves, and a decision of somebody else keeps it', async () => {
    const people = await everybody(['maya.okafor', 'ines.carvalho', 'kwame.boateng', 'amara.nwosu'], SCRIPT);
    const [maya, ines, kwame, amara] = people;
    await withPeople('drafts', people, async () => {
      await preview(maya, metrics('settlement-prod'));
      const change = await submit(maya);
      await amara.open(`/changes/${change}`);
      const { page } = amara;
      await page.evaluate(() => { window.stays = true; });
      await page.locator('#history > summary').click();
      await page.locator('#reason').fill('I am still reading');
      await page.locator('#reason').evaluate((field) => field.setSelectionRange(4, 7));
      await decide(ines, change);
      await amara.saysInTime('1 of 2');
      assert.equal(await page.evaluate(() => window.stays), true, 'the page was reloaded');
      assert.equal(await page.locator('#reason').inputValue(), 'I am still reading');
      assert.ok(await page.locator('#reason').evaluate((field) => field === document.activeElement && field.selectionStart === 4));
      assert.ok(await page.locator('#history').evaluate((details) => details.open), 'what was unfolded stays so');
      await decide(kwame, change);
      await amara.saysInTime('Your text was not sent');
      await amara.says('I am still reading', '2 of 2');
      assert.equal(await page.locator('#reason').count(), 0);
      await amara.saysInTime('Verified in AWS');
      states.verified = change;
    });
    for (const person of people) await person.leave();
  });

  await suite.test('header, steps and rows of a failing write say the same at every moment', async () => {
    const people = await everybody(['maya.okafor', 'ines.carvalho', 'kwame.boateng'], SCRIPT);
    const [maya, ines, kwame] = people;
    await withPeople('failing', people, async () => {
      await aws.breaks({ operation: 'CreateAccountAssignment', kind: 'async_failed', reason: 'the role cannot be created' });
      await preview(maya, metrics('ledger-prod'));
      const change = await submit(maya);
      await maya.page.evaluate(() => {
        window.contradictions = [];
        const words = (selector) => document.querySelector(selector)?.textContent.replace(/\s+/g, ' ').trim() ?? '';
        new MutationObserver(() => {
          const [header, row] = [words('[data-live-line]'), words('#items tbody td:first-child')];
          const under = document.querySelector('[data-stage=current] [data-step]')?.textContent ?? '';
          if (under.includes('Sending') && !header.includes(row)) window.contradictions.push(`${header} beside ${row}`);
          if (under.includes('Sending') && words('main').includes('Needs approval by')) window.contradictions.push('needs approval beside a change that is sent');
        }).observe(document.querySelector('main'), { childList: true, subtree: true, characterData: true });
      });
      await decide(ines, change);
      await decide(kwame, change);
      await maya.saysInTime(/attempt \d+ failed/);
      await maya.says('Sending to AWS', '2 of 2');
      states.applying = change;
      // After five failures of its own a grant is given up, within about 25 seconds; a conflict is tried 20 times, which
      // outlasts the looks on a slow machine. Two looks only, because the pauses between the attempts grow.
      await aws.breaks({ operation: 'CreateAccountAssignment', kind: 'conflict' });
      await look(browser, sandbox, 'maya.okafor', 'applying', change, [SHAPES.at(0), SHAPES.at(-1)]);
      await aws.breaks();
      await maya.saysInTime('Verified in AWS', 120_000);
      assert.deepEqual(await maya.page.evaluate(() => window.contradictions), []);
    });
    for (const person of people) await person.leave();
  });

  await suite.test('one change in each state, for the looks', async () => {
    const people = await everybody(['maya.okafor', 'amara.nwosu', 'ines.carvalho'], SCRIPT);
    const [maya, amara, ines] = people;
    await withPeople('states', people, async () => {
      await preview(maya, metrics('settlement-prod', '60'));
      states.declined = await submit(maya);
      await decide(amara, states.declined, 'decline', 'No certification is planned there.');
      await preview(maya, { ...metrics('cards-prod'), set: names.keys.AdministratorAccess });
      states.blocked = await submit(maya);
      await maya.says('Blocked by policy; cannot be approved', 'Possible instead');
      const possible = maya.page.locator('[data-ways] a[data-kind]').first();
      assert.match(await possible.getAttribute('href'), /^\/changes\/new\?kind=grant&.*set=/);
      await preview(maya, metrics('tokens-prod'));
      states.waiting = await submit(maya);
      await ines.open(`/changes/${states.waiting}`);
      await comment(ines, QUESTION, 'question');
    });
    for (const person of people) await person.leave();
  });

  await suite.test('each state in each shape', async () => {
    await look(browser, sandbox, 'kwame.boateng', 'waiting-approver', states.waiting);
    await look(browser, sandbox, 'maya.okafor', 'waiting-requester', states.waiting);
    for (const state of ['verified', 'declined', 'blocked', 'withdrawn']) await look(browser, sandbox, 'maya.okafor', state, states[state]);
  });

  await suite.test('an approver decides with the keyboard only, and reads what they decided', async () => {
    const kwame = await Person.signedIn(browser, sandbox, 'kwame.boateng');
    await withPeople('keys', [kwame], async () => {
      await kwame.open(`/changes/${states.waiting}`);
      const { page } = kwame;
      await page.keyboard.press('a');
      await page.keyboard.type('Checked against the ticket.');
      await page.keyboard.press('Tab');
      await Promise.all([page.waitForNavigation({ waitUntil: 'commit' }), page.keyboard.press('Enter')]);
      await kwame.settled();
      await kwame.says(/You approved at \d{2}:\d{2} UTC; 1 of 2/);
      await look(browser, sandbox, 'kwame.boateng', 'approved', states.waiting);
    });
    await kwame.leave();
  });

  await suite.test('the ledger is valid, and no error was logged', async () => {
    const { code, stderr } = await sandbox.verifyLedger();
    assert.equal(code, 0, stderr);
    assert.deepEqual(sandbox.errors, []);
  });
}

/** Looks at a change in shapes: it fits, axe finds nothing, and the bar of the decision is in view. */
async function look(browser, sandbox, username, name, change, shapes = SHAPES) {
  const person = await Person.signedIn(browser, sandbox, username);
  await withPeople(name, [person], async () => {
    await person.open(`/changes/${change}`);
    const more = async ({ page }, { height }) => {
      const bar = page.locator('[data-decision]');
      if (!(await bar.count())) return [];
      const box = await bar.boundingBox();
      const seen = box.y + box.height <= height + 1 && box.y > height / 3;
      return seen ? [] : [`the bar is at ${box.y}, ${box.height} high`];
    };
    assert.deepEqual(await faultsIn(person, `change-${name}`, { shapes, more }), []);
  });
  await person.leave();
}
