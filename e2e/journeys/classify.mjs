// The classification of accounts, with and without JavaScript: two accounts chosen in the list are loosened with two
// approvals, applied, verified, named in the ledger and undone; a stricter classification applies at once.

import assert from 'node:assert/strict';
import { PLAIN, Person, SCRIPT, withPeople } from '../support/browser.mjs';
import { Aws } from '../support/aws.mjs';
import { changeId, decide } from '../support/change.mjs';

export const about = 'The classification of accounts';

export async function journey(suite, browser) {
  const sandbox = await suite.sandbox('classify');
  const names = await new Aws(sandbox.aws).names();

  for (const [way, loose, strict] of [
    [SCRIPT, ['ledger-prod', 'tokens-prod'], 'web-dev'],
    [PLAIN, ['settlement-prod', 'cards-prod'], 'ledger-dev'],
  ]) {
    await suite.test(`accounts from the list are loosened by two approvals, and undone, ${way.name}`, async () => {
      const people = [];
      for (const name of ['maya.okafor', 'ines.carvalho', 'kwame.boateng']) {
        people.push(await Person.signedIn(browser, sandbox, name, way));
      }
      const [maya, ines, kwame] = people;
      await withPeople(`loosened ${way.name}`, people, async () => {
        await maya.findsInTime('/accounts', loose[0]);
        const bar = maya.page.locator('[data-selection-bar]');
        assert.ok(!(await bar.isVisible()), 'a bar without a selection');
        for (const name of loose) await maya.page.locator(`input[name=account][value="${names.accounts[name]}"]`).check();
        assert.match(await bar.locator('[data-selected]').evaluate((node) => getComputedStyle(node, '::before').content), /counter\(selected\)/);
        const button = bar.getByRole('button', { name: /^Classify/ });
        assert.match(await button.locator('[data-chosen-count]').evaluate((node) => getComputedStyle(node, '::before').content), /counter\(selected\)/);
        if (way === SCRIPT) {
          // The box in the head checks every row of the page, and nothing again.
          const page = maya.page.locator('[data-select-page] > input');
          const rows = maya.page.locator('input[name=account]');
          await page.check();
          assert.equal(await rows.and(maya.page.locator(':checked')).count(), await rows.count());
          await page.uncheck();
          assert.equal(await rows.and(maya.page.locator(':checked')).count(), 0);
          for (const name of loose) await maya.page.locator(`input[name=account][value="${names.accounts[name]}"]`).check();
        }
        await maya.press(button);
        await maya.says(...loose);
        // One account that is wrong is named, and nothing that was entered is lost.
        const accounts = maya.page.locator('textarea[name=accounts]');
        const chosen = await accounts.inputValue();
        assert.match(await maya.page.locator('#send [data-reason]').innerText(), /^Enter the purpose/);
        await editList(maya);
        await accounts.fill(`${chosen}\nno-such-account`);
        await fill(maya, 'development', 'out');
        await maya.press(maya.page.getByRole('button', { name: /preview/i }));
        await maya.says('no-such-account is neither the number nor the name of an account');
        assert.equal(await maya.page.locator('[name=purpose]').inputValue(), 'Card data left these accounts this year.');
        await accounts.fill(chosen);
        await maya.press(maya.page.getByRole('button', { name: /preview/i }));
        await maya.says('Needs approval by 2 other people', 'development', ...loose);
        await showsTheResult(maya);
        // The consequence comes first, with numbers, for whoever requests and whoever decides.
        const consequence = await maya.page.locator('#preview [data-lead]').innerText();
        assert.equal(consequence, '2 accounts leave the production PCI report');
        const numbers = await maya.page.locator('#preview [data-consequence]').innerText();
        assert.match(numbers, /\d+ violations? (is|are) no longer reported[^]*(No|\d+) (person|people) leaves? the report[^]*\d+ standing assignments? leaves? the report/);
        // Each account is listed with what it is and what it becomes.
        const listed = await maya.page.locator('[data-chosen-accounts] > li').allInnerTexts();
        assert.equal(listed.length, loose.length);
        for (const name of loose) assert.ok(listed.some((row) => row.includes(name) && /PROD[^]*DEV[^]*out of scope/.test(row)), listed.join());
        // The reason for out of scope is the justification, which is not asked for again.
        assert.ok(!(await maya.page.locator('[name=justification]').isVisible()));
        // What was edited since is marked, and not what the button submits.
        const until = maya.page.locator('[name=until]');
        const chosenDay = await until.inputValue();
        const sooner = new Date(Date.parse(chosenDay) - 60 * 86_400_000).toISOString().slice(0, 10);
        if (way === SCRIPT) {
          const note = maya.page.locator('[data-outdated-note]');
          assert.ok(!(await note.isVisible()));
          await until.fill(sooner);
          await note.waitFor();
          assert.ok(await maya.page.locator('#send button').isDisabled());
          await until.fill(chosenDay);
          await note.waitFor({ state: 'hidden' });
        } else {
          await until.fill(sooner);
          maya.expecting(422);
          await maya.press(maya.page.locator('#send button'));
          await maya.says('There is a problem', consequence);
          await until.fill(chosenDay);
          await maya.press(maya.page.getByRole('button', { name: /preview/i }));
        }
        // What was typed is in no address, and a refresh shows the same preview.
        assert.equal(new URL(maya.page.url()).search, '');
        await maya.page.reload();
        await maya.settled();
        await maya.says('Needs approval by 2 other people', ...loose);
        const change = await submit(maya);
        await maya.says('Waiting for approval', 'What changes', consequence, 'Neither stores card data nor reaches it.');
        await ines.open(`/inbox?id=${change}`);
        await ines.says(consequence);
        await decide(ines, change);
        await decide(kwame, change);
        await maya.saysInTime('Verified');
        // Pages show a classification up to about a second after it is in force.
        await maya.findsInTime(`/accounts/${names.accounts[loose[0]]}`, 'as declared');
        await maya.says('Declared otherwise than tagged');
        for (const account of loose) await maya.findsInTime('/accounts?declaration=otherwise', account);
        await maya.open('/ledger');
        await maya.says(`declared account ${loose[0]} development, PCI scope out`);

        await maya.open(`/changes/${change}`);
        await maya.press(maya.page.getByRole('link', { name: 'Undo', exact: true }));
        await maya.says('This undoes another change', 'No approval needed; applies on submit', ...loose);
        assert.equal(await maya.page.locator('#send button').innerText(), 'End the declarations');
        await maya.says(consequence.replace('leave', 'enter'));
        await submit(maya);
        await maya.saysInTime('Verified');
        await maya.open('/ledger');
        await maya.says(`ended the declared classification of account ${loose[0]}`);
      });
      for (const person of people) await person.leave();
    });

    await suite.test(`a stricter classification applies at once, ${way.name}`, async () => {
      const maya = await Person.signedIn(browser, sandbox, 'maya.okafor', way);
      await withPeople(`stricter ${way.name}`, [maya], async () => {
        await maya.open(`/accounts/${names.accounts[strict]}`);
        await maya.press(maya.page.getByRole('link', { name: 'Classify', exact: true }));
        assert.equal(await maya.page.getByRole('button', { name: 'End the declaration instead' }).count(), 0);
        await fill(maya, 'production', 'in');
        // A list beyond the limit, and a text that is too long, are counted and not cut.
        const accounts = maya.page.locator('textarea[name=accounts]');
        const purpose = maya.page.locator('[name=purpose]');
        const many = Array.from({ length: 3_000 }, (_, number) => 500_000_000_000 + number).join('\n');
        assert.equal(await maya.page.locator(':is(input, textarea)[maxlength]').count(), 0, 'a browser cuts what is pasted');
        // `fill` types, which takes a minute for so many lines.
        await accounts.evaluate((field, text) => { field.value = text; }, many);
        await purpose.fill('x'.repeat(612));
        await maya.press(maya.page.getByRole('button', { name: /preview/i }));
        await maya.says('The list has 3000 accounts, and a change classifies at most 2000', 'The purpose has 612 characters');
        assert.equal((await accounts.inputValue()).replaceAll('\r', ''), many);
        await editList(maya);
        await accounts.fill(names.accounts[strict]);
        await purpose.fill('Card data left these accounts this year.');
        await maya.press(maya.page.getByRole('button', { name: /preview/i }));
        await maya.says('No approval needed; applies on submit');
        await showsTheResult(maya);
        await submit(maya);
        await maya.saysInTime('Verified');
        await maya.findsInTime(`/accounts/${names.accounts[strict]}`, 'as declared');
        await maya.says('Production');
      });
      await maya.leave();
    });
  }
}

// The result of a preview is in view and has the focus.
async function showsTheResult({ page }) {
  const heading = page.locator('#preview-result');
  assert.equal(await heading.evaluate((node) => node === document.activeElement), true);
  const { top, bottom } = await heading.evaluate((node) => node.getBoundingClientRect().toJSON());
  assert.ok(top >= 0 && bottom <= (await page.evaluate(() => window.innerHeight)), `the result is at ${top}`);
}

// Unfolds the field in which the list of accounts is edited.
async function editList({ page }) {
  const closed = page.locator('details[data-edited-list]:not([open]) > summary');
  if (await closed.count()) await closed.click();
}

async function fill({ page }, environment, pci) {
  await page.locator('select[name=environment]').selectOption(environment);
  await page.locator('select[name=pci]').selectOption(pci);
  await page.locator('[name=purpose]').fill('Card data left these accounts this year.');
  // The reason is asked for only where it is needed.
  const reason = page.locator('[name=out_of_scope]');
  assert.equal(await reason.isVisible(), pci === 'out');
  if (pci === 'out') await reason.fill('Neither stores card data nor reaches it.');
}

async function submit(person) {
  const justification = person.page.locator('[name=justification]');
  if (await justification.isVisible()) await justification.fill('Agreed in the scoping of the assessment.');
  await person.press(person.page.locator('#send button'));
  return changeId(person.page);
}
