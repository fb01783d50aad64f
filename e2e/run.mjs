// Everything that is tested from outside: journeys in Chromium against the real binary, process kills, sign-in with a
// certified OpenID provider, and contracts with other people's AWS clients. Last line: `N passed, N failed`.
// Words on the command line narrow it to files, and `--only=WORDS` to tests: `node run.mjs kill --only=remove`.
// `--jobs=N` (or `E2E_JOBS=N`) is how many files, and how many tests of `kill.mjs`, run at the same time. `output/results.json` holds every test.

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { missing } from './support/tools.mjs';

const JOBS = 2;
/** How many tests are named at the end because they took longest. */
const SLOWEST = 10;
/** The order in which files begin: those that take longest first, so that nothing waits for them; new files before all. */
const ORDER = ['kill', 'bad_input', 'screens', 'outside', 'grant', 'two_steps', 'see', 'keyboard', 'contracts', 'oidc_provider'];

const here = path.dirname(fileURLToPath(import.meta.url));
const option = (name) => process.argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const asked = option('jobs') || process.env.E2E_JOBS || JOBS;
const jobs = Number(asked);
if (!Number.isInteger(jobs) || jobs < 1) fail(`--jobs takes a whole number from 1, not ${asked}`);

const journeys = readdirSync(path.join(here, 'journeys')).map((name) => `journeys/${name}`);
const rank = (file) => ORDER.indexOf(path.basename(file, '.mjs'));
const files = [...journeys, 'kill.mjs', 'oidc_provider.mjs', 'contracts.mjs']
  .filter((file) => file.endsWith('.mjs') && (!wanted.length || wanted.some((word) => file.includes(word))))
  .sort((one, other) => rank(one) - rank(other));
if (!files.length) fail(`no file is called ${wanted.join(' or ')}`);
const lacking = missing(files);
if (lacking.length) fail(lacking.join('\n'));

// Only now: these need what was looked for.
const { OUTPUT } = await import('./support/leastwise.mjs');
const { Slots, Suite } = await import('./support/suite.mjs');
const { launch } = await import('./support/browser.mjs');
const { sweep } = await import('./support/run_folder.mjs');

const swept = sweep();
if (swept) console.log(`removed what ${swept} killed runs had left`);
if (!wanted.length) rmSync(OUTPUT, { recursive: true, force: true });
mkdirSync(OUTPUT, { recursive: true });

const results = [];
process.on('unhandledRejection', (error) => {
  console.log(`FAILED  outside of any test\n${error?.stack ?? error}`);
  results.push({ file: 'run.mjs', name: 'nothing fails outside of a test', seconds: 0, ok: false });
});

const slots = new Slots(jobs);
// Tests that need no browser mostly wait, so they run beside the files that do.
const testSlots = new Slots(jobs);
const browser = await launch();
const modules = await Promise.all(files.map((file) => import(pathToFileURL(path.join(here, file))).catch((error) => ({ error }))));
// Slots are given in the order of the list.
await Promise.all(files.map((file, at) => run(file, modules[at])));
await Promise.race([browser.close(), new Promise((resume) => setTimeout(resume, 10_000))]);

writeFileSync(path.join(OUTPUT, 'results.json'), `${JSON.stringify(results, null, 1)}\n`);
const failed = results.filter((one) => !one.ok);
console.log('');
for (const { name } of failed) console.log(`failed: ${name}`);
console.log('the slowest:');
for (const { file, name, seconds } of results.toSorted((one, other) => other.seconds - one.seconds).slice(0, SLOWEST)) {
  console.log(`${seconds.toFixed(1).padStart(7)} s  ${name} (${file})`);
}
console.log(`${results.length - failed.length} passed, ${failed.length} failed`);
process.exit(failed.length || !results.length ? 1 : 0);

/** Runs one file; what it prints comes at once when it is through. */
async function run(file, module) {
  const suite = new Suite(file, { words: option('only'), slots: testSlots });
  const work = () => suite.run(module, browser);
  if (module.error) suite.record(`${file} can be loaded`, 0, module.error);
  else await (module.independent ? work() : slots.run(work));
  if (suite.lines.length) console.log(suite.lines.join('\n'));
  results.push(...suite.results);
}

/** Says what is wrong with how it was started. */
function fail(why) {
  console.error(why);
  process.exit(2);
}
