import { asBytes } from '../php/text.ts';
import { Tokenizer } from '../php/tokenizer.ts';

/** The numbers that some `R:` means. */
export function targetsIn(text: Uint8Array): Set<number> {
  const targets = new Set<number>();
  const tokens = new Tokenizer(asBytes(text), 0);
  /** How many elements of each open array or object still come. */
  const open: number[] = [];
  do {
    const letter = tokens.peek();
    if (letter === 0x61) {
      open.push(tokens.array());
    } else if (letter === 0x4f) {
      tokens.className();
      open.push(tokens.objectCount());
    } else if (letter === 0x52) {
      targets.add(tokens.reference());
    } else if (!tokens.skipCommon()) {
      tokens.scalar();
    }
    while (open[open.length - 1] === 0) {
      tokens.close();
      open.pop();
    }
    if (open.length > 0) {
      open[open.length - 1]!--;
      tokens.skipKey();
    }
  } while (open.length > 0);
  return targets;
}
