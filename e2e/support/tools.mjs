// Checks the requirements of a run before anything is started, and names the command that installs each missing one.

import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { programs } from './postgres.mjs';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

export const BINARY = process.env.LEASTWISE_BINARY ?? path.join(root, 'target/debug/leastwise');
/** Chromium without windows needs less processor time. */
export const CHROMIUM = process.env.CHROMIUM ?? ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find(runs) ?? '/usr/bin/chromium';
/** The Python with boto3 and moto: the one that xtask created, or the one in the default location. */
export const PYTHON = process.env.LEASTWISE_TEST_PYTHON ?? path.join(root, 'target/python/bin/python');

const PACKAGES = ['axe-core', 'oidc-provider', 'parse5', 'playwright-core'];

/** Returns one line for each missing requirement of the files. */
export function missing(files) {
  const lacking = [];
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    lacking.push(`Node ${process.versions.node} is too old: 20.19 or later is needed. Type: sudo apt-get install -y nodejs npm`);
  }
  const packages = PACKAGES.filter((name) => !existsSync(path.join(root, 'e2e/node_modules', name, 'package.json')));
  if (packages.length) lacking.push(`npm packages are missing (${packages.join(', ')}). Type: npm ci --prefix ${path.join(root, 'e2e')}`);
  if (!runs(BINARY)) lacking.push(`no program ${BINARY}. Type: cargo xtask build && cargo build --package leastwise-server, or set LEASTWISE_BINARY`);
  if (!runs(CHROMIUM)) lacking.push(`no Chromium at ${CHROMIUM}. Type: sudo apt-get install -y chromium, or set CHROMIUM`);
  if (files.some((file) => /replicas/.test(file)) && !programs()) {
    lacking.push('no PostgreSQL. Type: sudo apt-get install -y postgresql, or set LEASTWISE_TEST_POSTGRES_BIN to the folder of pg_ctl');
  }
  if (files.some((file) => /outside|contracts/.test(file))) lacking.push(...missingPython());
  return lacking;
}

function missingPython() {
  const requirements = path.join(root, 'e2e/requirements.txt');
  const cure = `Type: python3 -m venv ${path.join(root, 'target/python')} && ${path.join(root, 'target/python/bin/pip')} install -r ${requirements}, or set LEASTWISE_TEST_PYTHON to a Python that has them`;
  if (!runs(PYTHON)) return [`no Python at ${PYTHON}. ${cure}`];
  const { status } = spawnSync(PYTHON, ['-c', 'import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, ("boto3", "moto"))))']);
  return status === 0 ? [] : [`${PYTHON} has no boto3 and moto. ${cure}`];
}

function runs(program) {
  try {
    accessSync(program, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
