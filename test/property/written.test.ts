import { fc, test } from '@fast-check/jest';
import { expect } from '@jest/globals';
import { decodeSession, encodeSession, PhpSessionError } from '../../src/codec/index.ts';
import { classes, enough, mixtures } from '../helpers/mixtures.ts';

// Beyond the limits: whatever is written is read, with the same options.

const formats = fc.constantFrom('php' as const, 'php_binary' as const, 'php_serialize' as const);
const options = fc.record(
  { format: formats, phpVersion: fc.constantFrom('7.2' as const, '8.5' as const), serializePrecision: fc.constantFrom(-1 as const, 17 as const) }, // biome-ignore format: short
);

function written(run: () => Uint8Array): Uint8Array | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof PhpSessionError) return undefined;
    throw error;
  }
}

let tries = 0;
let successes = 0;

test.prop([mixtures, options], { numRuns: 500 })('a new session of all that there is', (session, given) => {
  tries++;
  const bytes = written(() => encodeSession(session, { classes, ...given }));
  if (bytes === undefined) return;
  successes++;
  const read = decodeSession(bytes, { ...given, classes: [] });
  Object.values(read);
  expect(Buffer.from(encodeSession(read, given)).equals(bytes)).toBe(true);
  decodeSession(bytes, { ...given, view: 'exact' });
});

test.prop([mixtures, mixtures, options], { numRuns: 500 })('put into one that was read', (before, session, given) => {
  tries++;
  const bytes = written(() => encodeSession(before, { classes, ...given }));
  if (bytes === undefined) return;
  const read = decodeSession(bytes, given);
  const again = written(() => encodeSession(Object.assign(read, session), { classes, ...given }));
  if (again === undefined) return;
  successes++;
  Object.values(decodeSession(again, given));
});

test('enough of them could be written', () => expect(successes / tries).toBeGreaterThan(enough));
