import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startMariadb } from '../../tools/services/mariadb.mjs';
import { Consumer, clone } from './consumer.ts';

// The oldest releases that the package's peer ranges admit, one of each range. All other tests run the newest. Older ones have
// known holes: mysql2 GHSA-3f6p-5ww8-9rcr (mended in 3.22.0) and GHSA-rgwj-5xj2-c3m3 (3.23.1), Koa GHSA-7gcc-r8m5-44qm (2.16.4 and
// 3.1.2), Hono CVE-2026-47676 (4.12.21). None is known of koa-session.

const { peerDependencies } = JSON.parse(readFileSync(join(clone, 'package.json'), 'utf8'));
/** By the name under which the program loads it: mysql2, koa-session, koa-2, koa-3, express-4, … */
const lowest: Record<string, string> = {};
for (const [name, range] of Object.entries<string>(peerDependencies)) {
  const versions = range.split(' || ').map((part) => part.replace(/^\^/, ''));
  for (const version of versions)
    lowest[versions.length > 1 ? `${name}-${Number.parseInt(version, 10)}` : name] = version;
}

let consumer: Consumer;
let database: Awaited<ReturnType<typeof startMariadb>>;

beforeAll(async () => {
  [consumer, database] = await Promise.all([Consumer.create(), startMariadb()]);
  await consumer.fetch(
    ...Object.entries(lowest).map(([name, version]) => `${name}@npm:${name.replace(/-\d$/, '')}@${version}`),
  );
  const { host, port, user, password } = database;
  const connection = { host, port, user, password, database: 'test' };
  consumer.install('@hono/node-server'); // the server's version is the application's own matter
  consumer.write('given.json', JSON.stringify({ connection, lowest }));
}, 240_000);

afterAll(async () => {
  consumer?.remove();
  await database?.stop();
});

test('the store and the middleware work with them', () => consumer.program('lowest-peers.mjs'), 120_000);

test('README.md names them', () => {
  const text = readFileSync(join(clone, 'README.md'), 'utf8').replace(/\s+/g, ' ');
  const { mysql2, fastify, hono, ...pairs } = lowest;
  expect(text).toContain(
    `mysql2 ${mysql2}, Koa ${pairs['koa-2']} and ${pairs['koa-3']}, Express ${pairs['express-4']} and ${pairs['express-5']}, Fastify ${fastify}, Hono ${hono}, h3 ${pairs['h3-1']} and ${pairs['h3-2']} on`,
  );
});
