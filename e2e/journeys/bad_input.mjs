// Invalid and malicious requests: each gets the right status and a clear page, nothing is written that should not be, and
// no input is lost.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { Person, withPeople } from '../support/browser.mjs';
import { Aws } from '../support/aws.mjs';
import { changeId, decide, preview, submit } from '../support/change.mjs';
import { requestCrawl } from '../support/http.mjs';
import { until } from '../support/suite.mjs';

export const about = 'Bad input';

const TEXT = 'The certification of card scheme Ümlaut & <b>sons</b> needs it until Friday.';

export async function journey(suite, browser) {
  const sandbox = await suite.sandbox('bad-input');
  const aws = new Aws(sandbox.aws);
  const names = await aws.names();
  const maya = await Person.signedIn(browser, sandbox, 'maya.okafor');
  await maya.findsInTime('/accounts', 'cards-prod');
  const harmless = (account) => ({
    who: `group:${names.groups['support-desk']}`,
    account: names.accounts[account],
    set: names.keys.SupportMetrics,
  });

  // These two wait for a crawl and a session check, so the other tests run in the meantime.
  const stale = suite.test('a form whose effect is outdated is rejected, and its text is kept', async () => {
    const tomas = await Person.signedIn(browser, sandbox, 'tomas.novak');
    await withPeople('stale', [tomas], async () => {
      const before = await mine(tomas);
      // A different group than in the concurrent tests, whose effects must not change.
      const group = names.groups.auditors;
      await preview(tomas, { ...harmless('settlement-prod'), who: `group:${group}` });
      const page = tomas.page;
      await page.locator('[name=justification]').fill(TEXT);
      await aws.join('auditors', 'isla.grant');
      await requestCrawl(sandbox);
      await until('the member that was added outside Leastwise is shown', async () => (await tomas.served(`/groups/${group}`)).says('Isla Grant'), 90_000, 250);
      tomas.expecting(422);
      await tomas.press(page.locator('#send button[type=submit]'));
      await tomas.says('no longer what you were shown');
      assert.equal(await page.locator('[name=justification]').inputValue(), TEXT);
      assert.equal(await mine(tomas), before);
    });
    await tomas.leave();
  });

  const expired = suite.test('text that is entered while the session ends is restored after the next sign-in', async () => {
    const hannah = await Person.signedIn(browser, sandbox, 'hannah.cole', { session: 'own' });
    await withPeople('expired session', [hannah], async () => {
      await preview(hannah, { ...harmless('cards-staging'), who: `user:${names.users['hannah.cole']}`, term: '60' });
      await hannah.page.locator('[name=justification]').fill(TEXT);
      await hannah.page.locator('[name=ticket]').fill('OPS-77');
      await aws.signOutEverywhere('hannah.cole');
      hannah.expecting(401);
      await until('the session has ended', () =>
        hannah.page.evaluate(async () => (await fetch('/palette.json', { redirect: 'manual' })).status !== 200), 70_000, 250);
      // With Cognito's cookie they would be signed in again without a prompt.
      await hannah.context.clearCookies({ name: 'cognito' });
      await Promise.all([
        hannah.page.waitForURL((url) => url.href.startsWith(sandbox.cognito)),
        hannah.page.locator('#send button[type=submit]').click(),
      ]);
      await hannah.signIn('hannah.cole');
      assert.equal(await hannah.page.locator('[name=justification]').inputValue(), TEXT);
      assert.equal(await hannah.page.locator('[name=ticket]').inputValue(), 'OPS-77');
      await hannah.press(hannah.page.locator('#send button[type=submit]'));
      await hannah.says('Waiting for approval', TEXT);
    });
    await hannah.leave();
  });

  await suite.test('an unknown address returns a page with status 404', async () => {
    const nowhere = [
      '/nowhere', '/accounts/000000000000', '/accounts/x', '/people/00000000-0000-4000-8000-000000000000',
      '/groups/x', '/permission-sets/ps-0000000000000000', '/changes/x', '/changes/%2e%2e%2fadmin', '/ledger/-1',
      '/ledger/99999999999999999999999',
    ];
    await withPeople('404', [maya], async () => {
      for (const target of nowhere) {
        await maya.open(target, 404);
        await maya.says('Not found');
      }
    });
  });

  await suite.test('an address that is not text returns an error page with status 400', async () => {
    await withPeople('not text', [maya], async () => {
      for (const target of ['/people/%00', '/people/%ff', '/people?q=%00', '/people?q=%c3%28']) {
        await maya.open(target, 400);
        await maya.says('Invalid request');
      }
    });
  });

  await suite.test('a list with invalid parameters is shown without them', async () => {
    await withPeople('nonsense', [maya], async () => {
      for (const target of ['/accounts?environment=%27%22%3Cscript%3E', '/people?page=0', '/people?page=99999', '/ledger?page=-1', '/ledger?page=99999', `/people?q=${'a'.repeat(5000)}`]) {
        await maya.open(target);
      }
    });
  });

  await suite.test('a preview with an unknown or invalid value names the field', async () => {
    await withPeople('unknown choice', [maya], async () => {
      const base = `kind=grant&set=${names.keys.SupportMetrics}&term=standing`;
      for (const rest of [
        `who=user:00000000-0000-4000-8000-000000000000&account=${names.accounts['cards-prod']}`,
        `who=group:${names.groups['support-desk']}&account=000000000000`,
        `who=${encodeURIComponent('<img src=x onerror=alert(1)>')}&account=${names.accounts['cards-prod']}`,
      ]) {
        await maya.open(`/changes/new?${base}&${rest}`);
        await maya.page.getByText('There is a problem').waitFor();
        assert.equal(await maya.page.locator('#send button[type=submit]').count(), 0);
      }
    });
  });

  await suite.test('a closed account cannot be changed', async () => {
    await withPeople('removed account', [maya], async () => {
      const { who, set } = harmless('cards-prod');
      const closed = names.accounts['acquired-fastpay'];
      await maya.open(`/changes/new?kind=grant&who=${who}&set=${set}&account=${closed}&term=standing`);
      await maya.says(/suspended|closed|not in use|no longer/i);
      await maya.open(`/accounts/${closed}`);
      await maya.says(/suspended/i);
    });
  });

  await suite.test('a double click submits once, and so does a repeated submission', async () => {
    await withPeople('double click', [maya], async () => {
      const before = await mine(maya);
      await preview(maya, harmless('ledger-prod'));
      const form = maya.page.locator('form[action="/do/changes/submit"]');
      await form.locator('[name=justification]').fill(TEXT);
      const fields = await form.evaluate((element) => [...new FormData(element).entries()]);
      // The second click cancels the first navigation, so wait for the address only.
      await form.locator('#send button').dblclick({ noWaitAfter: true });
      await maya.arrives(/\/changes\/(?!new)/);
      const change = changeId(maya.page);
      const again = await post(maya, '/do/changes/submit', fields);
      assert.equal(new URL(again.url).pathname, `/changes/${change}`, 'the repeated submission led to another page');
      assert.equal(await mine(maya), before + 1);
      await maya.open(`/changes/${change}`);
      await maya.says(TEXT);
    });
  });

  await suite.test('a form from another site is rejected with 403, with or without a cookie', async () => {
    const evil = await foreignSite(`${sandbox.web}/do/changes/submit`);
    await withPeople('cross-site', [maya], async () => {
      const before = await mine(maya);
      maya.expecting(403);
      const [answer] = await Promise.all([
        maya.page.waitForResponse((response) => response.url().endsWith('/do/changes/submit')),
        maya.page.goto(evil.url).catch(() => {}),
      ]);
      assert.equal(answer.status(), 403);
      await maya.page.getByText('came from another site').waitFor();
      assert.equal(await mine(maya), before);
      const bare = await fetch(`${sandbox.web}/do/changes/submit`, { method: 'POST', redirect: 'manual' });
      assert.equal(bare.status, 403, 'neither Origin nor Sec-Fetch-Site');
    });
    evil.close();
  });

  await suite.test('unknown form fields are rejected, so that a request cannot set the actor or an approver', async () => {
    await withPeople('forged', [maya], async () => {
      const before = await mine(maya);
      await preview(maya, harmless('tokens-prod'));
      const form = maya.page.locator('form[action="/do/changes/submit"]');
      await form.locator('[name=justification]').fill(TEXT);
      const fields = await form.evaluate((element) => [...new FormData(element).entries()]);
      maya.expecting(422).expecting(400).expecting(403);
      for (const forged of [['approver', 'ines.carvalho'], ['state', 'approved'], ['requester', 'tomas.novak'], ['actor', 'tomas.novak']]) {
        const answer = await post(maya, '/do/changes/submit', [...fields, forged]);
        assert.equal(answer.status, 422, forged[0]);
      }
      const twice = await post(maya, '/do/changes/submit', [...fields, ['who', `user:${names.users['maya.okafor']}`]]);
      assert.equal(twice.status, 400, 'a repeated field');
      assert.equal(await mine(maya), before);
    });
  });

  await suite.test('a decision is rejected from the requester, without the role or a second factor, or for another effect', async () => {
    const people = [
      await Person.signedIn(browser, sandbox, 'ines.carvalho'),
      await Person.signedIn(browser, sandbox, 'marcus.dube'),
      await Person.signedIn(browser, sandbox, 'kwame.boateng'),
      await Person.signedIn(browser, sandbox, 'lena.fischer'),
    ];
    const [ines, marcus, kwame, lena] = people;
    await withPeople('forged decision', people, async () => {
      await preview(maya, harmless('tokens-prod'));
      const change = await submit(maya);
      const url = `/do/changes/${change}/decide`;
      const effect = await decisionEffect(ines, change);
      const yes = [['decision', 'approve'], ['reason', 'Looks right to me.'], ['effect', effect]];
      for (const [person, fields, status] of [
        [maya, yes, 403],
        [marcus, yes, 403],
        [lena, yes, 403],
        [ines, [...yes, ['approver', 'kwame.boateng']], 422],
        [ines, yes.map(([name, value]) => [name, name === 'effect' ? 'f'.repeat(64) : value]), 409],
        [ines, yes.map(([name, value]) => [name, name === 'decision' ? 'perhaps' : value]), 422],
        [ines, yes.map(([name, value]) => [name, name === 'reason' ? 'ok' : value]), 422],
      ]) {
        person.expecting(status);
        const answer = await post(person, url, fields);
        assert.equal(answer.status, status, JSON.stringify(fields));
      }
      await ines.open(`/changes/${change}`);
      await ines.says('0 of 2');
      await decide(ines, change, 'decline', 'Not now, please.');
      kwame.expecting(409);
      assert.equal((await post(kwame, url, yes)).status, 409, 'the change was already decided');
    });
    for (const person of people) await person.leave();
  });

  await suite.test('a justification of 100 kB is rejected with the reason, kept in the form, and not stored', async () => {
    await withPeople('100 kB', [maya], async () => {
      const long = 'All the reasons that there are. '.repeat(3200);
      await refusedText(maya, long, /the limit is 4000/);
      maya.expecting(413);
      const answer = await post(maya, '/do/changes/submit', [['justification', 'x'.repeat(300 * 1024)]]);
      assert.equal(answer.status, 413);
    });
  });

  await suite.test('a justification that contains a card number is rejected and never stored', async () => {
    await withPeople('card number', [maya], async () => {
      const number = ['4111', '1111', '1111', '1111'].join(' ');
      await refusedText(maya, `The customer with card ${number} called us.`, /card number/i);
      const { stdout } = await sandbox.verifyLedger();
      assert.ok(!stdout.includes('4111'));
      await maya.open('/ledger?q=4111');
      assert.ok(!(await maya.text()).includes('1111 1111'));
    });
  });

  await Promise.all([stale, expired]);
  await suite.test('the ledger is valid, and no error was logged', async () => {
    const { code, stderr } = await sandbox.verifyLedger();
    assert.equal(code, 0, stderr);
    assert.deepEqual(sandbox.errors, []);
  });
  await maya.leave();

  /** Sends an invalid text. Expects status 422, the reason, the unchanged text, and no stored change. */
  async function refusedText(person, text, reason) {
    const before = await mine(person);
    await preview(person, harmless('settlement-prod'));
    const field = person.page.locator('[name=justification]');
    await field.evaluate((element) => element.removeAttribute('maxlength'));
    await field.fill(text);
    person.expecting(422);
    await person.press(person.page.locator('#send button[type=submit]'));
    await person.says('There is a problem', reason);
    assert.equal(await person.page.locator('[name=justification]').inputValue(), text);
    assert.equal(await mine(person), before);
  }
}

/** Returns the number of changes that a person has requested. */
async function mine(person) {
  const other = await person.context.newPage();
  await other.goto(`${person.sandbox.web}/changes?requester=me`);
  const head = other.locator('[data-list-head] b');
  const words = (await head.count()) ? await head.innerText() : '0';
  await other.close();
  return Number(/\d+/.exec(words)?.[0] ?? 0);
}

/** Sends fields from the current page, as a script on it would. */
function post(person, target, fields) {
  return person.page.evaluate(
    async ([url, body]) => {
      const answer = await fetch(url, { method: 'POST', body: new URLSearchParams(body) });
      return { status: answer.status, url: answer.url };
    },
    [target, fields],
  );
}

/** Returns the effect hash that the decision form is bound to. */
async function decisionEffect(person, change) {
  await person.open(`/inbox?id=${change}`);
  return person.page.locator('form[action$="/decide"] input[name=effect]').first().inputValue();
}

/** Serves a page of another site that submits a form to Leastwise. */
async function foreignSite(action) {
  const html = `<!doctype html><title>Win</title><form method="post" action="${action}"><input name="kind" value="grant"></form><script>document.forms[0].submit()</script>`;
  const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end(html));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}
