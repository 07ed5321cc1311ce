import { limitError } from '../php/errors.ts';
import type { Tokenizer } from '../php/tokenizer.ts';
import { needsReferences } from './back-references.ts';

/**
 * Checks a value and everything in it. It builds nothing.
 *
 * @param levels how many arrays and objects are around it
 * @param stops whether to throw `needsReferences` at the first reference
 * @throws PhpSessionError `ERR_PHP_SYNTAX`, `ERR_PHP_LIMIT`
 */
export function validate(tokens: Tokenizer, levels: number = 0, stops: boolean = false): void {
  /** For each container around the current one, the number of its elements that still come. */
  const outer: number[] = [];
  let left = 0;
  for (;;) {
    const token = tokens.peek();
    if (token === 0x61 || token === 0x4f) {
      const start = tokens.at;
      if (token === 0x4f) tokens.className();
      const count = token === 0x61 ? tokens.array() : tokens.objectCount();
      checkDepth(tokens, outer.length + levels, token === 0x4f || count > 0, start);
      outer.push(left);
      left = count;
    } else if (!tokens.skipCommon()) {
      tokens.scalar();
      if (stops && tokens.hasReferences) throw needsReferences;
    }
    while (left === 0) {
      if (outer.length === 0) return;
      tokens.close();
      left = outer.pop()!;
    }
    left--;
    tokens.skipKey();
  }
}

/**
 * PHP counts an array or object as a level, but not an empty array.
 *
 * @param levels how many arrays and objects are around it
 */
export function checkDepth(tokens: Tokenizer, levels: number, counts: boolean, start: number): void {
  if (counts && levels >= tokens.rules.maxDepth) throw limitError('maxDepth', tokens.rules, start);
}
