import fc from 'fast-check';
import { PhpArray, PhpFloat, PhpObject } from '../../src/codec/index.ts';

/** The class of the objects below; it has to be registered to be written. */
export const className = 'App\\Any';

const keys = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.constantFrom(
    '__proto__',
    'toString',
    'length',
    '5',
    '05',
    '-0',
    '-7',
    '9223372036854775807',
    '9223372036854775808',
  ),
);

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('', '|', '";}', 'é', '\0', 'i:1;', '\ufeff'),
);

/** Values without containers that come back equal in the plain view. */
export const scalars = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
  text,
);

/** What an application may put into a session, without anything of PHP's own. */
export const plainValues: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalars,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(keys, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

/** All that can be written, PHP's own types included. */
export const values: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalars,
    fc.uint8Array({ maxLength: 6 }),
    fc.double().map((value) => new PhpFloat(value)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(keys, tie('value'), { maxKeys: 4, noNullPrototype: true }),
    fc.array(fc.tuple(keys, tie('value')), { maxLength: 4 }).map((entries) => new PhpArray(entries)),
    fc
      .array(fc.tuple(fc.constantFrom('a', 'b', '\0*\0c', '\0App\\Any\0d', '5'), tie('value')), { maxLength: 4 })
      .map((entries) => new PhpObject(className, entries)),
  ),
})).value;

/** Names that the format php can hold. */
export const names = keys.filter((key) => !key.includes('|') && !/^(0|-?[1-9]\d*)$/.test(key));

export const sessions = fc.dictionary(names, values, { maxKeys: 5, noNullPrototype: true });
export const plainSessions = fc.dictionary(names, plainValues, { maxKeys: 5, noNullPrototype: true });
