// Runs the tests of one file and records the results. A test that hangs fails after a time limit.

import { Resources } from './resources.mjs';

/** The time limit of one test, in milliseconds. Several times what it takes: the machine may be slow, and only a hang shall fail. */
const LIMIT = 400_000;

/** The time limit of a file: its setup and all its tests, in milliseconds. */
const FILE_LIMIT = 1_500_000;

/** The tests of one file: their output, their results, and their resources. */
export class Suite {
  lines = [];
  /** `{ file, name, seconds, ok, error }` of each test that ran; `error` is text, and absent if it passed. */
  results = [];
  resources = new Resources();

  /** With `words`, only tests whose names contain them run. `slots` is for independent tests. */
  constructor(file, { words = '', slots } = {}) {
    Object.assign(this, { file, words, slots });
  }

  /** Runs the tests of a file. A failed setup counts as a failed test, because the rest of the file did not run. */
  async run({ about, journey, independent }, browser) {
    this.lines.push('', `# ${about}`);
    const start = performance.now();
    try {
      const work = journey(this, browser);
      // If each test waits for a slot, only the limits of the tests apply.
      await (independent ? work : withLimit(work, FILE_LIMIT));
    } catch (error) {
      this.record(about, secondsSince(start), error);
    } finally {
      await this.release();
    }
  }

  /** Ends and removes what was started. An error is recorded as a failed test, so that the other results are kept. */
  async release() {
    const start = performance.now();
    try {
      await this.resources.release();
    } catch (error) {
      this.record('everything that was started ends and is removed', secondsSince(start), error);
    }
  }

  /** Starts a sandbox that ends with the file. */
  sandbox(name, options) {
    return this.resources.sandbox(name, options);
  }

  /** Runs one test. Returns whether it passed. */
  async test(name, body, limit = LIMIT) {
    if (!name.includes(this.words)) return true;
    const start = performance.now();
    try {
      await withLimit(body(), limit);
      return this.record(name, secondsSince(start));
    } catch (error) {
      return this.record(name, secondsSince(start), error);
    }
  }

  /**
   * Runs independent `[name, body, limit]`, each in a slot and with separate resources, which are released when it ends.
   * For files that export `independent`, which do not occupy a slot themselves.
   */
  async together(tests) {
    const parts = tests.map(([name, body, limit]) => {
      const part = new Suite(this.file, { words: this.words });
      const run = async () => {
        try {
          await part.test(name, () => body(part.resources), limit);
        } finally {
          await part.release();
        }
      };
      return { part, done: name.includes(this.words) ? this.slots.run(run) : undefined };
    });
    await Promise.all(parts.map(({ done }) => done));
    for (const { part } of parts) {
      this.lines.push(...part.lines);
      this.results.push(...part.results);
    }
  }

  /** Records a test that was run elsewhere. Returns whether it passed. */
  record(name, seconds, error) {
    const text = error && described(error);
    this.results.push({ file: this.file, name, seconds: Number(seconds.toFixed(1)), ok: !error, error: text });
    this.lines.push(`${error ? 'FAILED ' : 'ok     '} ${name} (${seconds.toFixed(1)} s)`);
    if (error) this.lines.push(indented(text));
    return !error;
  }
}

/** Limits concurrency. Work starts in the order of arrival. */
export class Slots {
  #free;
  #waiting = [];

  constructor(count) {
    this.#free = count;
  }

  async run(work) {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise((begin) => this.#waiting.push(begin));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}

const secondsSince = (start) => (performance.now() - start) / 1000;

function withLimit(work, limit) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not completed after ${limit / 1000} s`)), limit);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Formats an error with its causes, which a stack does not show. */
function described(error) {
  const text = error?.stack ?? String(error);
  return error?.cause ? `${text}\ncaused by: ${described(error.cause)}` : text;
}

const indented = (text) => text.split('\n').slice(0, 30).map((line) => `        ${line}`).join('\n');

/** Polls until the result is truthy, for states of the server that are not announced by an event. */
export async function until(what, ask, limit = 30_000, every = 100) {
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
      throw new Error(`${what}: not true after ${limit / 1000} s`, { cause: last });
    }
    await new Promise((resume) => setTimeout(resume, every));
  }
}
