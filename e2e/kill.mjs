// Kills the process at every failpoint between the approval and *verified*, and restarts it. The calls that AWS received
// must show that the write was made once, the change must end verified, and the ledger must be valid.

import assert from 'node:assert/strict';
import { Visitor, attribute, elements, requestCrawl, withVisitors } from './support/http.mjs';
import { Aws } from './support/aws.mjs';

export const about = 'Process kills during a grant or a removal';

/** The tests are independent, so each takes a separate slot. */
export const independent = true;

/** The failpoints of `server/src/engine/failpoint.rs`, in the order in which a grant passes them. */
const POINTS = [
  'approved', 'queued', 'judged', 'applying', 'observed-before', 'intended', 'called', 'accepted', 'polled', 'relisting',
  'observed-after', 'verified',
];
/** The failpoints that a saga of one step passes, in this order. The commit of its last step is that of its change, `verified`. */
const SAGA_POINTS = ['approved', 'queued', 'judged', 'applying', 'subject-read', 'step-intended', 'step-answered', 'verified'];
export const [ACCOUNT, SET, GROUP] = ['tokens-prod', 'SupportMetrics', 'support-desk'];

export async function journey(suite) {
  const tests = ['grant', 'remove'].flatMap((kind) => {
    // A removal passes the same failpoints; those that a grant covers sufficiently are left out. The read that verifies a
    // removal finds an empty pair, so its failpoint is `observed-before`, as before a grant.
    const points = kind === 'grant' ? POINTS : ['intended', 'called', 'polled', 'observed-before'];
    return points.map((point) => [
      `a ${kind} that is killed at "${point}" is carried out once and ends verified`,
      (resources) => killed(resources, kind, point),
    ]);
  });
  tests.push(...SAGA_POINTS.map((point) => [
    `a classification that is killed at "${point}" is carried out once and ends verified`,
    (resources) => killedClassifying(resources, point),
  ]));
  // Everything before these points does not depend on the kind of the item. The only step of the only item is done in the
  // commit that verifies the change.
  tests.push(...['subject-read', 'step-intended', 'step-answered', 'verified'].map((point) => [
    `a link of an identity that is killed at "${point}" is made once and ends verified`,
    (resources) => killedLinking(resources, point),
  ]));
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
    const operation = kind === 'grant' ? 'CreateAccountAssignment' : 'DeleteAccountAssignment';
    // Reads are not kept over a kill, so that numbers of calls can repeat. Writes are.
    const applied = (calls) => calls.filter((call) => call.operation === operation && call.applied);
    const before = applied(await aws.calls()).length;
    await ask(dying, names, kind, visitors);
    const late = new Promise((resolve) => setTimeout(resolve, 60_000, { signal: 'none in 60 s' }));
    const { signal } = await Promise.race([dying.exit, late]);
    assert.equal(signal, 'SIGKILL', 'the process was not killed');

    const again = await resources.sandbox(name, { data });
    const maya = await signedIn(again, 'maya.okafor', visitors);
    const list = await maya.open('/changes');
    await maya.follow(elements(list.find((node) => node.tagName === 'tbody')).find((node) => node.tagName === 'a'));
    await maya.saysInTime('Verified', 90_000);

    const outside = new Aws(again.aws);
    const listed = (await outside.assigned(ACCOUNT, SET)).filter((id) => id === names.groups[GROUP]);
    assert.equal(listed.length, kind === 'grant' ? 1 : 0, 'assignments in AWS');
    const writes = applied(await outside.calls()).slice(before);
    assert.ok(writes.every((call) => call.params.PrincipalId === names.groups[GROUP]), 'AWS received another write');
    // A response that was lost with the process is unknown. Sending the write again is then correct, and AWS reports that
    // the assignment exists.
    const most = point === 'called' ? 2 : 1;
    assert.ok(writes.length >= 1 && writes.length <= most, `${writes.length} calls of ${operation}`);
    const { code, json, stderr } = await again.verifyLedger();
    assert.equal(code, 0, stderr);
    assert.equal(json.first_bad ?? null, null);
    assert.deepEqual(again.errors, []);
    await again.stop();
  });
}

/** Links an unlinked sign-in to a user, agreed by two approvers. */
async function killedLinking(resources, point) {
  const name = `kill-link-${point}`;
  const data = resources.folder(name);
  const visitors = [];
  await withVisitors(name, visitors, async () => {
    const dying = await resources.sandbox(name, { data, env: { LEASTWISE_FAILPOINT: point } });
    const user = { user_name: 'noor.elamin', given_name: 'Noor', family_name: 'Elamin', external_ids: [], enabled: true };
    const body = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(user) };
    const created = await (await fetch(`${dying.aws}/_sandbox/users`, body)).json();
    await signedIn(dying, 'noor.elamin', visitors);
    const maya = await signedIn(dying, 'maya.okafor', visitors);
    await requestCrawl(dying);
    await maya.findsInTime('/people', 'Noor Elamin');
    const list = await maya.open('/identities?status=unlinked');
    const link = elements(list.find((node) => node.tagName === 'tbody')).find((node) => node.tagName === 'a');
    const chosen = new URL(attribute(link, 'href'), dying.web);
    chosen.searchParams.set('set', `user:${created.id}`);
    const preview = await maya.open(chosen);
    const request = preview.formTo('/do/changes/submit').fill('justification', 'HR confirmed the identity in person.');
    const { url } = await maya.send(request);
    const change = url.pathname.split('/').at(-1);
    for (const [approver, last] of [['ines.carvalho', false], ['kwame.boateng', true]]) {
      const visitor = await signedIn(dying, approver, visitors);
      const inbox = await visitor.open(`/inbox?id=${change}`);
      const approval = inbox.formAround('reason').fill('reason', 'Seen in person.');
      if (last) await visitor.sendUnanswered(approval);
      else await visitor.send(approval);
    }
    const late = new Promise((resolve) => setTimeout(resolve, 60_000, { signal: 'none in 60 s' }));
    const { signal } = await Promise.race([dying.exit, late]);
    assert.equal(signal, 'SIGKILL', 'the process was not killed');

    const again = await resources.sandbox(name, { data });
    const after = await signedIn(again, 'maya.okafor', visitors);
    await after.open(`/changes/${change}`);
    await after.saysInTime('Verified', 90_000);
    await after.findsInTime('/identities?status=by-hand', 'Noor Elamin');
    const { code, json, stderr } = await again.verifyLedger();
    assert.equal(code, 0, stderr);
    assert.equal(json.first_bad ?? null, null);
    assert.deepEqual(again.errors, []);
    await again.stop();
  });
}

/** Classifies an account more strictly, which starts at once. */
async function killedClassifying(resources, point) {
  const name = `kill-classify-${point}`;
  const data = resources.folder(name);
  const visitors = [];
  await withVisitors(name, visitors, async () => {
    const dying = await resources.sandbox(name, { data, env: { LEASTWISE_FAILPOINT: point } });
    const names = await new Aws(dying.aws).names();
    const maya = await signedIn(dying, 'maya.okafor', visitors);
    await maya.findsInTime('/accounts', 'web-dev');
    const empty = await maya.open(`/changes/classify?account=${names.accounts['web-dev']}`);
    const choice = empty.formWith('environment').fill('environment', 'production').fill('pci', 'in')
      .fill('purpose', 'Takes card payments of the shop.').fill('out_of_scope', '').press('Preview');
    const preview = await maya.send(choice);
    const request = preview.formTo('/do/changes/classify').fill('justification', 'Found in the scoping of the assessment.');
    await maya.sendUnanswered(request);
    const late = new Promise((resolve) => setTimeout(resolve, 60_000, { signal: 'none in 60 s' }));
    const { signal } = await Promise.race([dying.exit, late]);
    assert.equal(signal, 'SIGKILL', 'the process was not killed');

    const again = await resources.sandbox(name, { data });
    const later = await signedIn(again, 'maya.okafor', visitors);
    const list = await later.open('/changes');
    await later.follow(elements(list.find((node) => node.tagName === 'tbody')).find((node) => node.tagName === 'a'));
    await later.saysInTime('Verified', 90_000);
    const account = await later.open(`/accounts/${names.accounts['web-dev']}`);
    assert.ok(account.says('as declared'), account.text().slice(0, 1000));
    const ledger = await later.open('/ledger');
    assert.equal(ledger.text().split('declared account').length - 1, 1, 'entries of the declaration');
    const { code, json, stderr } = await again.verifyLedger();
    assert.equal(code, 0, stderr);
    assert.equal(json.first_bad ?? null, null);
    assert.deepEqual(again.errors, []);
    await again.stop();
  });
}

/** Makes the grant that the test removes, in an earlier process. */
async function granted(resources, name, data, visitors) {
  const sandbox = await resources.sandbox(`${name}-before`, { data });
  const names = await new Aws(sandbox.aws).names();
  const maya = await ask(sandbox, names, 'grant', visitors);
  await maya.saysInTime('Verified');
  await maya.findsInTime(`/accounts/${names.accounts[ACCOUNT]}`, 'by this change');
  await sandbox.stop();
}

/**
 * Requests the change and, for a grant, has it approved as often as it needs. `term` is `standing` or a number of minutes.
 * The last request may get no response, because of the kill.
 */
export async function ask(sandbox, names, kind, visitors, { term = 'standing', account = ACCOUNT } = {}) {
  const maya = await signedIn(sandbox, 'maya.okafor', visitors);
  await maya.findsInTime('/accounts', 'tokens-prod');
  const chosen = { kind, who: `group:${names.groups[GROUP]}`, account: names.accounts[account], set: names.keys[SET], ...(kind === 'grant' ? { term } : {}) };
  const preview = await maya.open(`/changes/new?${new URLSearchParams(chosen)}`);
  const request = preview.formTo('/do/changes/submit');
  if (kind === 'remove') {
    // Applied immediately, so the response with the URL of the change may never arrive.
    await maya.sendUnanswered(request.fill('justification', 'No longer needed by anybody.'));
    return maya;
  }
  request.fill('justification', 'Needed for the card scheme certification in week 48.').fill('ticket', 'OPS-4711');
  const { url } = await maya.send(request);
  const change = /^\/changes\/(?!new)([^/]+)$/.exec(url.pathname)?.[1];
  assert.ok(change, `not the page of a change: ${url}`);
  // Temporary access needs fewer approvals than standing access, or none.
  const needed = Number(/Needs approval by (\d+) other/.exec(preview.text())?.[1] ?? 0);
  assert.ok(needed > 0 || preview.says('No approval needed; applies on submit'), preview.text());
  const approvers = ['ines.carvalho', 'kwame.boateng'].slice(0, needed);
  assert.equal(approvers.length, needed, 'approvers for the change');
  for (const [at, name] of approvers.entries()) {
    const last = at + 1 === needed;
    const approver = await signedIn(sandbox, name, visitors);
    const inbox = await approver.open(`/inbox?id=${change}`);
    const approval = inbox.formAround('reason').fill('reason', 'Checked against the ticket.');
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
