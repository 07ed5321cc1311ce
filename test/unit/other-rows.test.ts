import { expect, test } from '@jest/globals';
import { now } from '../../src/stores/mysql/now.ts';
import { type MysqlStoreOptions, readOptions } from '../../src/stores/mysql/options.ts';
import { numbersOf, type SampledRow, sampledColumns, whyOthers } from '../../src/stores/mysql/other-rows.ts';
import type { Column, TableDefinition } from '../../src/stores/mysql/table-definition.ts';

const definition = (type: string) => ({ time: { type } as Column }) as TableDefinition;

/** What is said of rows with these keys and moments. */
function why(options: Partial<MysqlStoreOptions>, rows: [key: string, ...moments: (number | null)[]][], type = 'int') {
  const settings = readOptions({ connection: 'mysql://u@127.0.0.1/app', ...options });
  const sampled = rows.map((row): SampledRow => [new Uint8Array(), ...row]);
  return whyOthers(settings, numbersOf(settings, definition(type)), sampled);
}
const id = 'a'.repeat(32);
const ids = 'their ids are not such as row.id and row.key make';

test('ids: one that is as ours is enough, and no row says nothing', () => {
  expect(why({}, [])).toBeUndefined();
  expect(why({}, [['a:b']])).toBe(ids);
  expect(why({}, [['a:b'], [id]])).toBeUndefined();
});

test('ids with a prefix', () => {
  const row = { key: (it: string) => `ci:${it}`, id: /[0-9a-f]{32}/ };
  expect(why({ row }, [[id]])).toBe(ids);
  expect(why({ row }, [[`ci:${id}0`], ['ci:']])).toBe(ids);
  expect(why({ row }, [[`ci:${id}`]])).toBeUndefined();
  expect(why({ row }, [[`shop:${id}`]])).toBeUndefined();
  expect(why({ row: { key: (it) => `ci${it}` } }, [['a:b']])).toBeUndefined();
});

test('a hash has its length, and a key() that takes no such id says nothing', () => {
  expect(why({ row: { key: () => 'h'.repeat(43) } }, [[id]])).toBe(ids);
  expect(why({ row: { key: () => 'h'.repeat(43) } }, [['x'.repeat(43)]])).toBeUndefined();
  const key = () => {
    throw new Error('no');
  };
  expect(why({ row: { key } }, [['a:b']])).toBeUndefined();
});

test('a time column that holds spans', () => {
  const options = { timeMeaning: 'expiresAt', columns: { time: 'expires' } } as const;
  expect(why(options, [[id, 0]])).toBe('expires holds no times');
  expect(why(options, [[id, null]])).toBeUndefined();
  expect(
    why(options, [
      [id, 0],
      [id, 1],
    ]),
  ).toBeUndefined();
  expect(why({ ...options, timeMeaning: 'lastUsed' }, [[id, 0]])).toBeUndefined();
  expect(why(options, [[id]], 'timestamp')).toBeUndefined();
});

test('a column that holds times, and gets a span, or the other way round', () => {
  const row = (value: number) => ({ insert: { lives: value, nothing: 0, at: now } });
  expect(why({ row: row(1440) }, [[id, 1]])).toBe('lives holds times, unlike row.insert.lives');
  expect(why({ row: row(1440) }, [[id, 0]])).toBeUndefined();
  expect(why({ row: row(1_700_000_000) }, [[id, 0]])).toBe('lives holds no times, unlike row.insert.lives');
});

test('SQL gives a column for each of these', () => {
  const settings = readOptions({ connection: 'mysql://u@127.0.0.1/app', row: { insert: { lives: 1440 } } });
  expect(sampledColumns(settings, definition('int'))).toEqual([
    'CAST(`id` AS CHAR CHARACTER SET utf8mb4)',
    '`lives` >= 1000000000',
  ]);
});
