import { Person, launch } from './support/browser.mjs';
import { Aws } from './support/aws.mjs';
import { Resources } from './support/resources.mjs';
const resources = new Resources();
const browser = await launch();
try {
  const sandbox = await resources.sandbox('look-q2');
  const names = await new Aws(sandbox.aws).names();
  const maya = await Person.signedIn(browser, sandbox, 'maya.okafor', { axe: false });
  await maya.findsInTime('/accounts', 'cards-prod');
  for (const set of ['ReadOnly','SecurityAudit','PaymentsEngineer','Billing','DatabaseOperator']) {
    await maya.open(`/permission-sets/${names.keys[set]}`);
    console.log('==', set);
    const t = await maya.page.locator('[data-groups]').evaluate((all) => [...all.querySelectorAll(':scope > li')].slice(0,4).map((li) => li.textContent.replace(/\s+/g,' ').slice(0, 900)).join('\n'));
    console.log(t);
  }
} finally { await resources.release(); await browser.close(); }
process.exit(0);
