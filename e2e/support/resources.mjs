// What a file or a test has started and made: ended with it, or with the process, however that ends.

import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { Sandbox, serve } from './leastwise.mjs';
import { RUN, removeRunFolder } from './run_folder.mjs';

/** Longest wait for something that was told to end, in milliseconds. */
const END_LIMIT = 10_000;

const held = new Set();

export class Resources {
  #ends = new Set();
  #folders = [];
  #released = false;

  constructor() {
    held.add(this);
  }

  /** A new folder. */
  folder(name) {
    const made = mkdtempSync(path.join(RUN, `${name.replace(/[^a-z0-9]+/gi, '-')}-`));
    this.#folders.push(made);
    return made;
  }

  /** A new sandbox; `name` is that of its log, so it must be the only one of the run. */
  sandbox(name, options) {
    return Sandbox.start(this, name, options);
  }

  /** `leastwise serve`, configured by variables alone. */
  serve(name, env) {
    return serve(this, name, env);
  }

  /** Takes over something: `end` must end it at once, and may answer a promise. Answers how to give it back. */
  own(end) {
    // A test that was given up may still begin something.
    if (this.#released) end();
    else this.#ends.add(end);
    return () => this.#ends.delete(end);
  }

  /** Ends and removes all of it. */
  async release() {
    held.delete(this);
    this.#released = true;
    const late = new Promise((resume) => setTimeout(resume, END_LIMIT).unref());
    await Promise.race([Promise.all(this.endNow()), late]);
    for (const made of this.#folders.splice(0)) rmSync(made, { recursive: true, force: true, maxRetries: 3 });
  }

  /** Tells everything to end, without waiting; answers what there is to wait for. */
  endNow() {
    const ends = [...this.#ends];
    this.#ends.clear();
    return ends.map((end) => end());
  }
}

process.on('exit', () => {
  for (const one of held) one.endNow();
  removeRunFolder();
});
for (const [signal, code] of [['SIGHUP', 129], ['SIGINT', 130], ['SIGTERM', 143]]) {
  process.on(signal, () => {
    console.log(`\nended by ${signal}`);
    process.exit(code);
  });
}
