import { afterAll, beforeAll, test } from '@jest/globals';
import { Consumer } from './consumer.ts';

let consumer: Consumer;

beforeAll(async () => {
  consumer = await Consumer.create();
}, 120_000);

afterAll(() => consumer?.remove());

test('the contract of stores, on another store, under node:test', () => consumer.program('own-store.mjs'), 70_000);
