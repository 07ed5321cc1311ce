import { PhpSessionError } from '../../errors.ts';
import { holdsReference } from '../php/custom-data.ts';
import { syntaxError } from '../php/errors.ts';
import { Tokenizer } from '../php/tokenizer.ts';
import { noToken } from '../source/origins.ts';
import type { PhpKey } from '../values.ts';
import { skipCommonToken } from './validate.ts';

/** A value of the session. */
interface Value {
  readonly key: PhpKey;
  readonly start: number;
}

/** In so few keys one is looked for one by one: most containers have no more, and a Map for each would cost more than all else. */
const fewKeys = 8;

/** The places in an array or object that is being read. A place is a number; a duplicate key fills its place again. */
class Container {
  readonly at: number;
  readonly isArray: boolean;
  left: number;
  readonly #places: number[] = [];
  /** For each place its key; not while the keys are 0, 1, 2 and so on. */
  #keys: string[] | undefined;
  #byKey: Map<string, number> | undefined;

  constructor(at: number, isArray: boolean, left: number) {
    this.at = at;
    this.isArray = isArray;
    this.left = left;
  }

  /** Whether all keys until now are 0, 1, 2 and so on. */
  get isList(): boolean {
    return this.#keys === undefined;
  }

  /** The place of a key: `next`, if it has none yet. */
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

/** What is known about a token, as bits. */
const SHARED = 1;
const IN_SET = 2;
const LIST = 4;

/**
 * What the `r:` and `R:` of a session mean. PHP numbers all values of a session string in one sequence, from 1 (php-src:
 * `var_push` in var_unserializer.re): every value takes a number, `R:` does not, keys never do. A number stands for a
 * place, not for the value that was there at the time.
 *
 * Made only for sessions that have references; offsets are those of tokens in the text.
 */
export class References {
  /** For each `R:`, the token of the value that it shares; for each `r:`, the token of its object. */
  readonly targets: ReadonlyMap<number, number>;
  /** The tokens that have numbers, in their order, if there is a `C:` that may hold references; `noToken` for the array around all. */
  readonly numbered: readonly number[] | undefined;
  /** By token. Bytes are read faster than sets. */
  readonly #marks: Uint8Array;

  /**
   * @param values where the values of the session start, in the order of the text
   * @param root whether they are elements of an array that is written too, under these keys
   * @throws PhpSessionError `ERR_PHP_SYNTAX` for a target that does not exist or is no object, `ERR_PHP_REFERENCE`
   *   for one whose number cannot be known, as a `C:` numbers what is inside it by the rules of its class
   */
  constructor(bytes: Uint8Array, values: readonly Value[], root: boolean) {
    const targets = new Map<number, number>();
    const marks = new Uint8Array(bytes.length);
    /** For each place the token of the value that it holds, or `noToken`. References (`R:`) make places hold the same. */
    const held: number[] = [];
    /** For each number, less one, the place. */
    const slots: number[] = [];
    const numbered: number[] = [];
    // The array around all values, if there is one, is a place that nothing may refer to: it would contain itself.
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
      // Outside of an array, each is decoded into a place of its own, also when its name comes twice (`php_set_session_var`).
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
          } else if (!skipCommonToken(tokens)) {
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

  /** Whether some `R:` shares the value of this token: what stands there is a PHP reference too. */
  isInSet(at: number): boolean {
    return (this.#marks[at]! & IN_SET) !== 0;
  }

  /** Whether it is of an array whose keys are 0, 1, 2 and so on: known beforehand, so that a cycle can be closed. */
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
