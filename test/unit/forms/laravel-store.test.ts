import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { decodeSession, encodeSession } from '../../../src/codec/index.ts';
import { json } from '../../../src/formats.ts';
import { laravelClasses, laravelSession } from '../../../src/forms/laravel.ts';
import { type Case, comparable, runInNode } from '../../applications/shared/laravel-store.mjs';

// What Laravel's own Store has made of calls (`npm run test:applications -- --record`): Node makes the same of them.

const all: Record<string, (Case & { result: string })[]> = JSON.parse(
  readFileSync(join(__dirname, '../../../fixtures/forms.json'), 'utf8'),
);
const codec = { decodeSession, encodeSession, laravelSession, laravelClasses, json };

describe.each(Object.entries(all))('%s', (_, cases) => {
  test.each(cases.map((one, i) => [i, one] as const))('session %i', (_, one) => {
    const { serialization, result } = one;
    const [ours, theirs] = [runInNode(one, codec), result].map((it) => comparable(it, serialization, codec));
    expect(ours).toEqual(theirs);
  });

  test('among them are messages, errors and what was typed', () => {
    const methods = new Set(cases.flatMap(({ calls }) => calls.map(([method]) => method)));
    expect([...methods].sort()).toEqual(
      [
        ...['flash', 'flashInput', 'forget', 'keep', 'now', 'pull', 'put', 'reflash', 'setPreviousUrl', 'withErrors'],
      ].sort(),
    );
  });
});
