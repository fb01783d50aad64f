// Runs the tests of one file and records them. A test that hangs fails; nothing waits for it.

import { Resources } from './resources.mjs';

/** Longest time for one test, in milliseconds. */
const LIMIT = 180_000;

/** Longest time for what a file sets up and all its tests together, in milliseconds. */
const FILE_LIMIT = 900_000;

/** The tests of one file: their lines, their results, and what they have started. */
export class Suite {
  lines = [];
  /** `{ file, name, seconds, ok }` of each test that ran. */
  results = [];
  resources = new Resources();

  /** With words, only tests whose names hold them run. `slots` are those for tests that run by themselves. */
  constructor(file, { words = '', slots } = {}) {
    Object.assign(this, { file, words, slots });
  }

  /** Runs what a file exports. What it sets up counts as a test when it fails: the rest of the file did not run. */
  async run({ about, journey, independent }, browser) {
    this.lines.push('', `# ${about}`);
    const start = performance.now();
    try {
      const work = journey(this, browser);
      // Where each test waits for a slot, the limits of the tests are the only ones.
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

  /** Runs one test; answers whether it passed. */
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
   * Runs `[name, body]` pairs that share nothing, each in a slot and with resources of its own, which are released when
   * it ends. For files that export `independent`, which hold no slot themselves.
   */
  async together(tests) {
    const parts = tests.map(([name, body]) => {
      const part = new Suite(this.file, { words: this.words });
      const run = async () => {
        try {
          await part.test(name, () => body(part.resources));
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

  /** Records a test that something else has run; answers whether it passed. */
  record(name, seconds, error) {
    this.results.push({ file: this.file, name, seconds: Number(seconds.toFixed(1)), ok: !error });
    this.lines.push(`${error ? 'FAILED ' : 'ok     '} ${name} (${seconds.toFixed(1)} s)`);
    if (error) this.lines.push(indented(described(error)));
    return !error;
  }
}

/** How much runs at the same time: whoever comes first begins first. */
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
    timer = setTimeout(() => reject(new Error(`not done after ${limit / 1000} s`)), limit);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** With its causes, which a stack does not show. */
function described(error) {
  const text = error?.stack ?? String(error);
  return error?.cause ? `${text}\ncaused by: ${described(error.cause)}` : text;
}

const indented = (text) => text.split('\n').slice(0, 30).map((line) => `        ${line}`).join('\n');

/** Asks again until the answer is truthy; for states of the server that no event tells of. */
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
      throw new Error(`${what}: not so after ${limit / 1000} s`, { cause: last });
    }
    await new Promise((resume) => setTimeout(resume, every));
  }
}
