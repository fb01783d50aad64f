// Processes and folders of a file or a test. They are ended and removed with it, or when this process ends.

import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { Sandbox, serve } from './leastwise.mjs';
import { RUN, removeRunFolder } from './run_folder.mjs';

/** The maximum wait for a process to end, in milliseconds. */
const END_LIMIT = 10_000;

const held = new Set();

export class Resources {
  #ends = new Set();
  #folders = [];
  #released = false;

  constructor() {
    held.add(this);
  }

  /** Creates a folder. */
  folder(name) {
    const made = mkdtempSync(path.join(RUN, `${name.replace(/[^a-z0-9]+/gi, '-')}-`));
    this.#folders.push(made);
    return made;
  }

  /** Starts a sandbox. `name` is the name of its log and must be unique in the run. */
  sandbox(name, options) {
    return Sandbox.start(this, name, options);
  }

  /** Starts `leastwise serve`, configured by variables only. */
  serve(name, env) {
    return serve(this, name, env);
  }

  /** Registers a resource. `end` must end it immediately and may return a promise. Returns a function that unregisters it. */
  own(end) {
    // A test that timed out may still start something.
    if (this.#released) end();
    else this.#ends.add(end);
    return () => this.#ends.delete(end);
  }

  /** Ends all processes and removes all folders. */
  async release() {
    held.delete(this);
    this.#released = true;
    const late = new Promise((resume) => setTimeout(resume, END_LIMIT).unref());
    await Promise.race([Promise.all(this.endNow()), late]);
    for (const made of this.#folders.splice(0)) rmSync(made, { recursive: true, force: true, maxRetries: 3 });
  }

  /** Ends everything without waiting. Returns the promises to wait for. */
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
