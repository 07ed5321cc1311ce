const COLON = 0x3a;
const SEMICOLON = 0x3b;

/**
 * Whether the data of a `C:` may contain an `r:` or `R:`. A class that calls `serialize()` in its own `serialize()` uses the numbers of
 * the session (php-src: `php_var_serialize_init`). Only the class can find them for sure, so text that looks like one counts too.
 */
export function holdsReference(data: Uint8Array, start: number, end: number): boolean {
  for (let at = start + 1; at < end; at++) {
    if (data[at] !== COLON) continue;
    const letter = data[at - 1];
    if (letter !== 0x52 && letter !== 0x72) continue;
    let next = at + 1;
    while (isDigit(data[next]!)) next++;
    if (next > at + 1 && next < end && data[next] === SEMICOLON) return true;
  }
  return false;
}

export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
