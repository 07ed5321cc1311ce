import { fc, test } from '@fast-check/jest';
import { describe, expect } from '@jest/globals';
import { decodeSession, encodeSession, PhpArray, PhpSessionError } from '../../src/codec/index.ts';
import { merge } from '../../src/session/merge.ts';
import { RandomPhp } from '../helpers/random-php.ts';

/** Maps whose keys are strings are gone into; everything else is one piece. */
type Tree = { [key: string]: Tree | number | readonly number[] };

const key = fc.constantFrom('a', 'b', 'c', 'd');
const piece = fc.oneof(
  fc.integer({ min: 0, max: 3 }),
  fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 2 }),
);
const tree: fc.Arbitrary<Tree> = fc.letrec<{ tree: Tree; value: Tree[string] }>((tie) => ({
  tree: fc.dictionary(key, tie('value'), { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
  value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, piece, tie('tree')),
})).tree;

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);
const same = (a: unknown, b: unknown) => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
const sorted = (value: unknown): unknown =>
  isTree(value)
    ? Object.fromEntries(
        Object.keys(value)
          .sort()
          .map((name) => [name, sorted(value[name])]),
      )
    : value;

/** What is to come out, by the simplest means. Where both have changed a piece, mine wins. */
function model(base: Tree | undefined, mine: Tree, theirs: Tree, conflicts: string[], path: string): Tree {
  const result: Tree = {};
  for (const name of new Set([...Object.keys(theirs), ...Object.keys(mine)])) {
    const [b, m, t] = [base?.[name], mine[name], theirs[name]];
    const inner = `${path}/${name}`;
    if (isTree(m) && isTree(t) && (b === undefined || isTree(b))) {
      result[name] = model(b, m, t, conflicts, inner);
      continue;
    }
    const [mineChanged, theirsChanged] = [!same(m, b), !same(t, b)];
    if (mineChanged && theirsChanged && !same(m, t)) conflicts.push(inner);
    const chosen = mineChanged ? m : t;
    if (chosen !== undefined) result[name] = chosen;
  }
  return result;
}

const run = (base: Tree, mine: Tree, theirs: Tree) => {
  const [b, m, t] = [base, mine, theirs].map((session) => encodeSession(session)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  return merge(b, m, t, 'mine', {});
};
const plain = (data: Uint8Array) => JSON.parse(JSON.stringify(decodeSession(data)));

describe('a merge of two changes', () => {
  test.prop([tree, tree, tree])('is that of the model', (base, mine, theirs) => {
    const conflicts: string[] = [];
    const expected = model(base, mine, theirs, conflicts, '');
    const merged = run(base, mine, theirs);
    // An empty map is an empty list in PHP.
    expect(sorted(emptyAsList(plain(merged.data)))).toEqual(sorted(emptyAsList(expected)));
    expect(merged.conflicts.map((path) => `/${path.join('/')}`).sort()).toEqual(conflicts.sort());
  });

  test.prop([tree, tree])('without another change is the change itself', (base, mine) => {
    expect(sorted(plain(run(base, mine, base).data))).toEqual(sorted(mine));
    expect(Buffer.from(run(base, base, mine).data)).toEqual(Buffer.from(encodeSession(mine)));
  });

  test.prop([tree, tree])('with the same change is that change', (base, mine) => {
    expect(run(base, mine, mine)).toEqual({ data: encodeSession(mine), conflicts: [] });
  });
});

function emptyAsList(value: unknown): unknown {
  if (!isTree(value)) return value;
  const entries = Object.entries(value);
  return entries.length === 0 ? [] : Object.fromEntries(entries.map(([name, inner]) => [name, emptyAsList(inner)]));
}

test.prop([fc.integer(), fc.constantFrom('php' as const, 'php_binary' as const, 'php_serialize' as const)])(
  'references and objects in two places are what they were, with new numbers',
  (seed, format) => {
    const exact = (bytes: Uint8Array) => decodeSession(bytes, { format, view: 'exact' });
    const random = new RandomPhp(seed).session(format);
    const base = unlessRefused(() => encodeSession(exact(random), { format }));
    fc.pre(base !== undefined);
    const mine = unlessRefused(() => encodeSession(Object.assign(decodeSession(base, { format }), { '~mine': 1 })));
    const theirs = unlessRefused(() => {
      const literalKeys = format !== 'php_serialize';
      return encodeSession(new PhpArray([['~theirs', [1, 2]], ...exact(base)], { literalKeys }), { format });
    });
    fc.pre(mine !== undefined && theirs !== undefined);
    const merged = exact(merge(base, mine, theirs, 'error', { format }).data);
    expect([merged.delete('~mine'), merged.delete('~theirs')]).toEqual([true, true]);
    expect(encodeSession(merged, { format })).toEqual(base);
  },
);

/** An object that serialized itself (`C:`) keeps its session from being written with other numbers. */
function unlessRefused(write: () => Uint8Array): Uint8Array | undefined {
  try {
    return write();
  } catch (error) {
    if (error instanceof PhpSessionError) return undefined;
    throw error;
  }
}
