import { describe, expect, test } from '@jest/globals';
import { enough, keepable, memoryHeld, readers } from '../../../bench/memory.mjs';
import * as codec from '../../../src/codec/index.ts';

// Of 10,000 sessions that were read, one thing each is kept: a cache of names, a log. It must not keep the sessions.

/** What still keeps its whole session: V8 makes strings of 13 characters and more a view of the text that they were cut from. */
const keepsSession = ['a string of 30 characters', 'a string that is not ASCII'];

for (const reader of Object.keys(readers) as (keyof typeof readers)[]) {
  describe.each([100, 8000])(`${reader}() of sessions with a value of %i bytes`, (size) => {
    for (const what of Object.keys(keepable)) {
      (keepsSession.includes(what) ? test.failing : test)(`${what} holds no more than itself`, () => {
        expect(memoryHeld(codec, reader, what, size)).toBeLessThan(enough);
      });
    }
  });
}
