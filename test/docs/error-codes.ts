import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The members of the type `PhpSessionErrorCode`, read from the source, as types do not exist at run time. */
export function errorCodes(): string[] {
  const source = readFileSync(join(__dirname, '../../src/errors.ts'), 'utf8');
  const [, union] = /type PhpSessionErrorCode =([^;]+);/.exec(source)!;
  return [...union!.matchAll(/'(\w+)'/g)].map(([, code]) => code!);
}
