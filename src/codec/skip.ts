import { limit, type Tokens } from './tokens.ts';

/**
 * Checks a value, and everything in it, without building it.
 *
 * @param levels how many arrays and objects it is in
 * @throws PhpSessionError `ERR_PHP_SYNTAX`, `ERR_PHP_LIMIT`
 */
export function skip(tokens: Tokens, levels: number = 0): void {
  /** How many elements are still to come, in each container around the current one. */
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
    } else {
      tokens.skipScalar();
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
 * PHP counts the levels of what has elements, and of an empty object, but not of an empty array.
 *
 * @param levels how many arrays and objects it is in
 */
export function checkDepth(tokens: Tokens, levels: number, counts: boolean, start: number): void {
  if (counts && levels >= tokens.rules.maxDepth) throw limit('maxDepth', tokens.rules, start);
}
