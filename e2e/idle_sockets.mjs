// Sockets that one address opens and does not use, while the server may open as few files as many systems allow by
// default. Health checks from another address are answered, and access is revoked in AWS in the meantime.
// `cargo xtask bench sockets` runs it for a minute per kind, with a revocation that falls due by itself.

import assert from 'node:assert/strict';
import { request } from 'node:http';
import net from 'node:net';
import { Aws } from './support/aws.mjs';
import { withVisitors } from './support/http.mjs';
import { until } from './support/suite.mjs';
import { ACCOUNT, GROUP, SET, ask } from './kill.mjs';

export const about = 'Idle sockets';

/** Mostly waits, so it needs no slot, and each test has a limit of its own. */
export const independent = true;

/** Every address of 127.0.0.0/8 belongs to this machine, on Linux. */
const [ATTACKER, PROBER] = ['127.0.0.2', '127.0.0.1'];
const SOCKETS = 2_100;
const CHECKS = 100;
/** The limit of open files of the server. */
const FILES = 1_024;
/** How long each kind of socket is held, in seconds. */
const SECONDS = Number(process.env.LEASTWISE_E2E_FLOOD_SECONDS ?? 5);
/**
 * The time for the answer to a health check, in milliseconds. A load balancer gives 5 seconds, which the benchmark has to
 * itself; in a run of the tests, browsers use the processors at the same time.
 */
const ANSWER = process.env.LEASTWISE_E2E_FLOOD_SECONDS ? 5_000 : 20_000;
/** The shortest temporary access, in minutes. */
const SHORTEST = 15;
/** Whether the revocation falls due by itself, which takes a quarter of an hour, or is requested. */
const FALLS_DUE = process.env.LEASTWISE_E2E_REVOCATION === 'due';
/** In production PCI, access may not end before the sessions of the permission set. */
const ACCESS = FALLS_DUE ? { term: String(SHORTEST), account: 'web-dev' } : { term: 'standing', account: ACCOUNT };

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const KINDS = [
  ['nothing', ''],
  ['a prefix of the HTTP/2 preface', PREFACE.slice(0, 10)],
  ['an HTTP/2 preface and nothing more', PREFACE],
  ['half of a header', 'GET / HTTP/1.1\r\nHost: local'],
  ['one request', 'GET /signed-out HTTP/1.1\r\nHost: localhost\r\n\r\n'],
];

export async function journey(suite) {
  const visitors = [];
  const sandbox = await suite.sandbox('idle-sockets', { files: FILES });
  const port = Number(new URL(sandbox.web).port);
  const aws = new Aws(sandbox.aws);
  const names = await aws.names();
  const isAssigned = async () => (await aws.assigned(ACCESS.account, SET)).includes(names.groups[GROUP]);
  let due;

  await suite.test('access is granted before the attack', () =>
    withVisitors('idle-sockets', visitors, async () => {
      const maya = await ask(sandbox, names, 'grant', visitors, ACCESS);
      await maya.saysInTime('Verified', 90_000);
      await maya.findsInTime(`/accounts/${names.accounts[ACCESS.account]}`, 'by this change');
      due = Date.now() + SHORTEST * 60_000;
      assert.ok(await isAssigned());
    }));

  for (const [at, [kind, bytes]] of KINDS.entries()) {
    const revokes = at === 0;
    const name = `${SOCKETS} sockets of one address that sent ${kind} keep nobody out${revokes ? ', and access is revoked meanwhile' : ''}`;
    const wait = revokes && FALLS_DUE ? SHORTEST * 60_000 : 0;
    await suite.test(name, () =>
      withVisitors('idle-sockets', visitors, async () => {
        // The attack begins half a minute before the end of the access.
        if (wait) await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - 30_000 - Date.now())));
        const flood = new Flood(port, Buffer.from(bytes));
        try {
          await flood.isOpen();
          const healthy = checks(port);
          if (revokes) {
            assert.ok(due, 'access was granted before the attack');
            if (!FALLS_DUE) await ask(sandbox, names, 'remove', visitors, ACCESS);
            await until('the access is removed in AWS', async () => !(await isAssigned()), 120_000);
          }
          assert.equal(await healthy, CHECKS, 'health checks that were answered');
        } finally {
          flood.end();
        }
      }), 180_000 + wait + SECONDS * 1_000);
  }

  await suite.test('the server is ready after the attack, and its ledger is valid', async () => {
    await until('the server is ready', async () => (await fetch(`${sandbox.web}/readyz`)).ok);
    const { code, stderr } = await sandbox.verifyLedger();
    assert.equal(code, 0, stderr);
  });
}

/** Sockets of the attacker. A socket that the server closes is opened again a few seconds later. */
class Flood {
  opened = 0;
  #sockets = new Set();
  #over = false;

  constructor(port, bytes) {
    Object.assign(this, { port, bytes });
    for (let number = 0; number < SOCKETS; number += 1) this.#open();
  }

  #open() {
    if (this.#over) return;
    const socket = net.connect({ host: PROBER, port: this.port, localAddress: ATTACKER });
    this.#sockets.add(socket);
    // Flowing, so that the end of the connection is noticed.
    socket.resume();
    socket.on('connect', () => {
      this.opened += 1;
      if (this.bytes.length) socket.write(this.bytes);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#sockets.delete(socket);
      setTimeout(() => this.#open(), 1_000 + Math.random() * 4_000).unref();
    });
  }

  /** Waits until the sockets are open. A server that accepts no more leaves some of them waiting. */
  async isOpen() {
    await until('the sockets are open', () => this.opened >= SOCKETS, 10_000).catch(() => {});
  }

  end() {
    this.#over = true;
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** Requests `/healthz` from the other address, at equal intervals. Returns how many were answered in time. */
async function checks(port) {
  const asked = [];
  for (let number = 0; number < CHECKS; number += 1) {
    asked.push(isHealthy(port));
    await new Promise((resolve) => setTimeout(resolve, (SECONDS * 1_000) / CHECKS));
  }
  return (await Promise.all(asked)).filter(Boolean).length;
}

function isHealthy(port) {
  return new Promise((resolve) => {
    const asked = request({ host: PROBER, port, path: '/healthz', localAddress: PROBER, agent: false, timeout: ANSWER }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(false));
    asked.end();
  });
}
