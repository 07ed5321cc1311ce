import { PhpSessionError } from '../../errors.ts';
import { type InstanceWriter, isSame, originalObject } from '../source/instances.ts';
import { isFrom, sessionToken } from '../source/origins.ts';
import { originOf, type Source } from '../source/source.ts';
import { isObject, isPhpCustom, isPhpEnum, isPhpObject, isPhpReference, type PhpReference } from '../values.ts';
import { type Entries, entriesOf, tokenAt } from './entries.ts';
import { type Place, writeError } from './errors.ts';
import { matchSource } from './match-source.ts';

/** What identifies a PHP reference: in the exact view the `PhpReference`, else the token of the value that it shares. */
export type ReferenceSet = PhpReference | number;

/** Entries during the pass over all values, and their place. */
interface Step {
  readonly entries: Entries;
  readonly isObject: boolean;
  readonly outer: Step | undefined;
  readonly index: number;
}

/**
 * The PHP references (`R:`) among values to write. PHP calls the places that share a value a reference set. Places that shared a value
 * when the session was read share one again. In the plain view they hold the same array or object, so a change of it reaches all places.
 * A scalar has no identity: if the application set a new one in one place, this class gives it to all places of the set.
 *
 * As in PHP, a set of only one element or property is no reference (php-src: `php_var_serialize_nested_data`). A variable of the session
 * stays a reference, unless the session is written as an array, where variables are elements.
 */
export class ReferenceSets {
  readonly #top: Entries;
  readonly #instances: InstanceWriter | undefined;
  /** New values, by the token of their set. */
  readonly #changed: Map<number, unknown> = new Map();
  readonly #holders: Map<ReferenceSet, number> = new Map();
  readonly #entries: Map<object, Entries> = new Map();
  readonly #isArray: boolean;

  /**
   * @param top all values to write
   * @param instances gives the objects for instances of mapped classes
   * @param isArray whether the values are elements of an array
   * @throws PhpSessionError `ERR_PHP_REFERENCE` if places that share a value have different new values
   */
  constructor(top: Entries, instances: InstanceWriter | undefined, isArray: boolean) {
    this.#top = top;
    this.#isArray = isArray;
    this.#instances = instances;
    this.#visit(true);
    // A new value may have replaced whole parts of other places. So holders are counted again, in what is left.
    if (this.#changed.size > 0) {
      this.#holders.clear();
      this.#visit(false);
    }
  }

  /** Visits all values, each container once, and counts the places of each set. */
  #visit(compares: boolean): void {
    const seen = new Set<object>();
    const rest: Step[] = [{ entries: this.#top, isObject: false, outer: undefined, index: -1 }];
    for (let step = rest.pop(); step !== undefined; step = rest.pop()) {
      const { entries } = step;
      for (let index = 0; index < entries.values.length; index++) {
        const set = this.find(entries, index);
        if (set !== undefined) {
          if (compares && typeof set === 'number') this.#compare(set, step, index);
          this.#holders.set(set, (this.#holders.get(set) ?? 0) + 1);
        }
        const given = dereference(typeof set === 'number' ? this.value(set) : entries.values[index]);
        if (!isObject(given)) continue;
        const value = this.#instances?.object(given) ?? given;
        if (seen.has(value)) continue;
        seen.add(value);
        const token = typeof set === 'number' ? set : tokenAt(entries, index);
        const inner = this.entriesOf(value, entries.source, token);
        if (inner !== undefined) rest.push({ entries: inner, isObject: isPhpObject(value), outer: step, index });
      }
    }
  }

  /** As the function `entriesOf`, but only once for each container that was read: its entries do not depend on its place. */
  entriesOf(container: object, source: Source | undefined, token: number): Entries | undefined {
    const known = this.#entries.get(container);
    if (known !== undefined) return known;
    const entries = entriesOf(container, source, token);
    const at = originOf(container)?.at;
    if (entries !== undefined && at !== undefined && at !== sessionToken) this.#entries.set(container, entries);
    return entries;
  }

  /** Whether a place of this set is written as a reference: it has other places, or is a variable. */
  isWritten(set: ReferenceSet, entries: Entries): boolean {
    return (entries.kind === 'session' && !this.#isArray) || this.#holders.get(set)! > 1;
  }

  /** The value that all places of this set have now. */
  value(set: ReferenceSet): unknown {
    if (typeof set !== 'number') return set.value;
    return this.#changed.has(set) ? this.#changed.get(set) : this.#before(set);
  }

  /** The set of a place, or `undefined`. */
  find(entries: Entries, index: number): ReferenceSet | undefined {
    const value = entries.values[index];
    if (isObject(value) && isPhpReference(value)) return value;
    const { source } = entries;
    const references = source === this.#top.source ? source?.references : undefined;
    const token = tokenAt(entries, index);
    if (references === undefined || token < 0) return undefined;
    if (source!.bytes[token] === 0x52) return references.targets.get(token);
    return references.inSets.has(token) ? token : undefined;
  }

  #compare(set: number, step: Step, index: number): void {
    const value = step.entries.values[index];
    if (isSame(value, this.#before(set))) return;
    if (step.entries.kind === 'list' && !this.#isOnlyChange(step.entries, index)) {
      throw writeError(
        'ERR_PHP_REFERENCE',
        'A list with PHP references has changed, and it is unclear which elements they belong to now; replace it by a copy',
        placesTo(step, index),
      );
    }
    if (this.#changed.has(set) && !isSame(value, this.#changed.get(set))) {
      throw writeError(
        'ERR_PHP_REFERENCE',
        'Two places that share one value by a PHP reference were given different values; give both the same',
        placesTo(step, index),
      );
    }
    this.#changed.set(set, value);
  }

  /** In a list elements move, so a new value belongs to the reference only if all other elements are unchanged. */
  #isOnlyChange(list: Entries, changed: number): boolean {
    const source = this.#top.source!;
    if (list.keys !== undefined || list.values.length !== list.tokens.length) return false;
    return list.values.every((value, index) => {
      if (index === changed) return true;
      const set = this.find(list, index);
      if (typeof set === 'number') return isSame(value, this.#before(set));
      const token = source.resolve(tokenAt(list, index));
      return isObject(value) ? isFrom(originalObject(value), source, token) : matchSource(source, token, value, 0) >= 0;
    });
  }

  #before(set: number): unknown {
    const source = this.#top.source!;
    return source.shared.has(set) ? source.shared.get(set) : source.parse(set);
  }
}

/** The identity of a value that is written once: an object itself, the name of an enum. `undefined` for any other value. */
export function identity(value: unknown): unknown {
  if (!isObject(value)) return undefined;
  if (isPhpEnum(value)) return `${value.className}:${value.caseName}`;
  return isPhpObject(value) || isPhpCustom(value) ? value : undefined;
}

/** The value of a reference of the exact view. Any other value is itself. */
export function dereference(value: unknown): unknown {
  let target = value;
  for (let steps = 0; isObject(target) && isPhpReference(target); steps++) {
    if (steps > 100) {
      throw new PhpSessionError('ERR_PHP_UNREPRESENTABLE', 'A PhpReference that leads to itself holds no value');
    }
    target = target.value;
  }
  return target;
}

function placesTo(last: Step, index: number): Place[] {
  const places: Place[] = [{ ...last, index }];
  for (let step = last; step.outer !== undefined; step = step.outer)
    places.unshift({ ...step.outer, index: step.index });
  return places;
}
