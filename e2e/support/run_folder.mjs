// The one folder in which a run keeps what it makes, and by which the next run finds what a killed one left.

import { existsSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const PREFIX = 'leastwise-e2e-';
const VARIABLE = 'E2E_RUN';
const temporary = tmpdir();

/** The folder of this run; its name holds the number of the process. */
export const RUN = mkdtempSync(path.join(temporary, `${PREFIX}${process.pid}-`));

// Every child process inherits both: temporary files of Chromium and Python go with the folder, and a process that
// outlives its run is known by the variable.
process.env.TMPDIR = RUN;
process.env[VARIABLE] = RUN;

/** Removes the folder. */
export const removeRunFolder = () => remove(RUN);

/** Ends the processes and removes the folders of runs that were killed themselves. Answers how many runs those were. */
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
        // It has ended meanwhile.
      }
    }
    remove(folder);
  }
  return stale.length;
}

/** Whether the process with a number may be a run: another program may have got the number of one that has ended. */
function alive(pid) {
  try {
    return path.basename(readlinkSync(`/proc/${pid}/exe`)).startsWith('node');
  } catch (error) {
    // What belongs to somebody else is theirs.
    return error.code !== 'ENOENT';
  }
}

function remove(folder) {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    // Something that was just killed still writes there; the next run removes it.
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
