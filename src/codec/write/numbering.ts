import { holdsReference } from '../php/custom-data.ts';
import { Tokenizer } from '../php/tokenizer.ts';
import { exactToken, noToken } from '../source/origins.ts';
import { originOf, type Source } from '../source/source.ts';
import { isObject, isPhpCustom, type PhpCustom } from '../values.ts';
import type { Entries } from './entries.ts';
import { matchSource } from './match-source.ts';

/**
 * Whether what is written has the numbers that it had when it was read. Where a `C:` holds references, only its class knows where they
 * are, so they cannot be renumbered: it is written only if each number up to its own means what it meant. For an object
 * that is the object, for anything else the place: what is in it may have changed.
 */
export class Numbering {
  readonly #source: Source;
  /** By number, less one. */
  readonly #tokens: readonly number[];
  #isKept = true;
  /**
   * Whether an `R:` could mean another place now: an object or array stands in another one, or elements of a list are others, so
   * that they may have moved.
   */
  #placesMoved = false;

  constructor(source: Source, tokens: readonly number[]) {
    this.#source = source;
    this.#tokens = tokens;
  }

  /**
   * Must be told of every value that takes a number, in their order.
   *
   * @param token what stood at its place
   */
  add(number: number, value: unknown, entries: Entries, index: number, token: number): void {
    if (!this.#isKept) return;
    const place = entries.places?.[index] ?? (entries.source === this.#source ? token : noToken);
    this.#isKept = this.#isSame(this.#tokens[number - 1] ?? noToken, value, place, entries.kind === 'list');
  }

  /** Whether the references that a `C:` holds, which was just added, mean what they meant. */
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
      if (isPhpCustom(value)) return false; // a new one: only its class knows how many numbers it takes
    }
    const letter = source.bytes[at];
    const wasObject = letter === 0x4f || letter === 0x43 || letter === 0x45;
    if (inList && matchSource(source, at, value, 0) < 0) this.#placesMoved = true;
    return isSamePlace && !wasObject;
  }
}

/** Whether it is a `C:` into whose data the application wrote. */
function isRewritten(value: object, { bytes }: Source, at: number): boolean {
  if (!isPhpCustom(value)) return false;
  const { data } = value;
  const { dataStart, dataEnd } = new Tokenizer(bytes, at).custom();
  return data.length !== dataEnd - dataStart || data.some((byte, index) => byte !== bytes[dataStart + index]);
}
