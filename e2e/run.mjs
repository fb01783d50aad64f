// Tests of the built binary: journeys in Chromium, process kills, sign-in with a certified OpenID provider, and contracts
// with independent AWS implementations. The last line is `N passed, N failed`.
// Words on the command line select files, and `--only=WORDS` selects tests: `node run.mjs kill --only=remove`.
// `--jobs=N` (or `E2E_JOBS=N`) sets how many files, and how many tests of `kill.mjs`, run concurrently.
// `--screenshots` saves a screenshot of what journeys look at in `output/`; without it, only those of failures.
// `output/results.json` contains the result of every test.

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { missing } from './support/tools.mjs';

const JOBS = 2;
/** The number of slowest tests that are listed at the end. */
const SLOWEST = 10;
/** The start order of files, slowest first, so that they do not run alone at the end. Unlisted files start first. */
const ORDER = ['replicas', 'kill', 'bad_input', 'operations', 'screens', 'outside', 'grant', 'two_steps', 'step_up', 'see', 'keyboard', 'idle_sockets', 'contracts', 'oidc_provider'];

const here = path.dirname(fileURLToPath(import.meta.url));
const option = (name) => process.argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const asked = option('jobs') || process.env.E2E_JOBS || JOBS;
const jobs = Number(asked);
if (!Number.isInteger(jobs) || jobs < 1) fail(`--jobs takes a whole number from 1, not ${asked}`);

const journeys = readdirSync(path.join(here, 'journeys')).map((name) => `journeys/${name}`);
const rank = (file) => ORDER.indexOf(path.basename(file, '.mjs'));
const files = [...journeys, 'kill.mjs', 'replicas.mjs', 'idle_sockets.mjs', 'oidc_provider.mjs', 'contracts.mjs']
  .filter((file) => file.endsWith('.mjs') && (!wanted.length || wanted.some((word) => file.includes(word))))
  .sort((one, other) => rank(one) - rank(other));
if (!files.length) fail(`no file name contains ${wanted.join(' or ')}`);
const lacking = missing(files);
if (lacking.length) fail(lacking.join('\n'));

// Imported here, because these modules need the tools that were just checked.
const { OUTPUT } = await import('./support/leastwise.mjs');
const { Slots, Suite } = await import('./support/suite.mjs');
const { launch } = await import('./support/browser.mjs');
const { sweep } = await import('./support/run_folder.mjs');

const swept = sweep();
if (swept) console.log(`removed the files of ${swept} killed runs`);
if (!wanted.length) rmSync(OUTPUT, { recursive: true, force: true });
mkdirSync(OUTPUT, { recursive: true });

const results = [];
process.on('unhandledRejection', (error) => {
  console.log(`FAILED  outside of any test\n${error?.stack ?? error}`);
  results.push({ file: 'run.mjs', name: 'no error occurs outside of a test', seconds: 0, ok: false });
});

const slots = new Slots(jobs);
// Tests without a browser mostly wait, so they have separate slots.
const testSlots = new Slots(jobs);
const browser = await launch();
const modules = await Promise.all(files.map((file) => import(pathToFileURL(path.join(here, file))).catch((error) => ({ error }))));
// Slots are assigned in the order of the list.
await Promise.all(files.map((file, at) => run(file, modules[at])));
await Promise.race([browser.close(), new Promise((resume) => setTimeout(resume, 10_000))]);

writeFileSync(path.join(OUTPUT, 'results.json'), `${JSON.stringify(results, null, 1)}\n`);
const failed = results.filter((one) => !one.ok);
console.log('');
for (const { name } of failed) console.log(`failed: ${name}`);
console.log('slowest tests:');
for (const { file, name, seconds } of results.toSorted((one, other) => other.seconds - one.seconds).slice(0, SLOWEST)) {
  console.log(`${seconds.toFixed(1).padStart(7)} s  ${name} (${file})`);
}
console.log(`${results.length - failed.length} passed, ${failed.length} failed`);
process.exit(failed.length || !results.length ? 1 : 0);

/** Runs one file and prints its output when it is complete. A file that exports `waits` needs no slot. */
async function run(file, module) {
  const suite = new Suite(file, { words: option('only'), slots: testSlots });
  const work = () => suite.run(module, browser);
  if (module.error) suite.record(`${file} can be loaded`, 0, module.error);
  else await (module.independent || module.waits ? work() : slots.run(work));
  if (suite.lines.length) console.log(suite.lines.join('\n'));
  results.push(...suite.results);
}

/** Reports an error in the command line or the environment, and exits. */
function fail(why) {
  console.error(why);
  process.exit(2);
}
