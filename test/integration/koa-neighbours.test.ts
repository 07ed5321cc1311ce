import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { newId } from '../../src/testing/leases.ts';
import { binaryTable, type Harness, startHarness } from '../php/harness.ts';
import { type Handler, Site, storeOf } from './koa-helpers.ts';

/** No session is made in a table in which PHP's side packs its own in another way: PHP could not read it. */
const table = binaryTable();
let php: Harness;

beforeAll(async () => {
  php = await startHarness([table]);
});
afterAll(() => php.stop());
beforeEach(() => php.sql(`DELETE FROM ${table.name}`));

const base64 = (text: string) => Buffer.from(text).toString('base64');
const put = (data: string) => php.put(table, newId(), data);
const store: Handler = (ctx) => {
  ctx.session.user = 'bob';
};

describe.each(['exclusive', 'merge'] as const)('in the mode %s', (mode) => {
  async function answers(...cookies: ({ id: string } | undefined)[]) {
    const site = await Site.start({ store: storeOf(table), mode });
    await site.ask(() => undefined, { id: newId() }); // connects: rows are looked at for a second at most
    const statuses: number[] = [];
    for (const cookie of cookies) statuses.push((await site.ask(store, cookie)).status);
    const errors = site.errors.splice(0) as (Error & { code: string })[];
    await site.stop();
    return { statuses, errors };
  }

  test.each([
    ['base64 of php_serialize, as Laravel', base64('a:1:{s:4:"user";s:5:"alice";}')],
    ['base64 of php, as Roundcube', base64('user|s:5:"alice";')],
    ['JSON', '{"user":"alice"}'],
    ['igbinary', Buffer.from('00000002140111016e0601', 'hex').toString('latin1')],
  ])('%s: refused, and the error says what is there', async (_, data) => {
    for (let row = 1; row <= 3; row++) await put(data);
    const { statuses, errors } = await answers(undefined, { id: newId() }, undefined);
    expect(statuses).toEqual([500, 500, 500]);
    for (const { code, message } of errors) {
      expect([code, message]).toEqual(['ERR_SESSION_TABLE', expect.stringContaining('no session was made')]);
      expect(message).not.toMatch(/alice|user/);
    }
    expect(await php.count(table)).toBe(3);
  });

  test('after rows that logouts have left: refused too', async () => {
    const site = await Site.start({ store: storeOf(table), mode });
    for (let row = 1; row <= 25; row++) {
      const id = newId();
      await php.put(table, id, base64('user|s:5:"alice";'));
      expect((await site.ask((ctx) => ctx.phpSession.destroy(), { id })).status).toBe(200);
    }
    await site.stop();
    await php.put(table, `x${newId()}`, base64('user|s:5:"alice";')); // after them in the index
    expect((await answers(undefined)).statuses).toEqual([500]);
  });

  test('a page that stores nothing, and a session that is there, are served', async () => {
    const id = newId();
    for (let row = 1; row <= 3; row++) await put(base64('user|s:5:"alice";'));
    const site = await Site.start({ store: storeOf(table), mode });
    expect((await site.ask((ctx) => ctx.session, { id })).status).toBe(200);
    await php.put(table, id, 'a|i:1;');
    expect((await site.ask(store, { id })).status).toBe(200);
    expect(await php.row(table, id)).toBe('a|i:1;user|s:3:"bob";');
    await site.stop();
  });

  test.each([
    ['there are no rows', []],
    ['all are empty', ['', '']],
    ['one can be read', [base64('user|s:5:"alice";'), 'a|i:1;']],
    ['they are in another of PHP’s formats', ['a:1:{s:4:"user";s:5:"alice";}']],
    ['they are damaged', ['user|s:5:"ali', '\x01\x02']],
  ])('%s: a session is made', async (_, rows) => {
    for (const row of rows) await put(row);
    const { statuses } = await answers(undefined, { id: newId() });
    expect(statuses).toEqual([200, 200]);
    expect(await php.count(table)).toBe(rows.length + 2);
  });
});

test('they are looked at once, and again as long as they do not fit', async () => {
  let asked = 0;
  const inner = storeOf(table);
  const sample = inner.sample!.bind(inner);
  inner.sample = () => {
    asked++;
    return sample();
  };
  await put('{"user":"alice"}');
  const site = await Site.start({ store: inner });
  const seen = [];
  for (let time = 1; time <= 5; time++) {
    if (time === 3) await php.sql(`DELETE FROM ${table.name}`);
    seen.push([(await site.ask(store)).status, asked]);
  }
  expect(seen).toEqual([
    [500, 1],
    [500, 2],
    [200, 3], // the table is empty
    [200, 4],
    [200, 4],
  ]);
  await site.stop();
});
