// Runs the same scenario on the sandbox and on moto, with boto3, for the operations that moto implements correctly, and
// drives every operation of the sandbox by the service models of botocore. All are independent of our code and do not share
// its mistakes.

import { execFile, spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from './support/ports.mjs';
import { until } from './support/suite.mjs';
import { PYTHON } from './support/tools.mjs';

export const about = 'The sandbox compared with moto and with the models of AWS';

const run = promisify(execFile);
const script = (name) => path.join(path.dirname(fileURLToPath(import.meta.url)), name);

export async function journey(suite) {
  const [sandbox, moto] = await Promise.all([suite.sandbox('contracts'), motoServer(suite.resources)]);
  await steps(suite, 'moto_contract.py', sandbox.aws, moto);
  // Fast, because thousands of calls share its quotas.
  const models = await suite.sandbox('models', { speed: 200 });
  await steps(suite, 'model_contract.py', models.aws);
}

/** Runs a script that prints one JSON object per test, and records each. */
async function steps(suite, name, ...args) {
  const { stdout } = await run(PYTHON, [script(name), ...args], { maxBuffer: 1 << 26 });
  for (const line of stdout.trim().split('\n')) {
    const { name: test, differs, seconds } = JSON.parse(line);
    if (test.includes(suite.words)) suite.record(test, seconds, differs && new Error(differs));
  }
}

/** Returns the URL of the moto server that xtask started, or starts one. */
async function motoServer(resources) {
  const given = process.env.LEASTWISE_TEST_MOTO;
  if (given) return given;
  const port = await freePort();
  const child = spawn(path.join(path.dirname(PYTHON), 'moto_server'), ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  resources.own(() => child.kill('SIGKILL'));
  const url = `http://127.0.0.1:${port}`;
  await until('moto responds', () => fetch(`${url}/moto-api/data.json`).then((answer) => answer.ok));
  return url;
}
