// Runs tests one after another and counts them. A test that hangs fails; it never waits for ever.

/** Longest time for one test, in milliseconds. */
const LIMIT = 180_000;

export class Suite {
  passed = 0;
  failed = [];

  /** With words, only tests whose names hold them run. */
  constructor(words = '') {
    this.words = words;
  }

  /** Prints what the next tests are about. */
  about(title) {
    console.log(`\n# ${title}`);
  }

  /** Runs one test; answers whether it passed. */
  async test(name, body, limit = LIMIT) {
    if (!name.includes(this.words)) return true;
    const start = performance.now();
    try {
      await withLimit(body(), limit);
      this.passed += 1;
      console.log(`ok      ${name} (${seconds(start)} s)`);
      return true;
    } catch (error) {
      this.failed.push(name);
      console.log(`FAILED  ${name} (${seconds(start)} s)\n${indented(error?.stack ?? String(error))}`);
      return false;
    }
  }
}

function withLimit(work, limit) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${limit / 1000} s`)), limit);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

const seconds = (start) => ((performance.now() - start) / 1000).toFixed(1);
const indented = (text) => text.split('\n').slice(0, 30).map((line) => `        ${line}`).join('\n');

/** Asks again until the answer is truthy; for states of the server that no event tells of. */
export async function until(what, ask, limit = 30_000) {
  const end = performance.now() + limit;
  let last;
  for (;;) {
    try {
      const answer = await ask();
      if (answer) return answer;
    } catch (error) {
      last = error;
    }
    if (performance.now() > end) {
      throw new Error(`${what}: not so after ${limit / 1000} s`, { cause: last });
    }
    await new Promise((resume) => setTimeout(resume, 100));
  }
}
