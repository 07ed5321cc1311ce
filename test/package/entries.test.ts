import { afterAll, beforeAll, test } from '@jest/globals';
import { Consumer } from './consumer.ts';

let consumer: Consumer;

beforeAll(async () => {
  consumer = await Consumer.create();
}, 240_000);

afterAll(() => consumer?.remove());

test('every entry but those of the store and of a Horde cipher loads without any peer, and is one thing for import and require', () =>
  consumer.program('entries.mjs'));

test('the contract of stores, on another store and under node:test', () => consumer.program('own-store.mjs'), 70_000);
