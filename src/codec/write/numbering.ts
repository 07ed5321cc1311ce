import { holdsReference } from '../php/custom-data.ts';
import { Tokenizer } from '../php/tokenizer.ts';
import { exactToken, noToken } from '../source/origins.ts';
import { originOf, type Source } from '../source/source.ts';
import { isObject, isPhpCustom, type PhpCustom } from '../values.ts';
import type { Entries } from './entries.ts';
import { matchSource } from './match-source.ts';

/**
 * Whether values keep the numbers that they had when they were read. If the data of a `C:` contain references, only its class can renumber
 * them. So such a `C:` is written only if each number before it still means the same: the same object, or, for any other value, the same
 * place.
 */
export class Numbering {
  readonly #source: Source;
  /** By number, minus 1. */
  readonly #tokens: readonly number[];
  #isKept = true;
  /**
   * Whether an `R:` could mean another place now, because an object or array has moved, or elements of a list have changed and so may
   * have moved.
   */
  #placesMoved = false;

  constructor(source: Source, tokens: readonly number[]) {
    this.#source = source;
    this.#tokens = tokens;
  }

  /**
   * The writer must add every value that takes a number, in order.
   *
   * @param token what stood at its place
   */
  add(number: number, value: unknown, entries: Entries, index: number, token: number): void {
    if (!this.#isKept) return;
    const place = entries.places?.[index] ?? (entries.source === this.#source ? token : noToken);
    this.#isKept = this.#isSame(this.#tokens[number - 1] ?? noToken, value, place, entries.kind === 'list');
  }

  /** Whether the references in the data of a `C:`, which was added last, still mean the same. */
  keeps({ data }: PhpCustom): boolean {
    return this.#isKept && !(this.#placesMoved && holdsReference(data, 0, data.length, true));
  }

  #isSame(before: number, value: unknown, place: number, inList: boolean): boolean {
    const source = this.#source;
    if (before < 0) return false;
    const first = source.bytes[place] === 0x52 ? source.references!.targets.get(place) : place;
    const isSamePlace = first === before;
    const at = source.resolve(before);
    if (isObject(value)) {
      const from = originOf(value);
      if (from !== undefined) {
        if (!isSamePlace) this.#placesMoved = true;
        const own = from.at < 0 ? exactToken(from.at) : from.at;
        return from.source === source && own === at && !isRewritten(value, source, at);
      }
      if (isPhpCustom(value)) return false; // a new one, and only its class knows how many numbers it takes
    }
    const letter = source.bytes[at];
    const wasObject = letter === 0x4f || letter === 0x43 || letter === 0x45;
    if (inList && matchSource(source, at, value, 0) < 0) this.#placesMoved = true;
    return isSamePlace && !wasObject;
  }
}

/** Whether it is a `C:` and the application changed its data. */
function isRewritten(value: object, { bytes }: Source, at: number): boolean {
  if (!isPhpCustom(value)) return false;
  const { data } = value;
  const { dataStart, dataEnd } = new Tokenizer(bytes, at).custom();
  return data.length !== dataEnd - dataStart || data.some((byte, index) => byte !== bytes[dataStart + index]);
}
