// A change of two accounts of which one item is carried out and the other fails: shown step by step, the rest is requested
// again, and what was done is undone, with and without JavaScript. The plan of the second item is edited in the database
// while the process is down, so that its saga must not be carried out.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { PLAIN, Person, SCRIPT, withPeople } from '../support/browser.mjs';
import { Aws } from '../support/aws.mjs';
import { changeId } from '../support/change.mjs';
import { Visitor, withVisitors } from '../support/http.mjs';

export const about = 'What is left of a change that failed in part';

const WHY = 'Found in the scoping of the assessment.';
const ACCOUNTS = ['web-dev', 'ledger-dev'];

/** Changes what the plan of the second item leaves, in every change. */
const EDIT = `
import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
for key, document in db.execute('select id, document from engine_change').fetchall():
    row = json.loads(document)
    stored = row['items'][1]['item']['plan']
    plan = json.loads(stored['text'])
    plan['steps'][0]['leaves'] = '0' * 64
    stored['text'] = json.dumps(plan)
    db.execute('update engine_change set document = ? where id = ?', (json.dumps(row), key))
db.commit()
`;

/** Requests the change in a process that is killed once the change is applied, and edits its row. */
async function failsInPart(suite, name, data) {
  const dying = await suite.sandbox(name, { data, env: { LEASTWISE_FAILPOINT: 'applying' } });
  const names = await new Aws(dying.aws).names();
  const maya = await Visitor.signedIn(dying, 'maya.okafor');
  await withVisitors(name, [maya], async () => {
    await maya.findsInTime('/accounts', ACCOUNTS[1]);
    const query = ACCOUNTS.map((account) => `account=${names.accounts[account]}`).join('&');
    const empty = await maya.open(`/changes/classify?${query}`);
    const choice = empty.formWith('environment').fill('environment', 'production').fill('pci', 'in')
      .fill('purpose', 'Takes card payments of the shop.').fill('out_of_scope', '').press('Preview');
    const preview = await maya.send(choice);
    await maya.sendUnanswered(preview.formTo('/do/changes/classify').fill('justification', WHY));
    const late = new Promise((resolve) => setTimeout(resolve, 60_000, { signal: 'none in 60 s' }));
    const { signal } = await Promise.race([dying.exit, late]);
    assert.equal(signal, 'SIGKILL', 'the process was not killed');
  });
  const file = dying.database.replace(/^sqlite:(\/\/)?/, '').replace(/\?.*$/, '');
  const edited = spawnSync('python3', ['-c', EDIT, file], { encoding: 'utf8' });
  assert.equal(edited.status, 0, edited.stderr);
  return names;
}

async function submit(person) {
  await person.page.locator('[name=justification]').fill(WHY);
  await person.press(person.page.locator('#send button'));
  return changeId(person.page);
}

export async function journey(suite, browser) {
  for (const way of [SCRIPT, PLAIN]) {
    const name = `partial-failure-${way === SCRIPT ? 'script' : 'plain'}`;
    const data = suite.resources.folder(name);
    const names = await failsInPart(suite, name, data);
    const sandbox = await suite.sandbox(name, { data });

    await suite.test(`one item is done and one failed, step by step, and the rest is requested again, ${way.name}`, async () => {
      const maya = await Person.signedIn(browser, sandbox, 'maya.okafor', way);
      await withPeople(`rest ${way.name}`, [maya], async () => {
        await maya.open('/changes');
        await maya.press(maya.page.locator('tbody a').first());
        await maya.saysInTime('Failed');
        const rows = maya.page.locator('#items tbody tr');
        await maya.says('Put the declaration in force', '1 of 1 step done', '0 of 1 step done');
        // The steps of an item that is done are folded.
        await rows.last().locator('[data-steps] > summary').click();
        await maya.says('Checked by reading');
        // What failed comes first, with its reason.
        assert.match(await rows.first().innerText(), new RegExp(`${ACCOUNTS[1]}[^]*Failed[^]*differs from the request`));
        await maya.screenshot(`partial-failure-${way === SCRIPT ? 'script' : 'plain'}`);
        await maya.press(maya.page.getByRole('link', { name: 'Request the rest again' }));
        assert.equal(await maya.page.locator('textarea[name=accounts]').inputValue(), names.accounts[ACCOUNTS[1]]);
        await maya.says('No approval needed; applies on submit');
        await submit(maya);
        await maya.saysInTime('Verified');
        await maya.findsInTime(`/accounts/${names.accounts[ACCOUNTS[1]]}`, 'as declared');
      });
      await maya.leave();
    });

    await suite.test(`what was done is undone, ${way.name}`, async () => {
      const maya = await Person.signedIn(browser, sandbox, 'maya.okafor', way);
      await withPeople(`undo ${way.name}`, [maya], async () => {
        await maya.open('/changes?state=failed');
        await maya.press(maya.page.locator('tbody a').first());
        await maya.press(maya.page.getByRole('link', { name: 'Undo what was done' }));
        assert.equal(await maya.page.locator('textarea[name=accounts]').inputValue(), names.accounts[ACCOUNTS[0]]);
        await maya.says('End the declared classification', 'Needs approval by 2 other people');
        await submit(maya);
        await maya.says('Waiting for approval');
      });
      await maya.leave();
    });
  }
}
