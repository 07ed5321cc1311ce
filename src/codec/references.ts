import { PhpSessionError } from '../errors.ts';
import { holdsReference } from './hidden.ts';
import { syntax } from './read-errors.ts';
import { Tokens } from './tokens.ts';
import type { PhpKey } from './values.ts';

/** A value that places hold, named by the offset of the token that made it. References make places share a cell. */
interface Cell {
  readonly at: number;
  /** Offset of the token of the object in it, or -1. */
  readonly object: number;
}

/** A place for a value: a top-level key, an element, a property. A duplicate key fills its place again. */
interface Place {
  cell: Cell | undefined;
}

/** A value of the session. */
interface Value {
  readonly key: PhpKey;
  readonly start: number;
}

interface Container {
  readonly at: number;
  readonly isArray: boolean;
  readonly places: Map<string, Place>;
  left: number;
  index: number;
}

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
  /** Tokens that some `r:` or `R:` means. */
  readonly shared: ReadonlySet<number>;
  /** Tokens of values that some `R:` shares: what stands there is a PHP reference too. */
  readonly tied: ReadonlySet<number>;
  /** Tokens of arrays whose keys are 0, 1, 2 and so on: known beforehand, so that a cycle can be closed. */
  readonly lists: ReadonlySet<number>;
  /** The tokens that have numbers, in their order, if there is a `C:` that may hold references; -1 for the array around all. */
  readonly numbered: readonly number[] | undefined;

  /**
   * @param values where the values of the session start, in the order of the text
   * @param root whether they are elements of an array that is written too, under these keys
   * @throws PhpSessionError `ERR_PHP_SYNTAX` for a target that does not exist or is no object, `ERR_PHP_REFERENCE`
   *   for one whose number cannot be known, as a `C:` numbers what is inside it by the rules of its class
   */
  constructor(bytes: Uint8Array, values: readonly Value[], root: boolean) {
    const targets = new Map<number, number>();
    const tied = new Set<number>();
    const lists = new Set<number>();
    // The array around all values, if there is one, is a place that nothing may refer to: it would contain itself.
    const slots: Place[] = root ? [{ cell: undefined }] : [];
    const numbered: number[] = root ? [-1] : [];
    let isHidden = false;
    const variables = new Map<string, Place>();
    let firstCustom = Number.POSITIVE_INFINITY;
    const tokens = new Tokens(bytes, 0);

    for (const { key, start } of values) {
      tokens.at = start;
      // Outside of an array, each is decoded into a place of its own, also when its name comes twice (`php_set_session_var`).
      let place: Place = (root && variables.get(String(key))) || { cell: undefined };
      variables.set(String(key), place);
      const open: Container[] = [];
      for (;;) {
        const at = tokens.at;
        const token = tokens.peek();
        if (token === 0x52 || token === 0x72) {
          const slot = tokens.reference();
          const target = slots[slot - 1];
          if (slot > firstCustom) throw unknowable(at);
          if (root && slot === 1) throw toRoot(at);
          if (target?.cell === undefined || target === place) throw syntax(at);
          if (token === 0x52) {
            targets.set(at, target.cell.at);
            tied.add(target.cell.at);
            place.cell = target.cell;
          } else {
            if (target.cell.object < 0) throw syntax(at);
            targets.set(at, target.cell.object);
            place.cell = { at, object: target.cell.object };
            slots.push(place);
            numbered.push(at);
          }
        } else {
          const isObject = token === 0x4f || token === 0x43 || token === 0x45;
          place.cell = { at, object: isObject ? at : -1 };
          slots.push(place);
          numbered.push(at);
          if (token === 0x61 || token === 0x4f) {
            const isArray = token === 0x61;
            if (!isArray) tokens.className();
            const left = isArray ? tokens.array() : tokens.objectCount();
            if (isArray) lists.add(at);
            open.push({ at, isArray, places: new Map(), left, index: 0 });
          } else {
            tokens.skipScalar();
            if (token === 0x43) {
              firstCustom = Math.min(firstCustom, slots.length);
              isHidden ||= holdsReference(bytes, at, tokens.at);
            }
          }
        }

        let container = open.at(-1);
        while (container?.left === 0) {
          tokens.close();
          open.pop();
          container = open.at(-1);
        }
        if (container === undefined) break;
        container.left--;
        const key = tokens.key();
        if (key !== container.index++) lists.delete(container.at);
        place = container.places.get(String(key)) ?? { cell: undefined };
        container.places.set(String(key), place);
      }
    }
    this.targets = targets;
    this.shared = new Set(targets.values());
    this.tied = tied;
    this.lists = lists;
    this.numbered = isHidden ? numbered : undefined;
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
