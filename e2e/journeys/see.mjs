// Signing in with a second factor, and viewing who can reach production PCI: on the pages, in the files, and compared with
// AWS.

import assert from 'node:assert/strict';
import { PLAIN, Person, SCRIPT, withPeople } from '../support/browser.mjs';
import { Aws } from '../support/aws.mjs';
import { parseCsv, reachedBy } from '../support/exposure.mjs';
import { provesItself } from '../support/merkle.mjs';

export const about = 'See who reaches production PCI';

export async function journey(suite, browser) {
  const sandbox = await suite.sandbox('see', { fresh: true });
  const aws = new Aws(sandbox.aws);
  const names = await aws.names();

  for (const way of [SCRIPT, PLAIN]) {
    await suite.test(`an administrator signs in with a code and sees the home page, ${way.name}`, async () => {
      const maya = await Person.arrive(browser, sandbox, way);
      await withPeople(`sign in ${way.name}`, [maya], async () => {
        await maya.page.goto(`${sandbox.web}/`);
        assert.ok(maya.page.url().startsWith(sandbox.cognito), `not redirected to Cognito: ${maya.page.url()}`);
        await maya.page.locator('input[name=username]').fill('maya.okafor');
        await maya.page.locator('input[name=username]').press('Enter');
        await maya.page.locator('#shown-code').waitFor();
        await maya.page.locator('input[name=code]').fill('000000');
        maya.expecting(401);
        await maya.page.locator('input[name=code]').press('Enter');
        await maya.page.getByRole('alert').waitFor();
        await maya.page.locator('input[name=code]').fill((await maya.page.locator('#shown-code').textContent()).trim());
        await maya.page.locator('input[name=code]').press('Enter');
        await maya.page.waitForURL(`${sandbox.web}/`);
        await maya.settled();
        await maya.findsInTime('/', /can reach production PCI/);
        await maya.says('People with access', 'Policy findings', 'Known since', 'Needs action');
      });
      await maya.leave();
    });

    await suite.test(`every page opens without errors, ${way.name}`, async () => {
      const people = [await Person.signedIn(browser, sandbox, 'maya.okafor', way), await Person.signedIn(browser, sandbox, 'ines.carvalho', way)];
      const [maya, ines] = people;
      await withPeople(`pages ${way.name}`, people, async () => {
        for (const target of pages(names)) await maya.open(target);
        // Only approvers decide: an administrator has no inbox.
        await maya.open('/inbox', 403);
        await ines.open('/inbox');
      });
      for (const person of people) await person.leave();
    });
  }

  await suite.test('the access problems of the sample are shown on the pages concerned', async () => {
    const farid = await Person.signedIn(browser, sandbox, 'farid.haddad');
    await withPeople('problems', [farid], async () => {
      await farid.findsInTime('/accounts', 'cards-prod');
      await farid.open(`/accounts/${names.accounts['cards-prod']}`);
      await farid.says('AdministratorAccess', 'platform-admins', 'ReleaseToolkit', 'Provisioning out of date');
      await farid.open(`/accounts/${names.accounts['tokens-prod']}`);
      await farid.says('Orphaned user', 'Samir Patel');
      await farid.open(`/accounts/${names.accounts['settlement-prod']}`);
      await farid.says('from the name of its OU');
      await farid.open(`/accounts/${names.accounts['ledger-prod']}`);
      await farid.says('Daniel Weiss');
      await farid.open(`/people/${names.users['viktor.hall']}`);
      await farid.says('Disabled', 'cards-engineers', 'cards-prod');
      await farid.open(`/permission-sets/${names.keys.ReleaseToolkit}`);
      await farid.says(/administrator/i, 'TemporaryFix2024');
      await farid.open(`/permission-sets/${names.keys.PaymentsEngineer}`);
      await farid.says('Unknown', 'What cannot be read or understood keeps it from standing access');
      await farid.says('customer managed');
      await farid.open(`/permission-sets/${names.keys.SupportMetrics}`);
      await farid.says('Metadata only: 3 actions of 1 service', 'Needs approval by two people');
      await farid.open(`/permission-sets/${names.keys.LedgerDataReader}`);
      await farid.says('Reads data', 'Not allowed because of');
      await farid.open('/permission-sets?capability=metadata');
      await farid.says('SupportMetrics');
      assert.equal(await farid.page.locator('#permission-sets tbody tr').count(), 1);
      await farid.open(`/groups/${names.groups['incident-responders']}`);
      await farid.says(/no members/i);
    });
    await farid.leave();
  });

  for (const way of [SCRIPT, PLAIN]) {
    await suite.test(`an account lists people with their paths, filtered, sorted and as a file, ${way.name}`, async () => {
      const farid = await Person.signedIn(browser, sandbox, 'farid.haddad', way);
      await withPeople(`account ${way.name}`, [farid], async () => {
        const { page } = farid;
        const place = `/accounts/${names.accounts['cards-prod']}`;
        await farid.open(place);
        const assignments = await page.locator('#access tr[data-group]').count();
        assert.ok(assignments > 3, `${assignments} assignments`);
        // The people of an assignment are one line, which unfolds to each of them with the path.
        const all = await page.locator('#access [data-people] > li').count();
        assert.ok(all > 10, `${all} people`);
        const folded = page.locator('#access [data-behind]').first();
        const person = folded.locator('[data-people] a').first();
        assert.match(await folded.locator('summary').innerText(), / and /);
        assert.ok(!(await person.isVisible()), 'the people are not folded');
        await folded.locator('summary').click();
        assert.ok(await person.isVisible());
        assert.match(await folded.locator('[data-path]').innerText(), /^Path: person → /);
        // What is the same for all is said once.
        const heads = await page.locator('#access thead th').allInnerTexts();
        assert.ok(!heads.includes('Ends'), heads.join());
        await farid.says('all standing');
        await page.locator('[data-filter] summary', { hasText: 'Policy status' }).click();
        await farid.press(page.locator('[data-filter]').getByRole('link', { name: /^Violations/ }));
        assert.equal(new URL(page.url()).search, '?findings=violations');
        await page.locator('[data-tools] summary', { hasText: 'View' }).click();
        await farid.press(page.locator('[data-tools]').getByRole('link', { name: 'Person', exact: true }));
        const people = await page.locator('#access tbody th a').allInnerTexts();
        assert.ok(people.length > 0 && people.length <= all);
        const lower = people.map((name) => name.toLowerCase());
        assert.deepEqual(lower, [...lower].sort());
        await page.locator('[data-tools] summary', { hasText: 'Export' }).click();
        const csv = parseCsv(await farid.download(page.locator('[data-tools] a[href*=".csv"]')));
        assert.deepEqual(csv.map((row) => row.person), people);
        for (const row of csv) assert.notEqual(row.findings, '');
        await farid.open(place);
        await farid.press(page.locator('[data-violation] > a').first());
        assert.match(page.url(), /policy=/);
      });
      await farid.leave();
    });

    await suite.test(`what would always be refused is disabled with its reason, and Remove names its object, ${way.name}`, async () => {
      const maya = await Person.signedIn(browser, sandbox, 'maya.okafor', way);
      await withPeople(`refused ${way.name}`, [maya], async () => {
        const { page } = maya;
        await maya.open(`/accounts/${names.accounts['cards-prod']}`);
        // The reason is about members and stands with their group: the assignment itself can be removed.
        assert.ok((await page.locator('#access [data-to]').allTextContents()).join().includes('Group managed in the identity provider'));
        assert.ok(await page.getByRole('link', { name: /^Remove assignment of AdministratorAccess from platform-admins/ }).isVisible());
        const approval = page.getByRole('link', { name: 'Request approval of SupportMetrics for support-desk' });
        assert.match(await approval.getAttribute('href'), /^\/changes\/new\?kind=grant&who=group:/);
        await maya.open(`/accounts/${names.accounts['cards-prod']}?sort=person`);
        const refused = page.locator('#access [data-refused]').first();
        const button = refused.getByRole('button');
        assert.equal(await button.getAttribute('title'), 'Group managed in the identity provider');
        assert.match(await button.getAttribute('aria-label'), /^Remove .* from the group .*Not possible: /);
        assert.equal(await button.getAttribute('aria-disabled'), 'true');
        await maya.open(`/accounts/${names.accounts['harbourline-management']}`);
        await maya.says('Access to the management account');
        await maya.open(`/people/${names.users['viktor.hall']}`);
        const remove = page.locator('#paths a[data-kind], #paths button[data-kind]').first();
        assert.match(await remove.getAttribute('aria-label'), /^Remove from group .*: Viktor Hall/);
      });
      await maya.leave();
    });

    await suite.test(`the paths of a person are a diagram that the keyboard reaches, ${way.name}`, async () => {
      const farid = await Person.signedIn(browser, sandbox, 'farid.haddad', way);
      await withPeople(`diagram ${way.name}`, [farid], async () => {
        const { page } = farid;
        await farid.open(`/people/${names.users['viktor.hall']}`);
        const outline = page.locator('[data-outline]');
        assert.ok(!(await outline.isVisible()), 'the list that stands for the diagram is shown as well');
        const region = page.getByRole('region', { name: 'Paths of Viktor Hall to accounts' });
        await region.focus();
        await page.keyboard.press('Tab');
        assert.equal(await page.evaluate(() => document.activeElement.getAttribute('href').startsWith('/groups/')), true);
        await page.keyboard.press('Tab');
        await page.keyboard.press('Enter');
        await farid.arrives(/\/permission-sets\//);
        await farid.open(`/people/${names.users['viktor.hall']}`);
        await farid.reshape({ width: 768, height: 1024 });
        assert.ok(await outline.isVisible() && !(await region.isVisible()), 'the diagram is cut');
        assert.ok((await outline.innerText()).includes('cards-engineers'));
      });
      await farid.leave();
    });

    await suite.test(`a finding leads to its statement and back, ${way.name}`, async () => {
      const farid = await Person.signedIn(browser, sandbox, 'farid.haddad', way);
      await withPeople(`statement ${way.name}`, [farid], async () => {
        const { page } = farid;
        await farid.open(`/permission-sets/${names.keys.ReleaseToolkit}`);
        assert.match(await page.locator('main h2').first().innerText(), /^Administrator: one statement allows everything/);
        // The verdict leads to the statement that decides it, which is marked in its place.
        await page.locator('[data-decided-by]').getByRole('link', { name: 'Statement 2 of Inline policy' }).click();
        assert.match(await page.locator('[data-statement]:target').innerText(), /Deciding/);
        const finding = page.locator('[data-finding]').first();
        await finding.getByRole('link', { name: 'Statement 2 of Inline policy' }).click();
        const statement = page.locator('[data-statement]:target');
        assert.equal(await statement.count(), 1);
        assert.match(await statement.innerText(), /TemporaryFix2024[^}]*"Action": "\*"/);
        await statement.getByRole('link', { name: 'Administrator' }).click();
        assert.equal(await page.locator('[data-finding]:target').count(), 1);
        assert.ok(await page.locator('[data-finding]:target').isVisible(), 'the finding is folded');
        farid.fine();
      });
      await farid.leave();
    });
  }

  await suite.test('home, report page, CSV, JSON, command line and AWS agree on who reaches production PCI', async () => {
    const farid = await Person.signedIn(browser, sandbox, 'farid.haddad');
    await withPeople('numbers', [farid], async () => {
      await farid.findsInTime('/', /can reach production PCI/);
      const home = Number(await farid.page.locator('[data-exposure] [data-figure] [data-value]').innerText());
      await farid.open('/reports/production-pci');
      // Each path is an entry below what its block says once.
      const shown = await farid.page.locator('#report [data-each-path] > li').count();
      const stats = await farid.page.locator('[data-stat] [data-value]').allInnerTexts();
      const csv = parseCsv(await farid.download(farid.page.locator('a[href="/reports/production-pci.csv"]')));
      const json = JSON.parse(await farid.download(farid.page.locator('a[href="/reports/production-pci.json"]')));
      const reaching = json.rows.filter((row) => !row.orphaned);
      const people = new Set(reaching.map((row) => row.person_id)).size;
      assert.equal(json.orphaned_assignments, json.rows.length - reaching.length);
      assert.ok(json.orphaned_assignments > 0, 'the sample has an orphaned assignment');
      const [, , reach, accounts, paths] = stats.map(Number);
      assert.deepEqual([reach, accounts, paths], [json.people, json.accounts, json.row_count]);
      assert.equal(home, json.people);
      assert.equal(people, json.people);
      assert.equal(shown, json.rows.length);
      const keys = (rows) => rows.map((row) => [row.person_id, row.account_id, row.permission_set_arn, row.path].join(' ')).sort();
      assert.deepEqual(keys(csv), keys(json.rows));
      assert.deepEqual(keys(reaching), await reachedBy(aws, new Set(json.rows.map((row) => row.account_id))));
      assert.deepEqual(json.coverage.unread, []);
      const printed = await sandbox.report();
      assert.equal(printed.code, 0, printed.stderr);
      assert.deepEqual(keys(printed.json.rows), keys(json.rows));
      for (const name of ['cards-prod', 'ledger-prod', 'tokens-prod', 'settlement-prod', 'identity']) {
        assert.ok(json.rows.some((row) => row.account_id === names.accounts[name]), `${name} is not in the report`);
      }
    });
    await farid.leave();
  });

  await suite.test('a requester sees their own access and nothing about others', async () => {
    const marcus = await Person.signedIn(browser, sandbox, 'marcus.dube');
    await withPeople('requester', [marcus], async () => {
      await marcus.says('My access', 'cards-prod');
      for (const target of ['/accounts', '/people', '/groups', '/permission-sets', '/ledger', '/reports/production-pci', '/inbox']) {
        await marcus.open(target, 403);
      }
      await marcus.open(`/people/${names.users['marcus.dube']}`);
      await marcus.says('cards-engineers');
      await marcus.open(`/people/${names.users['maya.okafor']}`, 404);
    });
    await marcus.leave();
  });

  await suite.test('a sign-out also signs the browser out of Cognito', async () => {
    const hannah = await Person.signedIn(browser, sandbox, 'hannah.cole', PLAIN);
    await withPeople('sign out', [hannah], async () => {
      await hannah.page.locator('[data-account] summary').click();
      await Promise.all([hannah.page.waitForURL(/signed-out/), hannah.page.getByRole('button', { name: 'Sign out' }).click()]);
      await hannah.page.goto(`${sandbox.web}/`);
      await hannah.page.locator('input[name=username]').waitFor();
    });
    await hannah.leave();
  });

  await suite.test('an entry of the ledger has a valid inclusion proof for the signed checkpoint', async () => {
    const farid = await Person.signedIn(browser, sandbox, 'farid.haddad', { axe: true });
    await withPeople('ledger', [farid], async () => {
      await farid.open('/ledger');
      await farid.page.locator('summary', { hasText: 'Proof' }).click();
      await farid.says('Verifier key', 'leastwise ledger verify');
      await farid.findsInTime('/ledger/1', 'Unchanged since', 90_000);
      await provesItself(farid.page);
      await farid.open('/ledger?q=maya');
      await farid.open('/ledger/99999999', 404);
      await farid.open('/ledger/x', 404);
    });
    await farid.leave();
  });

  await suite.test('the ledger is valid according to the command line, and no error was logged', async () => {
    const { code, json, stderr } = await sandbox.verifyLedger();
    assert.equal(code, 0, stderr);
    assert.ok(json.entries > 0);
    assert.equal(json.first_bad ?? null, null);
    assert.deepEqual(sandbox.errors, []);
  });
}

function pages({ accounts, users, groups, keys }) {
  return [
    '/',
    '/changes',
    '/changes/new',
    '/changes/new?kind=remove',
    '/changes/new?kind=join',
    '/accounts',
    '/accounts?scope=production-pci',
    '/accounts?q=nothing-like-it',
    `/accounts/${accounts['cards-prod']}`,
    `/accounts/${accounts['tokens-prod']}`,
    `/accounts/${accounts['harbourline-management']}`,
    '/people',
    '/people?reach=production-pci',
    `/people/${users['maya.okafor']}`,
    `/people/${users['viktor.hall']}`,
    '/groups',
    `/groups/${groups['platform-admins']}`,
    `/groups/${groups['incident-responders']}`,
    '/permission-sets',
    `/permission-sets/${keys.AdministratorAccess}`,
    `/permission-sets/${keys.ReleaseToolkit}`,
    `/permission-sets/${keys.PaymentsEngineer}`,
    `/permission-sets/${keys.SupportMetrics}`,
    '/permission-sets?capability=reads_data',
    '/ledger',
    '/ledger/1',
    '/ledger?what=jobs&outcome=success&from=2026-01-01&q=crawl',
    '/ledger?q=nothing-like-it',
    '/reports/production-pci',
    '/reports/production-pci?q=maya',
    '/reports/production-pci?group=person',
    '/reports/production-pci?q=nothing-like-it',
  ];
}
