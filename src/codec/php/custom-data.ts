const COLON = 0x3a;
const SEMICOLON = 0x3b;

/**
 * Whether an `r:` or `R:` may stand in the data of a `C:`, hidden from all but its class: a class that calls `serialize()` in its own
 * `serialize()` shares the numbers of the session (php-src: `php_var_serialize_init`). Text that only looks like one counts too.
 *
 * @param onlySets whether `r:` does not matter, which means objects, wherever they are
 */
export function holdsReference(data: Uint8Array, start: number, end: number, onlySets: boolean = false): boolean {
  for (let at = start + 1; at < end; at++) {
    if (data[at] !== COLON) continue;
    const letter = data[at - 1];
    if (letter !== 0x52 && (letter !== 0x72 || onlySets)) continue;
    let behind = at + 1;
    while (isDigit(data[behind]!)) behind++;
    if (behind > at + 1 && behind < end && data[behind] === SEMICOLON) return true;
  }
  return false;
}

export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
