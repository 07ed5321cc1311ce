import { readFileSync } from 'node:fs';

/** Linux counts the time of a process in hundredths of a second, whatever its kernel ticks. */
const MS_PER_TICK = 10;

/**
 * Milliseconds of CPU that processes have used, in user and kernel mode, all threads together.
 *
 * @param {readonly number[]} pids
 */
export function cpuOf(pids) {
  return pids.reduce((total, pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // from the third on; the second may have spaces
    return total + (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
  }, 0);
}
