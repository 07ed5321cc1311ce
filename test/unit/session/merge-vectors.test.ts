import { expect, test } from '@jest/globals';
import { mergeVectors } from '../../helpers/merge-vectors.ts';
import { mergeInNode } from '../../helpers/php-merge.ts';

test.each(mergeVectors)('%s', (_, input, expected) => {
  expect(mergeInNode(input)).toEqual(expected);
});
