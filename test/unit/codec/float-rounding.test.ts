import { expect, test } from '@jest/globals';
import { floatText } from '../../../src/codec/php/float-text.ts';

// Recorded from PHP: serialize() with serialize_precision=17. JavaScript rounds ties upwards, PHP to the even digit.
test.each([
  ['430108513166762.125', '430108513166762.12'],
  ['430108513166762.375', '430108513166762.38'],
  ['-430108513166762.375', '-430108513166762.38'],
  ['123456789012345.6875', '123456789012345.69'],
  ['0.00009999999999999999', '9.9999999999999991E-5'],
  ['0.3', '0.29999999999999999'],
])('17 digits of %s', (value, text) => {
  expect(floatText(Number(value), 17)).toBe(text);
});

test.each([
  [1e-305, '1.0E-305'],
  [1e-14, '1.0E-14'],
  [1e98, '1.0E+98'],
  [-1e220, '-1.0E+220'],
])('17 digits of %p: seventeen nines are rounded up to the next power of ten', (value, text) => {
  expect(value.toExponential(100)).toMatch(/^-?9\.9{16}/);
  expect(floatText(value, 17)).toBe(text);
});
