// kill -9 between the approval and *verified*, at every named place; then start again. By the calls that AWS received
// the grant was created once or found there, the change ends verified, and the ledger is whole.

import assert from 'node:assert/strict';
import { Visitor, attribute, elements, withVisitors } from './support/http.mjs';
import { Aws } from './support/aws.mjs';

export const about = 'kill -9 on the way of a grant';

/** Its tests share nothing, so each takes a slot of its own. */
export const independent = true;

/** `server/src/engine/failpoint.rs`, in the order in which a grant passes them. */
const POINTS = [
  'approved', 'queued', 'judged', 'applying', 'observed-before', 'intended', 'called', 'accepted', 'polled', 'relisting',
  'observed-after', 'verified',
];
const [ACCOUNT, SET, GROUP] = ['tokens-prod', 'SupportMetrics', 'support-desk'];

export async function journey(suite) {
  const tests = ['grant', 'remove'].flatMap((kind) => {
    // A removal passes the same places; those of which a grant says enough are left out. What is read back is the empty
    // pair, whose place has the name that it has before a grant.
    const points = kind === 'grant' ? POINTS : ['intended', 'called', 'polled', 'observed-before'];
    return points.map((point) => [
      `killed at "${point}" of a ${kind}, it is carried out once and ends verified`,
      (resources) => killed(resources, kind, point),
    ]);
  });
  await suite.together(tests);
}

async function killed(resources, kind, point) {
  const name = `kill-${kind}-${point}`;
  const data = resources.folder(name);
  const visitors = [];
  await withVisitors(name, visitors, async () => {
    if (kind === 'remove') await granted(resources, name, data, visitors);
    const dying = await resources.sandbox(name, { data, env: { LEASTWISE_FAILPOINT: point } });
    const aws = new Aws(dying.aws);
    const names = await aws.names();
    const before = (await aws.calls()).at(-1)?.seq ?? 0;
    await ask(dying, names, kind, visitors);
    const late = new Promise((resolve) => setTimeout(resolve, 60_000, { signal: 'none in 60 s' }));
    const { signal } = await Promise.race([dying.exit, late]);
    assert.equal(signal, 'SIGKILL', 'it was not killed');

    const again = await resources.sandbox(name, { data });
    const maya = await signedIn(again, 'maya.okafor', visitors);
    const list = await maya.open('/changes');
    await maya.follow(elements(list.find((node) => node.tagName === 'tbody')).find((node) => node.tagName === 'a'));
    await maya.saysInTime('Verified', 90_000);

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
async function granted(resources, name, data, visitors) {
  const sandbox = await resources.sandbox(`${name}-before`, { data });
  const names = await new Aws(sandbox.aws).names();
  const maya = await ask(sandbox, names, 'grant', visitors);
  await maya.saysInTime('Verified');
  await maya.findsInTime(`/accounts/${names.accounts[ACCOUNT]}`, 'by this change');
  await sandbox.stop();
}

/** Asks for it and, where it needs them, gives both approvals. The last one may not be answered: the process dies. */
async function ask(sandbox, names, kind, visitors) {
  const maya = await signedIn(sandbox, 'maya.okafor', visitors);
  await maya.findsInTime('/accounts', 'tokens-prod');
  const empty = await maya.open(`/changes/new?kind=${kind}`);
  const choice = empty.formWith('who').fill('who', `group:${names.groups[GROUP]}`).fill('account', names.accounts[ACCOUNT]).fill('set', names.keys[SET]);
  if (kind === 'grant') choice.fill('term', 'standing');
  const preview = await maya.send(choice);
  const request = preview.formTo('/do/changes/submit');
  if (kind === 'remove') {
    // Carried out at once: the answer with the change's address may never come.
    await maya.sendUnanswered(request.fill('justification', 'No longer needed by anybody.'));
    return maya;
  }
  request.fill('justification', 'Needed for the card scheme certification in week 48.').fill('ticket', 'OPS-4711');
  const { url } = await maya.send(request);
  const change = /^\/changes\/(?!new)([^/]+)$/.exec(url.pathname)?.[1];
  assert.ok(change, `not the page of a change: ${url}`);
  for (const [name, last] of [['ines.carvalho', false], ['kwame.boateng', true]]) {
    const approver = await signedIn(sandbox, name, visitors);
    const inbox = await approver.open(`/inbox?id=${change}`);
    const approval = inbox.formAround('reason-approve').fill('reason', 'Checked against the ticket.');
    if (last) await approver.sendUnanswered(approval);
    else await approver.send(approval);
  }
  return maya;
}

async function signedIn(sandbox, username, visitors) {
  const visitor = await Visitor.signedIn(sandbox, username);
  visitors.push(visitor);
  return visitor;
}
