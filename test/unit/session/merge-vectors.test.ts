import { expect, test } from '@jest/globals';
import { mergeVectors } from '../../helpers/merge-vectors.mjs';
import { mergeInNode } from '../../helpers/php-merge.ts';

test.each(mergeVectors)('%s', (_, input, expected) => {
  expect(mergeInNode(input)).toEqual(expected);
});

const ofPhp7 = mergeVectors.filter(([, , expected, php7]) => php7 !== expected);
test.each(ofPhp7)('%s, for PHP 7', (_, input, _expected, php7) => {
  expect(mergeInNode(input, '7.4')).toEqual(php7);
});
