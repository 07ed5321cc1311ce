import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { bundleFile, phpBundle } from '../../tools/php-bundle.mjs';

test('php/bundle.php is what its sources give: `npm run build` makes it', () => {
  expect(readFileSync(bundleFile, 'utf8')).toBe(phpBundle());
});
