import { afterAll, beforeAll, test } from '@jest/globals';
import { Consumer } from './consumer.ts';

let consumer: Consumer;

beforeAll(async () => {
  consumer = await Consumer.create();
}, 240_000);

afterAll(() => consumer?.remove());

test('every entry but that of the store loads without Koa and mysql2, by import and by require', () =>
  consumer.program('entries.mjs'));

test('the contract of stores, on another store and under node:test', () => consumer.program('own-store.mjs'), 70_000);

test('both builds in one process behave as one', () => {
  consumer.install('koa', 'mysql2');
  return consumer.program('two-builds.mjs');
}, 70_000);
