import { type ByteString, decodeKey, decodeUtf8, isAscii } from './bytes.ts';
import { isFrom, type Source } from './source.ts';
import { parseFloatText, Tokens } from './tokens.ts';

/** An array that is compared; `left` keys are still to come. */
interface Frame {
  readonly list: readonly unknown[] | undefined;
  readonly map: Record<string, unknown> | undefined;
  left: number;
}

/**
 * Whether a value of the plain view is still what its token says, so that its text can be copied: most of what an
 * application looks at it does not change. Arrays and scalars only; with an object in it the answer is no, as
 * objects are counted when they are written.
 *
 * @param levels how many levels it may have: it may have been moved down
 * @returns where the text of the value ends, or -1
 */
export function unchangedUntil(source: Source, token: number, value: unknown, levels: number): number {
  const { text } = source;
  const tokens = new Tokens(text, token);
  const open: Frame[] = [];
  for (let current = value; ; ) {
    const at = tokens.at;
    switch (tokens.peek()) {
      case 0x73: // s
      case 0x53: // S
        if (!isSameString(tokens.string(), current)) return -1;
        break;
      case 0x69: // i
        if (tokens.int() !== current) return -1;
        break;
      case 0x62: // b
        if (current !== (text.charCodeAt(at + 2) === 0x31)) return -1;
        tokens.skip(4);
        break;
      case 0x4e: // N
        if (current !== null) return -1;
        tokens.skip(2);
        break;
      case 0x64: // d
        if (!Object.is(parseFloatText(tokens.floatText()), current)) return -1;
        break;
      case 0x61: {
        // a
        if (typeof current !== 'object' || current === null || !isFrom(current, source, at)) return -1;
        const left = tokens.arrayCount();
        if (Object.keys(current).length !== left || open.length === levels) return -1;
        const list = Array.isArray(current) ? current : undefined;
        open.push({ list, map: list === undefined ? (current as Record<string, unknown>) : undefined, left });
        break;
      }
      default:
        return -1;
    }

    let frame = open.at(-1);
    while (frame?.left === 0) {
      tokens.skip(1);
      open.pop();
      frame = open.at(-1);
    }
    if (frame === undefined) return tokens.at;
    const key = tokens.key();
    if (frame.list !== undefined) current = frame.list[key as number];
    else current = frame.map![typeof key === 'string' ? decodeKey(key) : String(key)];
    frame.left--;
  }
}

function isSameString(bytes: ByteString, value: unknown): boolean {
  if (typeof value === 'string') {
    // UTF-8 is longer than its text where it is not ASCII.
    return bytes.length === value.length ? bytes === value && isAscii(value) : decodeUtf8(bytes) === value;
  }
  return false;
}
