// Temporary: screenshots of pages for looking.
import { writeFileSync } from 'node:fs';
import { Person, launch } from './support/browser.mjs';
import { Aws } from './support/aws.mjs';
import { Resources } from './support/resources.mjs';
import { layoutFaults } from './support/layout.mjs';
const out = process.argv[2];
const only = process.argv[3]?.split(',');
const looks = (process.argv[4] ?? '1440l,768l,390l,1440d,390d').split(',');
const resources = new Resources();
const browser = await launch();
try {
  const sandbox = await resources.sandbox('look-q');
  const aws = new Aws(sandbox.aws);
  const names = await aws.names();
  const k = names.keys;
  const q = (set, account, term = 'standing') => `/changes/new?kind=grant&who=group:${names.groups['support-desk']}&account=${names.accounts[account]}&set=${k[set]}&term=${term}`;
  const pages = {
    sets: '/permission-sets', filtered: '/permission-sets?only=reads_data',
    release: `/permission-sets/${k.ReleaseToolkit}`, metrics: `/permission-sets/${k.SupportMetrics}`, reader: `/permission-sets/${k.LedgerDataReader}`,
    audit: `/permission-sets/${k.SecurityAudit}`, payments: `/permission-sets/${k.PaymentsEngineer}`, billing: `/permission-sets/${k.Billing}`, operator: `/permission-sets/${k.DatabaseOperator}`,
    preview: q('SupportMetrics', 'settlement-prod'), codes: q('PowerUser', 'web-dev' in names.accounts ? 'web-dev' : 'cards-prod', '60'), refused: q('ReadOnly', 'cards-prod'),
    account: `/accounts/${names.accounts['cards-prod']}`, person: `/people/${names.users['maya.okafor']}`, report: '/reports/production-pci', home: '/', board: '/accounts', people: '/people?only=powerful',
  };
  let first = true;
  for (const look of looks) {
    const width = Number(look.slice(0, -1)); const scheme = look.endsWith('d') ? 'dark' : 'light';
    const maya = await Person.signedIn(browser, sandbox, 'maya.okafor', { width, height: 900, scheme, axe: false });
    if (first) await maya.findsInTime('/accounts', 'cards-prod');
    first = false;
    for (const [name, target] of Object.entries(pages)) {
      if (only && !only.includes(name)) continue;
      await maya.open(target);
      await maya.page.screenshot({ path: `${out}/${name}-${look}.png`, fullPage: true });
      const wide = await maya.page.evaluate(() => document.documentElement.scrollWidth);
      const faults = await layoutFaults(maya.page);
      console.log(name, look, wide > width ? `WIDE ${wide}` : 'ok', JSON.stringify(faults));
    }
    if (look === looks[0]) {
      await maya.open('/permission-sets');
      const rows = await maya.page.locator('#sets tbody tr').evaluateAll((all) => all.map((tr) => [...tr.children].map((td) => td.innerText.replace(/\s+/g, ' ').trim()).join(' | ')));
      const { json } = await sandbox.report(); writeFileSync(`${out}/report.json`, JSON.stringify(json, null, 1));
      await maya.open('/people?only=powerful'); writeFileSync(`${out}/powerful.txt`, (await maya.page.locator('main tbody tr th').allInnerTexts()).join('\n'));
      await maya.open('/'); writeFileSync(`${out}/home.txt`, await maya.page.locator('[data-exposure]').innerText());
      writeFileSync(`${out}/sets.txt`, rows.join('\n'));
    }
    if (maya.troubles.length) console.log(maya.troubles);
    await maya.leave();
  }
} finally {
  await resources.release();
  await browser.close();
}
process.exit(0);
