// Jobs on /operations: a crawl is requested, followed and cancelled, and a failed job is retried and dismissed, with and without
// JavaScript. A crawl whose process is killed begins again with the next process.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { PLAIN, Person, SCRIPT, withPeople } from '../support/browser.mjs';
import { until } from '../support/suite.mjs';

export const about = 'Jobs: requested, followed, cancelled, retried, dismissed, and taken up after a kill';

const FAILED = '0190f3c2-0000-7000-8000-00000000000';

/** Inserts a job whose attempts are used up. */
const FAIL = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=20)
db.execute("insert into job (id, kind, payload_version, payload, unique_key, state, run_at, attempts, beat, progress_done, progress_of,"
           " cancel_requested, failure, created_at, started_at, ended_at)"
           " values (?, 'change_expiry', 1, '{}', ?, 'failed', 0, 5, 0, 0, 0, 0, 'no_progress', 0, (strftime('%s','now') - 4) * 1000, strftime('%s','now') * 1000)",
           (sys.argv[2], sys.argv[2]))
db.commit()
`;
/** Prints the crawls in a state, with their attempts. */
const CRAWLS = `
import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=20)
print(json.dumps(db.execute("select id, attempts from job where kind = 'crawl' and state = ?", (sys.argv[2],)).fetchall()))
`;

function python(sandbox, program, ...args) {
  const file = sandbox.database.replace(/^sqlite:(\/\/)?/, '').replace(/\?.*$/, '');
  const ran = spawnSync('python3', ['-c', program, file, ...args], { encoding: 'utf8' });
  assert.equal(ran.status, 0, ran.stderr);
  return ran.stdout;
}

const crawls = (sandbox, state) => JSON.parse(python(sandbox, CRAWLS, state));

export async function journey(suite, browser) {
  // As slow as AWS, so that a crawl takes seconds.
  const sandbox = await suite.sandbox('operations', { speed: 1 });
  const first = await Person.signedIn(browser, sandbox, 'maya.okafor', PLAIN);
  await first.findsInTime('/accounts', 'cards-prod');
  await first.leave();
  for (const [at, way] of [SCRIPT, PLAIN].entries()) {
    await suite.test(`a crawl is requested, followed and cancelled, ${way.name}`, async () => {
      const maya = await Person.signedIn(browser, sandbox, 'maya.okafor', way);
      await withPeople(`crawl ${way.name}`, [maya], async () => {
        await maya.findsInTime('/operations', 'No job is running');
        const checks = maya.page.locator('#jobs tr', { hasText: 'Comparison of records with the ledger' });
        assert.equal(await checks.getByRole('button').count(), 0, 'a check of what was altered cannot be skipped');
        await maya.says('No job has failed', 'Crawl of AWS', 'Expiry of changes', 'This server', 'IAM Identity Center');
        await maya.press(maya.page.getByRole('button', { name: 'Crawl AWS now' }));
        await maya.saysInTime(/Crawl of AWS(:| \S+) \d+ of \d+/);
        await maya.screenshot(`operations-running-${at}`);
        await maya.press(maya.page.locator('#jobs tr', { hasText: 'Crawl of AWS' }).getByRole('button', { name: 'Cancel this run' }));
        await maya.saysInTime('No job is running');
        await maya.open('/ledger');
        await maya.says('requested the job \u201cCrawl of AWS\u201d', 'cancelled the job \u201cCrawl of AWS\u201d');
      });
      await maya.leave();
    });

    await suite.test(`a failed job is shown with its reason, retried and dismissed, ${way.name}`, async () => {
      const maya = await Person.signedIn(browser, sandbox, 'maya.okafor', way);
      await withPeople(`failed ${way.name}`, [maya], async () => {
        python(sandbox, FAIL, `${FAILED}${2 * at}`);
        await maya.findsInTime('/operations', 'It made no progress for too long');
        await maya.screenshot(`operations-failed-${at}`);
        await maya.press(maya.page.getByRole('button', { name: 'Retry now' }));
        await maya.saysInTime('No job has failed');
        python(sandbox, FAIL, `${FAILED}${2 * at + 1}`);
        await maya.findsInTime('/operations', 'It made no progress for too long');
        await maya.press(maya.page.getByRole('button', { name: 'Dismiss this failure' }));
        await maya.says('No job has failed');
        await maya.open('/ledger');
        await maya.says('retried the job', 'dismissed the job');
      });
      await maya.leave();
    });
  }

  await suite.test('an auditor sees the jobs without buttons, and a requester does not see them', async () => {
    const farid = await Person.signedIn(browser, sandbox, 'farid.haddad');
    const marcus = await Person.signedIn(browser, sandbox, 'marcus.dube');
    await withPeople('others', [farid, marcus], async () => {
      await farid.open('/operations');
      await farid.says('Servers', 'Jobs', 'Last run');
      assert.equal(await farid.page.getByRole('button', { name: /Crawl AWS now|Retry|Dismiss|Cancel|Skip/ }).count(), 0);
      await marcus.open('/operations', 403);
    });
    await farid.leave();
    await marcus.leave();
  });

  await suite.test('a crawl whose process is killed begins again with the next one', async () => {
    const data = suite.resources.folder('operations-kill');
    const dying = await suite.sandbox('operations-kill', { data, speed: 1, crawled: false });
    let killed;
    await until('a crawl runs', async () => {
      [[killed] = []] = crawls(dying, 'running');
      return killed !== undefined;
    }, 60_000);
    await dying.kill();
    const next = await suite.sandbox('operations-kill', { data, speed: 20 });
    await until('the crawl is done', async () => crawls(next, 'done').length > 0, 60_000);
    assert.deepEqual(crawls(next, 'done')[0], [killed, 2], 'the second attempt of the same job');
    assert.deepEqual(crawls(next, 'failed'), []);
    await next.stop();
    assert.deepEqual(crawls(next, 'running'), [], 'a stop leaves no lease behind');
  });
}
