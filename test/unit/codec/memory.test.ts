import { describe, expect, test } from '@jest/globals';
import * as codec from '../../../src/codec/index.ts';
import { enough, keepable, memoryHeld, readers } from '../../helpers/memory.mjs';

// Of 10,000 sessions that were read, one thing each is kept: a cache of names, a log. It must not keep the sessions.

for (const reader of Object.keys(readers) as (keyof typeof readers)[]) {
  describe.each([100, 8000])(`${reader}() of sessions with a value of %i bytes`, (size) => {
    for (const what of Object.keys(keepable)) {
      test(`${what} holds no more than itself`, () => {
        expect(memoryHeld(codec, reader, what, size)).toBeLessThan(enough);
      });
    }
  });
}
