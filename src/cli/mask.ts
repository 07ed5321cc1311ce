/**
 * Shows what bytes of PHP are like without what is in them: letters become `x`, digits `0`, all other bytes `.`. What says how the data are built stays:
 * types, lengths, counts, brackets, numbers of references. The result has as many characters as there are bytes, so offsets fit.
 *
 * Names of variables, keys and classes are masked too, as they can be personal data.
 */
export function mask(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  let shown = '';
  for (let at = 0; at < text.length; ) {
    const piece = pieceAt(text, at);
    shown += piece.shown;
    at += piece.length;
  }
  return shown;
}

interface Piece {
  readonly shown: string;
  readonly length: number;
}

/** A string, or the class of an object, an enum or a `C:`, with its length. */
const counted = /([sSOCE]):(\d{1,10}):"/y;
/** What follows the name of a class: how many properties, or how many bytes of a class's own. */
const afterClass = /":\d{1,10}:\{/y;
/** An array, a reference, null: nothing of it is a value. */
const open = /a:\d{1,10}:\{|[rR]:\d{1,10};|N;|\}/y;
/** A number or a boolean: its type may be seen. */
const scalar = /[idb]:[^;"{}|]{1,40};/y;

function pieceAt(text: string, at: number): Piece {
  const head = matchAt(counted, text, at);
  if (head !== undefined) {
    const name = text.slice(at + head.length, at + head.length + Number(head.split(':')[1]));
    const after = head.startsWith('s') ? '' : (matchAt(afterClass, text, at + head.length + name.length) ?? '');
    return { shown: head + masked(name) + after, length: head.length + name.length + after.length };
  }
  const kept = matchAt(open, text, at);
  if (kept !== undefined) return { shown: kept, length: kept.length };
  const value = matchAt(scalar, text, at);
  if (value !== undefined) {
    return { shown: value.slice(0, 2) + masked(value.slice(2, -1)) + ';', length: value.length };
  }
  return { shown: /[:;{}"|]/.test(text[at]!) ? text[at]! : masked(text[at]!), length: 1 };
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

const masked = (text: string): string => text.replace(/[a-z]/gi, 'x').replace(/\d/g, '0').replace(/[^x0]/gs, '.');
