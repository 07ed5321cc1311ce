import { PhpSessionError } from '../../errors.ts';
import { holdsReference } from '../php/custom-data.ts';
import { syntaxError } from '../php/errors.ts';
import { Tokenizer } from '../php/tokenizer.ts';
import type { PhpKey } from '../values.ts';
import { noToken } from './origins.ts';

/** A value of the session. */
interface Value {
  readonly key: PhpKey;
  readonly start: number;
}

/** Up to so many keys are searched one by one. Most containers have no more, and a Map for each would cost more than all else. */
const fewKeys = 8;

/** The places in an array or object during a pass. A place is a number. A duplicate key fills its place again. */
class Container {
  readonly at: number;
  readonly isArray: boolean;
  left: number;
  readonly #places: number[] = [];
  /** For each place its key. `undefined` while the keys are 0, 1, 2 and so on. */
  #keys: string[] | undefined;
  #byKey: Map<string, number> | undefined;

  constructor(at: number, isArray: boolean, left: number) {
    this.at = at;
    this.isArray = isArray;
    this.left = left;
  }

  /** Whether all keys so far are 0, 1, 2 and so on. */
  get isList(): boolean {
    return this.#keys === undefined;
  }

  /** The place of a key: `next`, if the key is new. */
  place(key: PhpKey, next: number): number {
    const places = this.#places;
    if (this.#keys === undefined) {
      if (key === places.length) {
        places.push(next);
        return next;
      }
      this.#keys = places.map((_, index) => String(index));
    }
    const known = this.#find(String(key), this.#keys);
    if (known !== undefined) return known;
    this.#keys.push(String(key));
    this.#byKey?.set(String(key), next);
    places.push(next);
    return next;
  }

  #find(key: string, keys: readonly string[]): number | undefined {
    if (keys.length <= fewKeys) {
      for (let index = 0; index < keys.length; index++) if (keys[index] === key) return this.#places[index];
      return undefined;
    }
    this.#byKey ??= new Map(keys.map((known, index) => [known, this.#places[index]!]));
    return this.#byKey.get(key);
  }
}

/** Bits of a token: some reference means it; some `R:` means it; it is an array whose keys are 0, 1, 2 and so on. */
const SHARED = 1;
const IN_SET = 2;
const LIST = 4;

/**
 * The targets of the `r:` and `R:` of a session. PHP numbers all values of a session in one sequence, from 1 (php-src: `var_push` in
 * var_unserializer.re). Every value takes a number except `R:`; keys take none. A number means a place, and so the value that the place
 * holds when the reference is read.
 *
 * It exists only for sessions with references. A token is the offset of its first byte.
 */
export class References {
  /** For each `R:` the token of the value that it shares. For each `r:` the token of its object. */
  readonly targets: ReadonlyMap<number, number>;
  /** The token of each number, if there is a `C:` that may contain references. The array around all variables is `noToken`. */
  readonly numbered: readonly number[] | undefined;
  /** By token. An array of bytes is faster than a Set. */
  readonly #marks: Uint8Array;

  /**
   * @param values where the values of the session start, in the order of the text
   * @param root whether they are elements of an array in the text, under these keys
   * @throws PhpSessionError `ERR_PHP_SYNTAX` for a target that does not exist or is no object. `ERR_PHP_REFERENCE` for a target after
   *   a `C:`: only the class knows how many numbers its data take
   */
  constructor(bytes: Uint8Array, values: readonly Value[], root: boolean) {
    const targets = new Map<number, number>();
    const marks = new Uint8Array(bytes.length);
    /** For each place the token of its value, or `noToken`. An `R:` makes two places hold the same token. */
    const held: number[] = [];
    /** For each number, minus 1, its place. */
    const slots: number[] = [];
    const numbered: number[] = [];
    // The array around all values has the number 1. No reference may mean it, because it would contain itself.
    if (root) {
      held.push(noToken);
      slots.push(0);
      numbered.push(noToken);
    }
    const objectAt = (at: number) => {
      const token = bytes[at];
      if (token === 0x72) return targets.get(at)!;
      return token === 0x4f || token === 0x43 || token === 0x45 ? at : noToken;
    };
    let isHidden = false;
    const variables = new Map<string, number>();
    let firstCustom = Number.POSITIVE_INFINITY;
    const tokens = new Tokenizer(bytes, 0);

    for (const { key, start } of values) {
      tokens.at = start;
      // Without an array around them, each variable has a place of its own, even if its name comes twice (`php_set_session_var`).
      let place = (root ? variables.get(String(key)) : undefined) ?? held.length;
      if (root) variables.set(String(key), place);
      const open: Container[] = [];
      let container: Container | undefined;
      for (;;) {
        const { at } = tokens;
        const token = tokens.peek();
        if (place === held.length) held.push(noToken);
        if (token === 0x52 || token === 0x72) {
          const slot = tokens.reference();
          const target = slots[slot - 1];
          if (slot > firstCustom) throw unknowable(at);
          if (root && slot === 1) throw toRoot(at);
          if (target === undefined || target === place) throw syntaxError(at);
          let meant = held[target]!;
          if (token === 0x52) {
            held[place] = meant;
            marks[meant]! |= IN_SET;
          } else {
            meant = objectAt(meant);
            if (meant < 0) throw syntaxError(at);
            held[place] = at;
            slots.push(place);
            numbered.push(at);
          }
          targets.set(at, meant);
          marks[meant]! |= SHARED;
        } else {
          held[place] = at;
          slots.push(place);
          numbered.push(at);
          if (token === 0x61 || token === 0x4f) {
            if (container !== undefined) open.push(container);
            if (token === 0x4f) tokens.className();
            container = new Container(at, token === 0x61, token === 0x61 ? tokens.array() : tokens.objectCount());
          } else if (!tokens.skipCommon()) {
            tokens.skipScalar();
            if (token === 0x43) {
              firstCustom = Math.min(firstCustom, slots.length);
              isHidden ||= holdsReference(bytes, at, tokens.at);
            }
          }
        }

        while (container?.left === 0) {
          tokens.close();
          if (container.isArray && container.isList) marks[container.at]! |= LIST;
          container = open.pop();
        }
        if (container === undefined) break;
        container.left--;
        place = container.place(tokens.key(), held.length);
      }
    }
    this.targets = targets;
    this.numbered = isHidden ? numbered : undefined;
    this.#marks = marks;
  }

  /** Whether some `r:` or `R:` means this token. */
  isShared(at: number): boolean {
    return (this.#marks[at]! & SHARED) !== 0;
  }

  /** Whether some `R:` shares the value of this token. Then its own place is a PHP reference too. */
  isInSet(at: number): boolean {
    return (this.#marks[at]! & IN_SET) !== 0;
  }

  /** Whether it is an array whose keys are 0, 1, 2 and so on. Known before it is built, so that it can contain itself. */
  isList(at: number): boolean {
    return (this.#marks[at]! & LIST) !== 0;
  }
}

function toRoot(at: number): PhpSessionError {
  return new PhpSessionError(
    'ERR_PHP_REFERENCE',
    `The reference at byte ${at} is to the session itself, which PHP could not write again`,
    { offset: at },
  );
}

function unknowable(at: number): PhpSessionError {
  return new PhpSessionError(
    'ERR_PHP_REFERENCE',
    `The reference at byte ${at} comes after an object that serialized itself (C:), so its target cannot be known`,
    { offset: at },
  );
}
