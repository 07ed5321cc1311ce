import { afterAll, beforeAll, test } from '@jest/globals';
import { Consumer } from './consumer.ts';

let consumer: Consumer;

beforeAll(async () => {
  consumer = await Consumer.create();
}, 240_000);

afterAll(() => consumer?.remove());

test('every entry but that of the store loads without Koa and mysql2, and is one thing for import and require', () =>
  consumer.program('entries.mjs'));

test('the contract of stores, on another store and under node:test', () => consumer.program('own-store.mjs'), 70_000);
