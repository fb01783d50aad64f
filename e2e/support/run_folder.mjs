// The folder of a run. The next run uses it to find the processes and files that a killed run left behind.

import { existsSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const PREFIX = 'leastwise-e2e-';
const VARIABLE = 'E2E_RUN';
const temporary = tmpdir();

/** The folder of this run. Its name contains the process id. */
export const RUN = mkdtempSync(path.join(temporary, `${PREFIX}${process.pid}-`));

// Child processes inherit both variables: Chromium and Python create their temporary files in the folder, and a process
// that outlives its run is identified by E2E_RUN.
process.env.TMPDIR = RUN;
process.env[VARIABLE] = RUN;

/** Removes the folder. */
export const removeRunFolder = () => remove(RUN);

/** Ends the processes and removes the folders of killed runs. Returns the number of these runs. */
export function sweep() {
  if (!existsSync('/proc/self')) return 0;
  const stale = readdirSync(temporary)
    .filter((name) => name.startsWith(PREFIX) && !alive(Number(name.slice(PREFIX.length).split('-')[0])))
    .map((name) => path.join(temporary, name));
  for (const folder of stale) {
    for (const pid of processesOf(folder)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended in the meantime.
      }
    }
    remove(folder);
  }
  return stale.length;
}

/** Returns whether a process may be a run. The id of an ended run may belong to another program now. */
function alive(pid) {
  try {
    return path.basename(readlinkSync(`/proc/${pid}/exe`)).startsWith('node');
  } catch (error) {
    // A process of another user is left alone.
    return error.code !== 'ENOENT';
  }
}

function remove(folder) {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    // A process that was just killed may still write there. The next run removes the folder.
  }
}

function processesOf(folder) {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/environ`, 'utf8').split('\0').includes(`${VARIABLE}=${folder}`);
    } catch {
      return false;
    }
  }).map(Number);
}
