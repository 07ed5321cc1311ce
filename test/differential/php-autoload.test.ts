import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { bundled } from '../../tools/php-bundle.mjs';

const classes = [...bundled, 'SessionHandler', 'Collector', 'Database/MysqliDriver', 'Merge/ThreeWayMerge'];

test.each(classes)('Composer can load %s before the handler', (name) => {
  const script = join(__dirname, 'php-autoload.php');
  const ini = ['-d', 'display_errors=1'];
  const loaded = execFileSync('php', [...ini, script, `PhpSessionBridge\\${name.replaceAll('/', '\\')}`], {
    encoding: 'utf8',
  });
  expect(loaded).toBe('loaded');
});
