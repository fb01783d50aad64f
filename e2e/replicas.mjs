// Two servers on one PostgreSQL, with 40 grants and removals under way: the server that runs the engine is killed, or
// stopped for longer than its lease, or the database is stopped. Another process takes over, and each write is made once.

import assert from 'node:assert/strict';
import { Aws } from './support/aws.mjs';
import { Visitor, withVisitors } from './support/http.mjs';
import { command } from './support/leastwise.mjs';
import { Replicas } from './support/replicas.mjs';
import { until } from './support/suite.mjs';

export const about = 'Replicas: kills, stops and a database that goes away';

/** The tests are independent, so each takes a separate slot. */
export const independent = true;

/** The length of the engine lease in seconds. */
const LEASE = 3;
/** The longest time in milliseconds until another process runs the engine. */
const TAKE_OVER = 15_000;
/** How many rounds each fault has. */
const ROUNDS = Number(process.env.E2E_REPLICA_ROUNDS ?? 2);
/** The time limit of a test, in milliseconds: its start, and each round. */
const LIMIT = 120_000 + ROUNDS * 240_000;

/** Development outside PCI, where an administrator needs no approval. */
const ACCOUNTS = ['web-dev', 'merchant-portal-dev', 'analytics-dev'];
const SETS = ['SupportMetrics', 'LedgerDataReader'];
const GROUPS = ['contractors', 'support-desk', 'finance-billing', 'database-operators', 'data-analysts', 'cloud-network', 'web-engineers'];
/** Half of them are granted while the other half is removed. */
const HALF = 20;
/** The writes after which a fault strikes: in turns, when most changes begin and when most are being verified. */
const UNDER_WAY = [6, 26];
const WRITES = new Set(['CreateAccountAssignment', 'DeleteAccountAssignment']);

export async function journey(suite) {
  await suite.together([
    ['another process continues within 15 seconds after the one that runs the engine is killed', (resources) => rounds(resources, 'replicas-kill', killed), LIMIT],
    ['a process that was stopped past its lease writes nothing afterwards', (resources) => rounds(resources, 'replicas-stop', stopped), LIMIT],
    ['everything continues after PostgreSQL was stopped without warning', (resources) => rounds(resources, 'replicas-database', withoutDatabase), LIMIT],
  ]);
}

/** Kills the engine's process, and starts it again as a standby. */
async function killed(site) {
  const { engine } = site;
  const took = site.takeOver();
  engine.signal('SIGKILL');
  const milliseconds = await took;
  await engine.start();
  return milliseconds;
}

/** Stops the engine's process until another one has taken over. */
async function stopped(site, aws) {
  const { engine } = site;
  const took = site.takeOver();
  engine.signal('SIGSTOP');
  const milliseconds = await took;
  await new Promise((resume) => setTimeout(resume, 1_000));
  const last = (await aws.calls()).at(-1)?.seq ?? 0;
  engine.signal('SIGCONT');
  site.afterwards = async () => {
    const late = (await aws.calls(last)).filter((call) => WRITES.has(call.operation) && call.app === `leastwise-${engine.process}`);
    assert.deepEqual(late, [], 'writes of the process that was stopped');
  };
  return milliseconds;
}

/** Stops the database for longer than the lease. */
async function withoutDatabase(site) {
  await site.postgres.stop();
  const silence = Number(process.env.LEASTWISE_TEST_SILENCE_SECONDS ?? LEASE + 2);
  await new Promise((resume) => setTimeout(resume, silence * 1_000));
  const took = site.takeOver();
  await site.postgres.resume();
  return took;
}

async function rounds(resources, name, fault) {
  const site = await Replicas.start(resources, name, {
    env: {
      LEASTWISE_ENGINE_LEASE_SECONDS: String(LEASE),
      // Slow enough that nothing is over when the fault strikes.
      LEASTWISE_AWS_TPS: '24',
      LEASTWISE_REMOVAL_PEOPLE: '100000',
      LEASTWISE_CRAWL_MINUTES: '60',
    },
  });
  const aws = new Aws(site.aws);
  const names = await aws.names();
  const all = GROUPS.flatMap((group) => SETS.flatMap((set) => ACCOUNTS.map((account) => ({ group, set, account }))));
  let [there, absent] = [all.slice(0, HALF), all.slice(HALF, 2 * HALF)];
  const maya = await Visitor.signedIn(site, 'maya.okafor');
  await withVisitors(name, [maya], async () => {
    await site.ready();
    await verified(maya, await asked(maya, names, 'grant', there));
    const times = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      const before = (await aws.calls()).at(-1)?.seq ?? 0;
      const written = async () => (await aws.calls(before)).filter((call) => WRITES.has(call.operation));
      const removed = await asked(maya, names, 'remove', there);
      const granted = await asked(maya, names, 'grant', absent);
      await until('writes are under way', async () => (await written()).length >= UNDER_WAY[(round - 1) % UNDER_WAY.length], 120_000);
      times.push(await fault(site, aws));
      if (ROUNDS > 2) console.log(`${name}: round ${round} of ${ROUNDS}, another process ran the engine after ${(times.at(-1) / 1_000).toFixed(1)} s`);
      await verified(maya, [...removed, ...granted]);
      await once(await written(), names, there, 'DeleteAccountAssignment');
      await once(await written(), names, absent, 'CreateAccountAssignment');
      await site.afterwards?.();
      [there, absent] = [absent, there];
    }
    const seconds = times.map((time) => (time / 1_000).toFixed(1));
    console.log(`${name}: another process ran the engine after ${seconds.join(', ')} s`);
    assert.ok(Math.max(...times) <= TAKE_OVER, `taken over after ${seconds.join(', ')} s`);
    for (const server of site.servers) await server.program.stop();
    const { code, json, stderr } = await command(['ledger', 'verify', '--database', site.postgres.url, '--keys', site.keys, '--json']);
    assert.equal(code, 0, stderr);
    assert.equal(json.first_bad ?? null, null);
  });
}

/** Requests one change for each assignment. Returns the ids. */
async function asked(maya, names, kind, assignments) {
  const ids = [];
  for (const { group, set, account } of assignments) {
    const chosen = { kind, who: `group:${names.groups[group]}`, account: names.accounts[account], set: names.keys[set], ...(kind === 'grant' ? { term: 'standing' } : {}) };
    const preview = await patiently(() => maya.open(`/changes/new?${new URLSearchParams(chosen)}`));
    assert.ok(preview.says('No approval needed; applies on submit'), `${group}, ${set}, ${account}: ${preview.text().slice(-1_500)}`);
    const submitted = preview.formTo('/do/changes/submit').fill('justification', 'Moves to another team this week.');
    const { url } = await patiently(() => maya.send(submitted));
    const id = /^\/changes\/(?!new)([^/]+)$/.exec(url.pathname)?.[1];
    assert.ok(id, `not the page of a change: ${url}`);
    ids.push(id);
  }
  return ids;
}

/** Waits until each change is verified. */
async function verified(maya, ids) {
  for (const id of ids) {
    const says = async () => (await patiently(() => maya.open(`/changes/${id}`))).says('Verified');
    // Not more often, because the servers are busy with the changes.
    await until(`${id} is verified`, says, 200_000, 1_000);
  }
}

/** Does what a 503 asks for: tries again in a few seconds. A form that is sent twice is one request. */
async function patiently(request) {
  for (let left = 10; ; left -= 1) {
    try {
      return await request();
    } catch (error) {
      if (!left || !error.message.includes(' answered 503,')) throw error;
      await new Promise((resume) => setTimeout(resume, 2_000));
    }
  }
}

/** Asserts that AWS carried out one write of this kind for each assignment. */
async function once(calls, names, assignments, operation) {
  for (const { group, set, account } of assignments) {
    const found = calls.filter((call) => call.operation === operation && call.applied && call.params.PrincipalId === names.groups[group]
      && call.params.TargetId === names.accounts[account] && call.params.PermissionSetArn === names.sets[set]);
    assert.equal(found.length, 1, `${operation} of ${group}, ${set}, ${account}: ${JSON.stringify(found)}`);
  }
}
