import { mask } from '../mask.ts';

/** Bytes that are shown before and after the offset. */
const AROUND = 60;

/** Part of a row: the beginning, or what is around an offset, which is marked. Masked, or as in a string of C. */
export function excerpt(session: Uint8Array, offset: number | undefined, reveals: boolean): string {
  const at = offset ?? 0;
  const [from, to] = [Math.max(0, at - AROUND), Math.min(session.length, at + AROUND)];
  // All of it, as what a byte is depends on those before it. Not for megabytes, of which a part is shown anyway.
  const shown = reveals ? undefined : mask(session.subarray(0, Math.min(session.length, to + 4_096)));
  const part = (start: number, end: number) =>
    shown === undefined ? escaped(session.subarray(start, end)) : shown.slice(start, end);
  const mark = offset === undefined ? '' : ' <here> ';
  return `${from > 0 ? '…' : ''}${part(from, at)}${mark}${part(at, to)}${to < session.length ? '…' : ''}`;
}

const escaped = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) =>
    byte >= 0x20 && byte < 0x7f && byte !== 0x5c
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).padStart(2, '0')}`,
  ).join('');
