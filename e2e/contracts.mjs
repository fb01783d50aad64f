// Runs the same scenario on the sandbox and on moto, with boto3, for the operations that moto implements correctly. Both
// are independent of our code and do not share its mistakes.

import { execFile, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { until } from './support/suite.mjs';
import { PYTHON } from './support/tools.mjs';

export const about = 'The sandbox compared with moto';

const run = promisify(execFile);
const scenario = path.join(path.dirname(fileURLToPath(import.meta.url)), 'moto_contract.py');

export async function journey(suite) {
  const [sandbox, moto] = await Promise.all([suite.sandbox('contracts'), motoServer(suite.resources)]);
  const { stdout } = await run(PYTHON, [scenario, sandbox.aws, moto], { maxBuffer: 1 << 26 });
  for (const line of stdout.trim().split('\n')) {
    const { name, differs, seconds } = JSON.parse(line);
    if (name.includes(suite.words)) suite.record(name, seconds, differs && new Error(differs));
  }
}

/** Returns the URL of the moto server that xtask started, or starts one. */
async function motoServer(resources) {
  const given = process.env.LEASTWISE_TEST_MOTO;
  if (given) return given;
  const port = await new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
  const child = spawn(path.join(path.dirname(PYTHON), 'moto_server'), ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  resources.own(() => child.kill('SIGKILL'));
  const url = `http://127.0.0.1:${port}`;
  await until('moto responds', () => fetch(`${url}/moto-api/data.json`).then((answer) => answer.ok));
  return url;
}
