// A PostgreSQL of one test, which the test may stop and start. PostgreSQL refuses to run as root, so root runs it as
// `nobody`.

import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './ports.mjs';

const run = promisify(execFile);
const DEBIAN = '/usr/lib/postgresql';

/** Returns the folder of its programs: the one that xtask found, or the newest of Debian. */
export function programs() {
  const given = process.env.LEASTWISE_TEST_POSTGRES_BIN;
  if (given) return given;
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).map(Number).filter(Boolean) : [];
  const folder = path.join(DEBIAN, String(Math.max(0, ...versions)), 'bin');
  return existsSync(path.join(folder, 'pg_ctl')) ? folder : undefined;
}

export class Postgres {
  /** Creates a cluster and starts it. It ends with the test. */
  static async start(resources, name) {
    const postgres = new Postgres();
    postgres.folder = path.join(resources.folder(name), 'postgres');
    mkdirSync(postgres.folder);
    // Its user must reach the folder.
    if (process.getuid() === 0) {
      execFileSync('chmod', ['755', path.dirname(postgres.folder), path.dirname(path.dirname(postgres.folder))]);
      execFileSync('chown', ['nobody:nogroup', postgres.folder]);
    }
    postgres.port = await freePort();
    postgres.url = `postgres://leastwise@127.0.0.1:${postgres.port}/postgres`;
    await postgres.#call('initdb', '--username=leastwise', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync', '-D', postgres.#data());
    await postgres.resume();
    resources.own(() => postgres.stop().catch(() => {}));
    return postgres;
  }

  /** Starts the cluster again. */
  resume() {
    const settings = `-p ${this.port} -k ${this.folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200 -c shared_buffers=32MB`;
    return this.#call('pg_ctl', '-w', '-D', this.#data(), '-o', settings, '-l', path.join(this.folder, 'log'), 'start');
  }

  /** Stops the cluster without a checkpoint, as a power failure would. */
  stop() {
    return this.#call('pg_ctl', '-w', '-m', 'immediate', '-D', this.#data(), 'stop');
  }

  #data() {
    return path.join(this.folder, 'data');
  }

  #call(program, ...args) {
    const file = path.join(programs(), program);
    const options = { cwd: this.folder, env: { ...process.env, LC_ALL: 'C' }, timeout: 60_000 };
    if (process.getuid() !== 0) return run(file, args, options);
    return run('setpriv', ['--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups', '--', file, ...args], options);
  }
}
