// Outlives the process that started it, for a moment: when that one is gone, for whatever reason (kill -9 included),
// the pipe on standard input ends, and what it had started is killed and what it had made is removed.
// One line each: `+group PID`, `-group PID`, `+directory PATH`, `-directory PATH`.
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** @type {Record<string, Set<string>>} */
const kept = { group: new Set(), directory: new Set() };

for await (const line of createInterface({ input: process.stdin })) {
  const [, sign, kind, value] = /^([+-])(group|directory) (.+)$/.exec(line) ?? [];
  if (sign === '+') kept[kind]?.add(value);
  if (sign === '-') kept[kind]?.delete(value);
}

for (const group of kept.group) {
  try {
    process.kill(-Number(group), 'SIGKILL');
  } catch {
    // It has ended already.
  }
}
// What was killed may still be writing for an instant.
for (const directory of kept.directory)
  rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
