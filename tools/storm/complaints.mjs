import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What the PHP and Node servers wrote into their logs, each message once.
 *
 * @param {string} directory
 * @returns {string[]} `TIMES × SERVER: MESSAGE`, the most frequent first
 */
export function complaints(directory) {
  /** @type {Map<string, number>} */
  const times = new Map();
  for (const file of readdirSync(directory).filter((name) => /^(php|node).*\.log$/.test(name))) {
    const side = file.replace(/(-\d+)?\.log$/, '');
    for (const line of readFileSync(join(directory, file), 'utf8').split('\n')) {
      // Without the time and the numbers of processes.
      const message = line.replace(/^\[[^\]]*\] |^\S+Z node-\S+ /, '').replace(/\b(pid|child) \d+/g, '$1');
      if (message === '') continue;
      const key = `${side}: ${message}`;
      times.set(key, (times.get(key) ?? 0) + 1);
    }
  }
  return [...times].sort((a, b) => b[1] - a[1]).map(([message, count]) => `${count} × ${message}`);
}
