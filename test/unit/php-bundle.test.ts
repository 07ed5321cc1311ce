import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { bundled, bundleFile, phpBundle } from '../../tools/php-bundle.mjs';
import { root } from '../../tools/setup.mjs';

test('php/bundle.php is what its sources give: `npm run build` makes it', () => {
  expect(readFileSync(bundleFile, 'utf8')).toBe(phpBundle());
});

test('Composer finds the classes of the bundle in it alone, as a class that is declared twice ends the request', () => {
  const { autoload } = JSON.parse(readFileSync(join(root, 'php/composer.json'), 'utf8'));
  expect(autoload.classmap).toEqual(['bundle.php']);
  expect(autoload['exclude-from-classmap']).toEqual(bundled.map((name) => `src/${name}.php`));
});
