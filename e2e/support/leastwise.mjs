// Starts and stops the built binary. Uses only the interface for programs: the JSON line, exit codes, `--json`.

import { execFile, spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { createWriteStream, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until } from './suite.mjs';
import { BINARY } from './tools.mjs';

/** The time that the first crawl of the sample may take, in milliseconds. */
const FIRST_CRAWL = 10_000;

const E2E = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
export const OUTPUT = path.join(E2E, 'output');

let made;

/** The private signing key of the local Cognitos of this run. */
function poolKey() {
  made ??= generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  return made;
}

/**
 * Returns the environment without LEASTWISE_ variables, except those that the test sets. Tests share sessions for longer
 * than a sign-in is recent enough for a decision; `journeys/step_up.mjs` tests that limit.
 */
function environment(extra) {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('LEASTWISE_'));
  return { ...Object.fromEntries(own), LEASTWISE_LOG: 'info', LEASTWISE_STEP_UP_SECONDS: '3600', ...extra };
}

/**
 * The prefix of a command that makes the kernel kill it when this process ends, even by SIGKILL. `setpriv` executes the
 * command in its own process, so the process id and the exit signal are those of the command. Empty without `setpriv`.
 */
const KILLED_WITH_US = ((words) => (spawnSync(words[0], [...words.slice(1), 'true']).status === 0 ? words : []))(['setpriv', '--pdeathsig', 'KILL', '--']);

/** A process of the binary, with its log in `output/`. */
class Program {
  constructor(resources, name, args, env, prefix = []) {
    mkdirSync(OUTPUT, { recursive: true });
    this.name = name;
    this.errors = [];
    this.listeners = [];
    const [program, ...words] = [...KILLED_WITH_US, ...prefix, BINARY, ...args];
    this.child = spawn(program, words, { env: environment(env), stdio: ['ignore', 'pipe', 'pipe'] });
    const giveBack = resources.own(() => this.kill());
    const log = createWriteStream(path.join(OUTPUT, `${name}.log`), { flags: 'a' });
    this.child.stderr.pipe(log);
    readline.createInterface({ input: this.child.stderr }).on('line', (line) => this.#noted(line));
    this.exit = new Promise((resolve) => {
      this.child.on('error', (error) => resolve({ code: null, signal: null, error }));
      this.child.on('close', (code, signal) => {
        giveBack();
        resolve({ code, signal });
      });
    });
  }

  /** Returns the first line of output. Throws the reason if there is none. */
  firstLine(limit) {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${this.name} printed nothing in ${limit} ms`)), limit);
      const lines = readline.createInterface({ input: this.child.stdout });
      lines.once('line', (line) => {
        clearTimeout(late);
        resolve(line);
      });
      this.exit.then(({ code, signal, error }) => {
        clearTimeout(late);
        reject(error ?? new Error(`${this.name} ended (code ${code}, signal ${signal}); see output/${this.name}.log`));
      });
    });
  }

  /** Stops the process with a signal, as an operator does. Returns its exit code. */
  async stop() {
    this.child.kill('SIGTERM');
    return this.exit;
  }

  /** Kills the process. */
  async kill() {
    this.child.kill('SIGKILL');
    return this.exit;
  }

  /** Calls `heard` with each line of the log from now on. */
  onLine(heard) {
    this.listeners.push(heard);
  }

  #noted(line) {
    for (const heard of this.listeners) heard(line);
    if (line.includes('"level":"ERROR"')) this.errors.push(line);
  }
}

/** A Leastwise process with its local AWS and Cognito. */
export class Sandbox extends Program {
  /**
   * Starts a new sandbox, or one with the data of an earlier one. With `fresh` it generates its signing key; otherwise the
   * key of the run is placed in its folder, because generating one takes seconds in a debug build. With `files` it may
   * open at most that many files. With `crawled: false` it is not awaited that the first crawl is shown.
   */
  static async start(resources, name, { data = resources.folder(name), fresh = false, speed = 20, env = {}, files, ready = 60_000, crawled = true } = {}) {
    const args = ['sandbox', '--port', '0', '--data', data, '--json', '--speed', String(speed)];
    const key = path.join(data, 'cognito.pem');
    if (fresh) args.push('--fresh');
    else if (!existsSync(key)) writeFileSync(key, poolKey(), { mode: 0o600 });
    const sandbox = new Sandbox(resources, name, args, env, files ? ['sh', '-c', `ulimit -n ${files} && exec "$@"`, 'sh'] : []);
    sandbox.data = data;
    const line = JSON.parse(await sandbox.firstLine(ready));
    // Somebody who signs in during the first crawl has no user until the next one, a minute later. A sandbox whose AWS
    // refuses to be read never becomes ready.
    if (crawled) await until('the first crawl is shown', async () => (await fetch(`${line.web}/readyz`)).ok, FIRST_CRAWL).catch(() => {});
    return Object.assign(sandbox, line);
  }

  /** Runs `leastwise ledger verify`. Returns exit code and report. */
  verifyLedger() {
    return command(['ledger', 'verify', '--database', this.database, '--keys', path.join(this.data, 'keys'), '--json']);
  }

  /** Runs `leastwise report access`. Returns exit code and report. */
  report() {
    return command(['report', 'access', '--scope', 'prod-pci', '--json', '--database', this.database, '--keys', path.join(this.data, 'keys'), '--log-name', 'leastwise/sandbox', '--aws-endpoint', this.aws]);
  }
}

/** Starts a command of the binary. `name` is the name of its log and must be unique in the run. */
export function start(resources, name, args, env) {
  return new Program(resources, name, args, env);
}

/** Starts `leastwise serve`, configured by variables only. */
export async function serve(resources, name, env) {
  const program = new Program(resources, name, ['serve'], env);
  await program.firstLine(60_000);
  return program;
}

/** Runs a command until it ends. Output that is JSON is parsed. */
export function command(args, env = {}) {
  return new Promise((resolve) => {
    execFile(BINARY, args, { env: environment(env), maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      let json;
      try {
        json = JSON.parse(stdout);
      } catch {
        json = undefined;
      }
      resolve({ code: error ? (error.code ?? null) : 0, json, stdout, stderr });
    });
  });
}
