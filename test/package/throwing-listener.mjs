// A listener that throws: what Node does then, and what becomes of the request.
import assert from 'node:assert/strict';
import { subscribe } from 'node:diagnostics_channel';
import { visit } from './signals-site.mjs';

const [catches] = process.argv.slice(2);
const heard = [];
for (const name of ['lock', 'release', 'commit', 'refuse']) {
  subscribe(`php-session-bridge:${name}`, () => {
    throw new Error(`of the listener of ${name}`);
  });
  subscribe(`php-session-bridge:${name}`, () => heard.push(name));
}
const caught = [];
if (catches) process.on('uncaughtException', (error) => caught.push(error.message));

const { answers } = await visit();
assert.deepEqual(answers, ['1', '2', '3', 500]);
assert.deepEqual(
  caught,
  heard.map((name) => `of the listener of ${name}`),
);
assert.equal(heard.length, 4 + 4 + 3 + 1);
