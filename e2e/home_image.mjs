// Takes `docs/home.png`: the home page of the sample organization, as an administrator sees it after the first read.
// Run it after `cargo xtask build` and `cargo build` when the home page has changed: `node e2e/home_image.mjs`

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Person, launch } from './support/browser.mjs';
import { Sandbox } from './support/leastwise.mjs';
import { Resources } from './support/resources.mjs';

const IMAGE = path.join(path.dirname(path.dirname(fileURLToPath(import.meta.url))), 'docs/home.png');

const resources = new Resources();
const browser = await launch();
try {
  const sandbox = await resources.sandbox('home-image');
  const maya = await Person.signedIn(browser, sandbox, 'maya.okafor', { height: 1100 });
  await maya.findsInTime('/', 'people can reach production PCI');
  await maya.page.screenshot({ path: IMAGE });
  console.log(`took ${IMAGE}`);
} finally {
  await browser.close();
  await resources.release();
}
