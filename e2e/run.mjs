// Everything that is tested from outside: journeys in Chromium against the real binary, process kills, sign-in with a
// certified OpenID provider, and contracts with other people's AWS clients. Last line: `N passed, N failed`.
// Words on the command line narrow it to files, and `--only=WORDS` to tests: `node run.mjs kill --only=remove`.

import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { launch } from './support/browser.mjs';
import { OUTPUT, cleanUp } from './support/leastwise.mjs';
import { Suite } from './support/suite.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const only = process.argv.find((word) => word.startsWith('--only='))?.slice('--only='.length);
const journeys = readdirSync(path.join(here, 'journeys')).filter((name) => name.endsWith('.mjs')).sort();
const files = [...journeys.map((name) => `journeys/${name}`), 'kill.mjs', 'oidc_provider.mjs', 'contracts.mjs'];

if (!wanted.length) rmSync(OUTPUT, { recursive: true, force: true });
const suite = new Suite(only);
const browser = await launch();
process.on('SIGINT', () => cleanUp().then(() => process.exit(130)));
try {
  for (const file of files) {
    if (wanted.length && !wanted.some((word) => file.includes(word))) continue;
    const { about, journey } = await import(pathToFileURL(path.join(here, file)));
    suite.about(about);
    // What a file sets up for its tests is a test, too: when it fails, the rest of the file did not run.
    try {
      await journey(suite, browser);
    } catch (error) {
      suite.failed.push(about);
      console.log(`FAILED  ${file}\n${error.stack ?? error}`);
    }
    await cleanUp();
  }
} finally {
  await browser.close();
  await cleanUp();
}
for (const name of suite.failed) console.log(`failed: ${name}`);
console.log(`${suite.passed} passed, ${suite.failed.length} failed`);
process.exit(suite.failed.length ? 1 : 0);
