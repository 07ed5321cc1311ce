import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '../..');

/**
 * The folder with Horde's own classes, if there is one: in `PHP_SESSION_BRIDGE_APPLICATIONS` (`npm run test:applications`), unpacked by that
 * earlier, or installed (Debian's php-horde-core).
 */
export function hordeFolder(): string | undefined {
  const { PHP_SESSION_BRIDGE_APPLICATIONS: applications = '' } = process.env;
  const cache = join(root, '.cache/drop-in');
  const folders = existsSync(cache) ? readdirSync(cache).filter((name) => name.startsWith('debian-own-')) : [];
  const unpacked = folders.map((name) => join(cache, name, 'usr/share/php'));
  const places = [join(applications, 'horde'), ...unpacked, '/usr/share/php'];
  return places.find((place) => place !== 'horde' && existsSync(join(place, 'Horde/Core/Secret/Cbc.php')));
}

/** Lets Horde's classes do jobs (test/php/horde/oracle.php). Bytes are in base64. */
export function askHorde(folder: string, jobs: readonly object[]): { ok?: unknown; error?: string }[] {
  const settings = ['-d', 'memory_limit=512M', '-d', 'display_errors=0', '-d', 'log_errors=0'];
  const { stdout, status } = spawnSync('php', [...settings, join(root, 'test/php/horde/oracle.php'), folder], {
    input: jobs.map((job) => `${JSON.stringify(job)}\n`).join(''),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    timeout: 120_000,
  });
  if (status !== 0) throw new Error(`PHP ended with ${status}`);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { ok?: unknown; error?: string });
}
