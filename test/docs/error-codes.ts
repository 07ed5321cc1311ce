import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The members of the type `PhpSessionErrorCode`, as they stand in the source; types are not there at run time. */
export function errorCodes(): string[] {
  const source = readFileSync(join(__dirname, '../../src/errors.ts'), 'utf8');
  const [, union] = /type PhpSessionErrorCode =([^;]+);/.exec(source)!;
  return [...union!.matchAll(/'(\w+)'/g)].map(([, code]) => code!);
}
