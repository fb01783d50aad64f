// Several servers on one PostgreSQL and one local AWS, behind one address.

import { mkdirSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import { start } from './leastwise.mjs';
import { freePort } from './ports.mjs';
import { Postgres } from './postgres.mjs';
import { until } from './suite.mjs';

/** The line with which a process says that it took the engine lease. */
const ENGINE = /this process runs the engine"/;
const PROCESS = /"process":"([0-9a-f-]{36})"/;

/** A server that can be killed and started again. */
class Server {
  constructor(site, number) {
    Object.assign(this, { site, number, running: false });
  }

  async start() {
    this.port ??= await freePort();
    const env = { ...this.site.env, LEASTWISE_LISTEN: `127.0.0.1:${this.port}` };
    this.program = start(this.site.resources, `${this.site.name}-server-${this.number}`, ['serve'], env);
    this.program.onLine((line) => {
      if (!ENGINE.test(line)) return;
      this.process = PROCESS.exec(line)?.[1];
      this.site.tookOver(this);
    });
    await this.program.firstLine(60_000);
    this.running = true;
  }

  signal(name) {
    this.program.child.kill(name);
    this.running = name === 'SIGCONT';
  }
}

export class Replicas {
  #waiting = [];

  /** Starts PostgreSQL, the local AWS and Cognito, and `count` servers with these variables besides. */
  static async start(resources, name, { count = 2, speed = 20, env = {} } = {}) {
    const site = new Replicas();
    Object.assign(site, { resources, name, servers: [] });
    site.postgres = await Postgres.start(resources, name);
    const data = path.join(resources.folder(name), 'local');
    mkdirSync(data);
    const args = ['sandbox', '--aws-only', '--json', '--port', '0', '--data', data, '--speed', String(speed)];
    const local = start(resources, `${name}-aws`, args, {});
    const variables = JSON.parse(await local.firstLine(60_000));
    site.env = { ...variables, LEASTWISE_DATABASE_URL: site.postgres.url, ...env };
    // As in a sandbox, for visitors.
    site.web = variables.LEASTWISE_PUBLIC_URL;
    site.aws = variables.LEASTWISE_AWS_ENDPOINT;
    site.keys = variables.LEASTWISE_KEYS;
    await site.#listen(Number(new URL(site.web).port));
    for (let number = 1; number <= count; number += 1) {
      const server = new Server(site, number);
      site.servers.push(server);
      await server.start();
    }
    return site;
  }

  /** Connects each client to the next server that runs. */
  async #listen(port) {
    let next = 0;
    const proxy = createServer((client) => {
      const running = this.servers.filter((one) => one.running);
      next += 1;
      const target = running[next % running.length];
      if (!target) return client.destroy();
      const server = connect(target.port, '127.0.0.1');
      for (const [from, to] of [[client, server], [server, client]]) {
        from.on('error', () => to.destroy());
        from.pipe(to);
      }
      return undefined;
    });
    // The cookies and redirects name this address, in both families.
    await new Promise((resolve, reject) => {
      proxy.once('error', reject);
      proxy.listen(port, 'localhost', resolve);
    });
    this.resources.own(() => proxy.close());
  }

  /** Waits until every server has read AWS, or followed the one that did. */
  async ready() {
    for (const { port } of this.servers) {
      await until('the server is ready', async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok, 60_000);
    }
  }

  tookOver(server) {
    this.engine = server;
    for (const resume of this.#waiting.splice(0)) resume(server);
  }

  /** Waits until a process takes the engine lease from now on. Returns the milliseconds that it took. */
  takeOver(limit = 60_000) {
    const began = performance.now();
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`no process took over the engine in ${limit} ms`)), limit);
      this.#waiting.push(() => {
        clearTimeout(late);
        resolve(performance.now() - began);
      });
    });
  }

  /** The servers in which the engine does not run. */
  standbys() {
    return this.servers.filter((one) => one !== this.engine);
  }
}
