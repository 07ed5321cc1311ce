import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { RequestMode } from '../../src/middleware/koa.ts';
import { type Handler, Site } from './koa-helpers.ts';
import { storeOn, Witness } from './mysql-store-helpers.ts';

// What a row gets of the visitor who begins the session: through Koa, into columns that the option `row` names.

const table = 'koa_visitor';
const insert = {
  ip_address: ({ address = '' }) => address,
  user_agent: ({ userAgent = '' }) => userAgent,
};
let witness: Witness;

beforeAll(async () => {
  witness = await Witness.connect();
  await witness.table(
    table,
    `CREATE TABLE ${table} (id VARBINARY(128) PRIMARY KEY, data MEDIUMBLOB NOT NULL, usetime INT UNSIGNED NOT NULL,
       ip_address VARCHAR(45) NOT NULL, user_agent VARCHAR(20) NOT NULL, KEY (usetime)) ENGINE=InnoDB`,
  );
});
afterAll(() => witness.end());

const begin: Handler = (ctx) => {
  ctx.session.n = 1;
};

interface Columns {
  ip_address: string;
  user_agent: string;
}

/** What the row of a session has that a visitor with these headers begins. */
async function begun(
  headers: Record<string, string>,
  { proxy = false, mode = 'exclusive' as RequestMode, id = '' } = {},
) {
  const store = storeOn(table, { row: { insert } });
  const site = await Site.start({ store, mode });
  site.app.proxy = proxy;
  try {
    await witness.query(`DELETE FROM ${table}`);
    const sent = site.begin(begin, id === '' ? {} : { id }, { headers });
    sent.end();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    answer.resume();
    await once(answer, 'end');
    expect([answer.statusCode, site.errors]).toEqual([200, []]);
    const rows = await witness.query(`SELECT ip_address, user_agent FROM ${table} WHERE id NOT LIKE '<%'`);
    return rows as unknown as Columns[];
  } finally {
    await site.stop();
    await store.close();
  }
}

describe.each<RequestMode>(['exclusive', 'merge'])('in the mode %s', (mode) => {
  test('a new session: address and user agent', async () => {
    const rows = await begun({ 'user-agent': 'Lynx' }, { mode });
    expect(rows).toEqual([{ ip_address: '127.0.0.1', user_agent: 'Lynx' }]);
  });

  test('an id of the browser that has no row yet, in loose mode', async () => {
    const rows = await begun({ 'user-agent': 'Lynx' }, { mode, id: 'a'.repeat(32) });
    expect(rows).toEqual([{ ip_address: '127.0.0.1', user_agent: 'Lynx' }]);
  });
});

test('no user agent', async () => {
  expect(await begun({})).toEqual([{ ip_address: '127.0.0.1', user_agent: '' }]);
});

test('X-Forwarded-For counts with app.proxy alone: a visitor cannot choose an address', async () => {
  const forged = { 'x-forwarded-for': '203.0.113.9' };
  expect(await begun(forged)).toEqual([{ ip_address: '127.0.0.1', user_agent: '' }]);
  expect(await begun(forged, { proxy: true })).toEqual([{ ip_address: '203.0.113.9', user_agent: '' }]);
});

test('an IPv4 address as PHP has it, also where the server listens on IPv6', async () => {
  const rows = await begun({ 'x-forwarded-for': '::ffff:203.0.113.9' }, { proxy: true });
  expect(rows).toEqual([{ ip_address: '203.0.113.9', user_agent: '' }]);
});

test('hostile ones are data: cut where the column ends', async () => {
  const userAgent = `'; DROP TABLE ${table}; -- and more than fits`;
  const rows = await begun({ 'user-agent': userAgent, 'x-forwarded-for': `${"'".repeat(60)}` }, { proxy: true });
  expect(rows).toEqual([{ ip_address: "'".repeat(45), user_agent: userAgent.slice(0, 20) }]);
});
