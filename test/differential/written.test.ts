import { test } from '@fast-check/jest';
import { afterAll, beforeAll, expect } from '@jest/globals';
import { encodeSession, PhpSessionError } from '../../src/codec/index.ts';
import { classes, enough, mixtures } from '../helpers/mixtures.ts';
import { PhpOracle } from '../helpers/php-oracle.ts';

// Whatever is written, PHP reads.

let php: PhpOracle;
let tries = 0;
let successes = 0;
beforeAll(async () => {
  php = new PhpOracle();
  const code = `enum Suit { case Hearts; case Spades; }
    class Token implements Serializable { public $d; function serialize() { return $this->d; } function unserialize($d) { $this->d = $d; } }`;
  expect(await php.one('eval', code)).toMatchObject({ ok: true });
});
afterAll(() => php.close());

test.prop([mixtures], { numRuns: 1000 })('a session of all that there is', async (session) => {
  let bytes: Uint8Array;
  tries++;
  try {
    bytes = encodeSession(session, { classes });
  } catch (error) {
    if (error instanceof PhpSessionError) return;
    throw error;
  }
  successes++;
  expect(await php.one('session', bytes)).toMatchObject({ ok: true });
});

test('enough of them could be written', () => expect(successes / tries).toBeGreaterThan(enough));
