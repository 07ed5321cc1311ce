import { PhpSessionError } from '../../errors.ts';
import { type InstanceWriter, isSame, originalObject } from '../source/instances.ts';
import { isFrom, sessionToken } from '../source/origins.ts';
import { originOf, type Source } from '../source/source.ts';
import { isObject, isPhpCustom, isPhpEnum, isPhpObject, isPhpReference, type PhpReference } from '../values.ts';
import { type Entries, entriesOf, tokenAt } from './entries.ts';
import { type Place, writeError } from './errors.ts';
import { matchSource } from './match-source.ts';

/** What names a PHP reference: in the exact view the reference itself, else the token of what it shares. */
export type ReferenceSet = PhpReference | number;

/** Contents on the way through all values, and the place of those that they are in. */
interface Step {
  readonly entries: Entries;
  readonly isObject: boolean;
  readonly outer: Step | undefined;
  readonly index: number;
}

/**
 * The PHP references (`R:`) among values that are written. A reference belongs to places, not to a value: all places that
 * shared a value when it was read share one again. In the plain view a change of an array reaches the other places by
 * itself, as they hold the same object; a scalar does not. So it is decided here: where one place has a new value, all
 * get it.
 *
 * As in PHP, a reference that only one element or property holds is none (php-src: `php_var_serialize_nested_data`). A variable
 * of the session stays one, unless the session is written as an array, whose elements variables are then.
 */
export class ReferenceSets {
  readonly #top: Entries;
  readonly #instances: InstanceWriter | undefined;
  /** New values, by the token that names the reference. */
  readonly #changed: Map<number, unknown> = new Map();
  readonly #holders: Map<ReferenceSet, number> = new Map();
  readonly #entries: Map<object, Entries> = new Map();
  readonly #isArray: boolean;

  /**
   * @param top all values that are written
   * @param instances what instances of mapped classes are
   * @param isArray whether they are elements of an array
   * @throws PhpSessionError `ERR_PHP_REFERENCE` where places that share a value were changed to different ones
   */
  constructor(top: Entries, instances: InstanceWriter | undefined, isArray: boolean) {
    this.#top = top;
    this.#isArray = isArray;
    this.#instances = instances;
    this.#visit(true);
    // What a place got by a change in another one may have replaced whole parts, so holders are counted among what is left.
    if (this.#changed.size > 0) {
      this.#holders.clear();
      this.#visit(false);
    }
  }

  /** Goes through all values as they are known by now, each container once, and counts the holders of references. */
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

  /** As `contentsOf`, but once for each container that was read: what is in it does not depend on its place. */
  entriesOf(container: object, source: Source | undefined, token: number): Entries | undefined {
    const known = this.#entries.get(container);
    if (known !== undefined) return known;
    const entries = entriesOf(container, source, token);
    const at = originOf(container)?.at;
    if (entries !== undefined && at !== undefined && at !== sessionToken) this.#entries.set(container, entries);
    return entries;
  }

  /** Whether this place of a reference is written as one: others hold it too, or it is a variable. */
  isWritten(set: ReferenceSet, entries: Entries): boolean {
    return (entries.kind === 'session' && !this.#isArray) || this.#holders.get(set)! > 1;
  }

  /** What the places of this reference hold now. */
  value(set: ReferenceSet): unknown {
    if (typeof set !== 'number') return set.value;
    return this.#changed.has(set) ? this.#changed.get(set) : this.#before(set);
  }

  /** The reference that this place holds, or `undefined`. */
  find(entries: Entries, index: number): ReferenceSet | undefined {
    const value = entries.values[index];
    if (isObject(value) && isPhpReference(value)) return value;
    const { source } = entries;
    const references = source === this.#top.source ? source?.references : undefined;
    const token = tokenAt(entries, index);
    if (references === undefined || token < 0) return undefined;
    if (source!.bytes[token] === 0x52) return references.targets.get(token);
    return references.isInSet(token) ? token : undefined;
  }

  #compare(set: number, step: Step, index: number): void {
    const value = step.entries.values[index];
    if (isSame(value, this.#before(set))) return;
    if (step.entries.kind === 'list' && !this.#isOnlyChange(step.entries, index)) {
      throw writeError(
        'ERR_PHP_REFERENCE',
        'A list with PHP references in it was changed in a way that does not tell what became of them; replace it by a copy',
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

  /** In a list elements move, so a new value is a change of the reference only where all others are what they were. */
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

/** What is written once: objects are the same if they are one, enums if they have one name. `undefined` for any other value. */
export function identity(value: unknown): unknown {
  if (!isObject(value)) return undefined;
  if (isPhpEnum(value)) return `${value.className}:${value.caseName}`;
  return isPhpObject(value) || isPhpCustom(value) ? value : undefined;
}

/** The value behind a reference of the exact view. */
export function dereference(value: unknown): unknown {
  let behind = value;
  for (let steps = 0; isObject(behind) && isPhpReference(behind); steps++) {
    if (steps > 100) {
      throw new PhpSessionError('ERR_PHP_UNREPRESENTABLE', 'A PhpReference that leads to itself holds no value');
    }
    behind = behind.value;
  }
  return behind;
}

function placesTo(last: Step, index: number): Place[] {
  const places: Place[] = [{ ...last, index }];
  for (let step = last; step.outer !== undefined; step = step.outer)
    places.unshift({ ...step.outer, index: step.index });
  return places;
}
