import { readKey } from '../php/text.ts';
import type { Translation } from './translation.ts';

/** Finds arrays that were one array in the session that was read, and are still equal. */
export class CopyFinder {
  readonly #texts: Set<string> = new Set();
  readonly #lengths: Set<number> = new Set();
  /** The number of the first one of each text. */
  readonly #numbers: Map<string, number> = new Map();

  constructor({ text, copies }: Translation) {
    /** For each text, how many arrays with it were no copies. */
    const others = new Map<string, number>();
    for (const { start, end } of copies) {
      const content = readKey(text, start, end);
      others.set(content, (others.get(content) ?? occurrences(text, start, end)) - 1);
      this.#lengths.add(end - start);
    }
    // If there is more than the original, nothing tells which arrays are copies now.
    for (const [content, count] of others) if (count === 1) this.#texts.add(content);
  }

  /** The number of the first array with this text: this number, if there is none, or if it was no copy. */
  find(text: Uint8Array, start: number, end: number, number: number): number {
    if (!this.#lengths.has(end - start)) return number;
    const content = readKey(text, start, end);
    if (!this.#texts.has(content)) return number;
    const first = this.#numbers.get(content);
    if (first === undefined) this.#numbers.set(content, number);
    return first ?? number;
  }
}

/** How often the text has the same bytes as in this part; 0 if it would take too long to find out. */
function occurrences(text: Uint8Array, start: number, end: number): number {
  let count = 0;
  let steps = 0;
  for (let from = text.indexOf(text[start]!); from >= 0; from = text.indexOf(text[start]!, from + 1)) {
    let size = 1;
    while (size < end - start && text[from + size] === text[start + size]) size++;
    if (size === end - start) count++;
    steps += size;
    if (steps > text.length * 4) return 0;
  }
  return count;
}
