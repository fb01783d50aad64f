// Writes a fixture of `server/tests/it/fixtures/upgrade/`: the data folder of a version, with temporary access under way, a
// waiting change, an approved one and a finished one. Run it with the binary of that version, and never edit what it wrote:
//
//   LEASTWISE_BINARY=path/to/leastwise node e2e/upgrade_fixture.mjs server/tests/it/fixtures/upgrade/NAME

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Aws } from './support/aws.mjs';
import { Visitor } from './support/http.mjs';
import { Resources } from './support/resources.mjs';

const out = process.argv[2];
assert.ok(out, 'name the folder of the fixture');
const resources = new Resources();
const data = resources.folder('upgrade');

/** Prints a SQLite database as SQL: tables in the order of their creation, because rows refer to earlier ones. */
const DUMP = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
def named(kinds):
    return db.execute("select name, sql from sqlite_master where type in (%s) and sql is not null and name not like 'sqlite_%%' order by rowid" % kinds).fetchall()
for table, sql in named("'table'"):
    print(sql + ';')
    columns = [row[1] for row in db.execute('pragma table_info("%s")' % table)]
    values = " || ',' || ".join('quote("%s")' % column for column in columns)
    for (row,) in db.execute('select %s from "%s"' % (values, table)):
        print('INSERT INTO "%s" VALUES(%s);' % (table, row))
for _, sql in named("'index', 'trigger'"):
    print(sql + ';')
`;

async function ask(sandbox, { who, set, account, term }, unanswered = false) {
  const names = await new Aws(sandbox.aws).names();
  const maya = await Visitor.signedIn(sandbox, 'maya.okafor');
  await maya.findsInTime('/accounts', account);
  const chosen = { kind: 'grant', who: `group:${names.groups[who]}`, account: names.accounts[account], set: names.keys[set], term };
  const preview = await maya.open(`/changes/new?${new URLSearchParams(chosen)}`);
  const request = preview.formTo('/do/changes/submit').fill('justification', 'Needed for the card scheme certification.').fill('ticket', 'OPS-4711');
  if (unanswered) {
    await maya.sendUnanswered(request);
    return undefined;
  }
  const page = await maya.send(request);
  return { maya, id: page.url.pathname.split('/').at(-1) };
}

const first = await resources.sandbox('upgrade-fixture', { data });
const finished = await ask(first, { who: 'contractors', set: 'ReadOnly', account: 'analytics-dev', term: 'standing' });
await finished.maya.findsInTime(`/changes/${finished.id}`, 'Verified');
const window = await ask(first, { who: 'contractors', set: 'ReadOnly', account: 'engineering-sandbox', term: '60' });
await window.maya.findsInTime(`/changes/${window.id}`, 'Verified');
const waiting = await ask(first, { who: 'support-desk', set: 'SupportMetrics', account: 'tokens-prod', term: 'standing' });
const ines = await Visitor.signedIn(first, 'ines.carvalho');
const inbox = await ines.open(`/inbox?id=${waiting.id}`);
await ines.send(inbox.formAround('reason').fill('reason', 'Checked against the ticket.'));
await Visitor.signedIn(first, 'kwame.boateng');
// A crawl after the writes, so that the last state of AWS contains them.
await finished.maya.findsInTime(`/accounts/${(await new Aws(first.aws).names()).accounts['engineering-sandbox']}`, 'by this change');
await first.stop();

// The process ends when it takes up the change, which stays approved.
const second = await resources.sandbox('upgrade-fixture-approved', { data, env: { LEASTWISE_FAILPOINT: 'approved' } });
await ask(second, { who: 'support-desk', set: 'ReadOnly', account: 'engineering-sandbox', term: 'standing' }, true);
const late = new Promise((resolve) => setTimeout(resolve, 60_000, { signal: 'none in 60 s' }));
const { signal } = await Promise.race([second.exit, late]);
assert.equal(signal, 'SIGKILL', 'the process was not killed');

mkdirSync(out, { recursive: true });
const dump = execFileSync('python3', ['-c', DUMP, path.join(data, 'leastwise.db')], { maxBuffer: 1 << 28 }).toString();
writeFileSync(path.join(out, 'database.sql'), dump);
cpSync(path.join(data, 'keys'), path.join(out, 'keys'), { recursive: true });
cpSync(path.join(data, 'aws.json'), path.join(out, 'aws.json'));
const approved = /INSERT INTO "change" VALUES\('([^']+)'[^\n]*'approved'/.exec(dump)?.[1];
assert.ok(approved, 'no change is approved');
const changes = { finished: finished.id, window: window.id, waiting: waiting.id, approved };
writeFileSync(path.join(out, 'changes.json'), `${JSON.stringify(changes, null, 2)}\n`);
console.log(readFileSync(path.join(out, 'changes.json'), 'utf8'));
await resources.release();
