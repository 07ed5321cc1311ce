import { describe, expect, test } from '@jest/globals';
import { decodeSession, encodeSession, type SessionFormat } from '../../../src/codec/index.ts';
import { json } from '../../../src/formats.ts';
import { laravelSession } from '../../../src/forms/laravel.ts';
import { laravel } from '../../../src/presets/index.ts';
import { type ConflictRule, merge } from '../../../src/session/merge.ts';

const rule = laravel({ key: 'k'.repeat(32) }).session.onConflict as ConflictRule;
type Change = (session: ReturnType<typeof laravelSession>) => void;
// biome-ignore lint/suspicious/noExplicitAny: whatever is in a session
type Data = Record<string, any>;

describe.each<['php_serialize' | 'json', 'php_serialize' | SessionFormat]>([
  ['php_serialize', 'php_serialize'],
  ['json', json],
])('two requests at once, in %s', (_, format) => {
  const run = (bytes: Uint8Array, change: Change) => {
    const data = decodeSession<Data>(bytes, { format });
    change(laravelSession(data));
    return encodeSession(data, { format });
  };
  const page: Change = (session) => session.ageFlashData();
  const flash =
    (key: string, isLate = false): Change =>
    (session) => {
      if (isLate) session.ageFlashData();
      session.flash(key, `by ${key}`);
      session.ageFlashData();
    };
  /** What the next pages show, one after the other. */
  const pages = (bytes: Uint8Array) => {
    let now = bytes;
    return [1, 2, 3].map(() => {
      const { _flash, ...shown } = decodeSession<Data>(now, { format });
      now = run(now, page);
      return Object.keys(shown).sort();
    });
  };
  const none = encodeSession({ login: 1, _flash: { old: [], new: [] } }, { format });
  const before = run(encodeSession({ login: 1, _flash: { old: [], new: [] } }, { format }), flash('shown'));
  const gaps = encodeSession({ login: 1, shown: 'x', _flash: { old: { 3: 'shown' }, new: [] } }, { format });
  const byLaravel = encodeSession({ login: 1, shown: 'x', _flash: { old: [], new: ['shown'] } }, { format });

  test.each([
    ['one', page, flash('saved')],
    ['one, late', page, flash('saved', true)],
    ['both', flash('other'), flash('saved')],
    ['both, one late', flash('other', true), flash('saved')],
    ['the same', flash('saved'), flash('saved', true)],
  ] as [string, Change, Change][])('%s', (name, a, b) => {
    const expected = ['login', ...(name.startsWith('both') ? ['other'] : []), 'saved'];
    for (const start of [none, before, gaps, byLaravel]) {
      for (const [mine, theirs] of [
        [a, b],
        [b, a],
      ] as const) {
        const { data } = merge(start, run(start, mine), run(start, theirs), rule, { format });
        const [first, ...next] = pages(data);
        expect(first).toEqual(start === byLaravel ? [...expected, 'shown'] : expected);
        expect(next).toEqual([['login'], ['login']]);
      }
    }
  });

  test('of all else the value of this request counts', () => {
    const count = (n: number) => encodeSession({ n, _flash: 'strange', list: [n] }, { format });
    const { data } = merge(count(1), count(2), count(3), rule, { format });
    expect(Buffer.from(data).equals(count(2))).toBe(true);
  });
});
