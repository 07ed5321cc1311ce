// The web servers that are compared: one process of Node each, PHP-FPM, and a proxy for those that need one.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeSession } from '../../dist/codec.js';
import { temporaryDirectory } from '../../tools/services/lifeline.mjs';
import { program } from '../../tools/services/packages.mjs';
import { startPhpFpm } from '../../tools/services/php-fpm.mjs';
import { freePort } from '../../tools/services/ports.mjs';
import { startProcess, untilReady } from '../../tools/services/processes.mjs';
import { createTable, fill, idsOf, sql } from './databases.mjs';
import { recordStatements } from './driver.mjs';

/**
 * @typedef {object} Server
 * @property {string} name
 * @property {'ours' | 'peer' | 'other'} group
 * @property {string} url
 * @property {() => number[]} pids
 */

/**
 * One site in a process of its own.
 *
 * @param {object} options of site.mjs, but for its port
 * @param {string} directory for its log
 */
export async function startSite(options, directory) {
  const port = await freePort();
  const log = join(directory, `site-${port}.log`);
  const env = { SITE: JSON.stringify({ port, ...options }), NODE_ENV: 'production' };
  const service = startProcess(process.execPath, [here('site.mjs')], { env, log });
  await untilReady(service, { name: 'site', port, log });
  return { port, url: `http://127.0.0.1:${port}/`, pids: () => [service.pid], stop: service.stop };
}

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

/**
 * @param {import('./databases.mjs').Database} database
 * @param {{ connections: number, visitors: number }} options connections to the database, and PHP's workers
 * @returns {Promise<{ servers: Server[], stop: () => Promise<void> }>}
 */
export async function startServers(database, { connections, visitors }) {
  const [endpoint] = database.endpoints;
  const directory = temporaryDirectory('bench');
  const log = (/** @type {string} */ name) => join(directory.path, `${name}.log`);
  /** @type {(() => Promise<void> | void)[]} */
  const stops = [() => directory.remove()];
  const stop = async () => {
    for (const stopOne of stops.splice(0).reverse()) await stopOne();
  };

  /** @param {string} kind @param {object} options */
  const node = async (kind, options) => {
    const site = await startSite({ kind, endpoint, connections, ...options }, directory.path);
    stops.push(site.stop);
    return site;
  };

  try {
    const ours = [
      'bench_ours',
      'bench_merge',
      'bench_in_express',
      'bench_in_fastify',
      'bench_bare',
      'bench_bare_express',
      'bench_php',
    ];
    for (const table of ours) await createTable(database, table);
    for (const table of ['bench_koa', 'bench_express']) await createJsonTable(database, table);
    const content = JSON.parse(readFileSync(here('content.json'), 'utf8'));
    const empty = Buffer.from(encodeSession({ count: 0, ...content })).toString('hex');
    /** @param {string} table */
    const bareOn = async (table) => {
      await fill(database, table, visitors, `x'${empty}'`);
      const ids = await idsOf(endpoint, table, visitors);
      const statements = await recordStatements(endpoint, table, ids[0]);
      await sql(endpoint, `UPDATE ${table} SET data = x'${empty}'`);
      return { statements, ids };
    };

    const exclusive = await node('php-session-bridge', { table: 'bench_ours', mode: 'exclusive' });
    const merge = await node('php-session-bridge', { table: 'bench_merge', mode: 'merge' });
    const inExpress = await node('php-session-bridge', { framework: 'express', table: 'bench_in_express' });
    const inFastify = await node('php-session-bridge', { framework: 'fastify', table: 'bench_in_fastify' });
    const koa = await node('koa-session', { table: 'bench_koa' });
    const express = await node('express-session', { table: 'bench_express' });
    const bare = await node('bare', await bareOn('bench_bare'));
    const bareExpress = await node('bare', { framework: 'express', ...(await bareOn('bench_bare_express')) });
    const memory = await node('memory', {});
    const php = await startPhpFpm({
      workers: connections,
      ini: { 'session.use_strict_mode': 1, 'session.gc_probability': 0, display_errors: 0, log_errors: 1 },
      env: { SITE: JSON.stringify({ endpoint, table: 'bench_php' }) },
      log: log('php'),
    });
    stops.push(php.stop);
    const proxy = await startProxy({
      directory: directory.path,
      log: log('proxy'),
      socket: php.socket,
      nodePort: exclusive.port,
    });
    stops.push(proxy.stop);
    return {
      servers: [
        { name: 'phpSession, exclusive', group: 'ours', ...exclusive },
        { name: 'phpSession, merge', group: 'ours', ...merge },
        { name: 'phpSession in Express', group: 'ours', ...inExpress },
        { name: 'phpSession in Fastify', group: 'ours', ...inFastify },
        { name: 'koa-session, JSON', group: 'peer', ...koa },
        { name: 'express-session, express-mysql-session', group: 'peer', ...express },
        { name: 'Koa and mysql2, no session', group: 'other', ...bare },
        { name: 'Express and mysql2, no session', group: 'other', ...bareExpress },
        { name: 'phpSession, exclusive, by HAProxy', group: 'ours', url: `${proxy.url}/node`, pids: exclusive.pids },
        {
          name: 'PHP-FPM, our handler, by HAProxy',
          group: 'other',
          url: `${proxy.url}/php`,
          pids: () => [php.pid, ...php.workers()],
        },
        { name: 'Koa, counting in memory', group: 'other', ...memory },
      ],
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * The table of express-mysql-session's schema.sql, with our table's engine, index on the time, and place for the data: on
 * NDB they are in the row there too, and not in a blob.
 *
 * @param {import('./databases.mjs').Database} database
 * @param {string} table
 */
async function createJsonTable({ endpoints, tableEngine }, table) {
  const data = tableEngine === 'InnoDB' ? 'MEDIUMTEXT' : 'VARCHAR(7000)';
  await sql(
    endpoints[0],
    `DROP TABLE IF EXISTS ${table}`,
    `CREATE TABLE ${table} (
      session_id VARCHAR(128) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,
      expires INT UNSIGNED NOT NULL,
      data ${data} COLLATE utf8mb4_bin,
      KEY expires (expires)
    ) CHARACTER SET utf8mb4 ENGINE=${tableEngine}`,
  );
}

/** @param {{ directory: string, log: string, socket: string, nodePort: number }} options */
async function startProxy({ directory, log, socket, nodePort }) {
  const port = await freePort();
  const configuration = join(directory, 'haproxy.cfg');
  writeFileSync(
    configuration,
    `
global
  nbthread 1
  maxconn 4000

defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s

fcgi-app page
  docroot /
  set-param SCRIPT_FILENAME ${here('sites/page.php')}
  set-param SCRIPT_NAME /page.php

frontend sites
  bind 127.0.0.1:${port}
  use_backend php if { path /php }
  default_backend node

backend php
  use-fcgi-app page
  server php-fpm unix@${socket} proto fcgi

backend node
  server node 127.0.0.1:${nodePort}
`,
  );
  const proxy = startProcess(program('haproxy'), ['-db', '-f', configuration], { log });
  await untilReady(proxy, { name: 'HAProxy', port, log });
  return { url: `http://127.0.0.1:${port}`, stop: proxy.stop };
}
