// The steps of a change on the pages: select, preview, submit, decide.

const justification = 'Needed for the card scheme certification in week 48.';

/** Fills in the form and opens the preview. Ids are form values: `group:ID`, `ps-...`, 12 digits. */
export async function preview(person, { kind = 'grant', who, account, set, term = 'standing' }) {
  await person.open(`/changes/new?kind=${kind}`);
  const { page } = person;
  // Who requests for themselves only has no choice.
  const list = page.locator('select[name=who]');
  if (await list.count()) await list.selectOption(who);
  if (account) await page.locator('select[name=account]').selectOption(account);
  await page.locator('select[name=set]').selectOption(set);
  if (kind === 'grant') await page.locator(`input[name=term][value="${term}"]`).check();
  await showPreview(person);
}

/** Waits until the preview is that of what is chosen; without JavaScript, presses the button that shows it. */
export async function showPreview(person) {
  const { page } = person;
  if (!person.javaScript) {
    await person.press(page.getByRole('button', { name: /preview/i }));
    return;
  }
  await page.locator('#preview:not([data-outdated], [data-preview-empty])').waitFor();
  await person.settled();
}

/** Submits the previewed change and returns its id. */
export async function submit(person, { why = justification, ticket = 'OPS-4711' } = {}) {
  const { page } = person;
  const form = page.locator('form[action="/do/changes/submit"]');
  // The reason of a blocked request is shown on demand.
  const anyway = form.locator('#send [data-anyway]');
  if (await anyway.isVisible()) await anyway.click();
  await form.locator('[name=justification]').fill(why);
  await form.locator('[name=ticket]').fill(ticket);
  await person.press(form.locator('#send > button'));
  return changeId(page);
}

/** Returns the id of the change whose page is open. */
export function changeId(page) {
  const id = /\/changes\/([^/?#]+)/.exec(page.url())?.[1];
  if (!id || id === 'new' || id === 'classify') throw new Error(`not the page of a change: ${page.url()}\n`);
  return id;
}

/** Opens the change in the inbox and decides it. */
export async function decide(person, id, decision = 'approve', reason = 'Checked against the ticket.') {
  await person.open('/inbox');
  const { page } = person;
  await person.press(page.locator(`a[data-item][href="/inbox?id=${id}"]`));
  await page.locator('#reason').fill(reason);
  await person.press(page.locator(`form:has(#reason) button[value=${decision}]`));
}

/** Withdraws the change whose page is open. */
export async function withdraw(person) {
  const { page } = person;
  await page.getByRole('button', { name: 'Withdraw request' }).click();
  await person.press(page.locator('dialog[open]').getByRole('button', { name: 'Withdraw', exact: true }));
}

/** Writes a comment on the change whose page is open, or asks its requester a question. */
export async function comment(person, text, kind = 'comment') {
  const { page } = person;
  const closed = page.locator('#write:not([open]) > summary');
  if (await closed.count()) await closed.click();
  await page.locator('#comment').fill(text);
  await person.press(page.locator(`form:has(#comment) button[value=${kind}]`));
}

/** Unfolds the details, the history and the items of the change whose page is open. */
export async function unfold(person) {
  for (const id of ['items', 'details', 'history']) {
    const closed = person.page.locator(`details#${id}:not([open]) > summary`);
    if (await closed.count()) await closed.click();
  }
}

/** Unfolds the policies of a verdict with their reasons. */
export async function showReasons({ page }) {
  for (const details of ['#preview details[data-blocking]', '#preview details[data-policy-line]']) {
    const closed = page.locator(`${details}:not([open]) > summary`);
    while (await closed.count()) await closed.first().click();
  }
}
