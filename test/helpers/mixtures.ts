import fc from 'fast-check';
import { PhpArray, PhpCustom, PhpEnum, PhpObject, PhpReference } from '../../src/codec/index.ts';
import { names, scalars } from './arbitraries.ts';

/** The classes of the values below; `Suit` is an enum with the cases `Hearts` and `Spades`, `Token` is `Serializable`. */
export const classes = ['stdClass', 'Suit', 'Token'];

/** At least this share of the sessions can be written. In the others a reference leads past a `C:`, or an enum is too new. */
export const enough = 0.2;

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 4 }),
  fc.constantFrom('r:1;', 'i:1;', '}', 'a:1:{').map((text) => new Uint8Array(Buffer.from(text))),
);
const special = fc.oneof(
  fc.constantFrom('Hearts', 'Spades').map((name) => new PhpEnum('Suit', name)),
  bytes.map((data) => new PhpCustom('Token', data)),
  bytes,
);

/** New values of all kinds, mixed. Some are in several places, also by PHP references. */
const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalars,
    special,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(names, tie('value'), { maxKeys: 3, noNullPrototype: true }),
    fc.array(fc.tuple(fc.oneof(names, fc.integer()), tie('value')), { maxLength: 3 }).map((entries) => new PhpArray(entries)), // biome-ignore format: short
    fc.array(fc.tuple(fc.constantFrom('a', 'b', '\0*\0c', '5', '', '\0'), tie('value')), { maxLength: 3 }).map((entries) => new PhpObject('stdClass', entries)), // biome-ignore format: short
    tie('value').map((inner) => new PhpReference(inner)),
    tie('value').map((inner) => [inner, inner]),
    tie('value').map((inner) => {
      const reference = new PhpReference(inner);
      return new PhpArray([['x', reference], ['y', reference], ['z', inner]]); // biome-ignore format: short
    }),
  ),
})).value;

export const mixtures = fc.dictionary(names, value, { maxKeys: 4, noNullPrototype: true });
