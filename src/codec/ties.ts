import { PhpSessionError } from '../errors.ts';
import { type Contents, contentsOf, tokenAt } from './contents.ts';
import { type InstanceWriter, isSame, readObject } from './instances.ts';
import { type Place, unwritable } from './places.ts';
import { origin, type Source } from './source.ts';
import { isFrom, sessionToken } from './stamps.ts';
import { unchangedUntil } from './unchanged.ts';
import { isObject, isPhpCustom, isPhpEnum, isPhpObject, isPhpReference, type PhpReference } from './values.ts';

/** What names a PHP reference: in the exact view the reference itself, else the token of what it shares. */
export type Tie = PhpReference | number;

/** Contents on the way through all values, and the place of those that they are in. */
interface Step {
  readonly contents: Contents;
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
export class Ties {
  readonly #top: Contents;
  readonly #instances: InstanceWriter | undefined;
  /** New values, by the token that names the reference. */
  readonly #changed: Map<number, unknown> = new Map();
  readonly #holders: Map<Tie, number> = new Map();
  readonly #contents: Map<object, Contents> = new Map();
  readonly #isArray: boolean;

  /**
   * @param top all values that are written
   * @param instances what instances of mapped classes are
   * @param isArray whether they are elements of an array
   * @throws PhpSessionError `ERR_PHP_REFERENCE` where places that share a value were changed to different ones
   */
  constructor(top: Contents, instances: InstanceWriter | undefined, isArray: boolean) {
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
    const rest: Step[] = [{ contents: this.#top, isObject: false, outer: undefined, index: -1 }];
    for (let step = rest.pop(); step !== undefined; step = rest.pop()) {
      const { contents } = step;
      for (let index = 0; index < contents.values.length; index++) {
        const tie = this.tie(contents, index);
        if (tie !== undefined) {
          if (compares && typeof tie === 'number') this.#compare(tie, step, index);
          this.#holders.set(tie, (this.#holders.get(tie) ?? 0) + 1);
        }
        const given = withoutReference(typeof tie === 'number' ? this.value(tie) : contents.values[index]);
        if (!isObject(given)) continue;
        const value = this.#instances?.object(given) ?? given;
        if (seen.has(value)) continue;
        seen.add(value);
        const token = typeof tie === 'number' ? tie : tokenAt(contents, index);
        const inner = this.contentsOf(value, contents.source, token);
        if (inner !== undefined) rest.push({ contents: inner, isObject: isPhpObject(value), outer: step, index });
      }
    }
  }

  /** As `contentsOf`, but once for each container that was read: what is in it does not depend on its place. */
  contentsOf(container: object, source: Source | undefined, token: number): Contents | undefined {
    const known = this.#contents.get(container);
    if (known !== undefined) return known;
    const contents = contentsOf(container, source, token);
    const at = origin(container)?.at;
    if (contents !== undefined && at !== undefined && at !== sessionToken) this.#contents.set(container, contents);
    return contents;
  }

  /** Whether this place of a reference is written as one: others hold it too, or it is a variable. */
  isReference(tie: Tie, contents: Contents): boolean {
    return (contents.kind === 'session' && !this.#isArray) || this.#holders.get(tie)! > 1;
  }

  /** What the places of this reference hold now. */
  value(tie: Tie): unknown {
    if (typeof tie !== 'number') return tie.value;
    return this.#changed.has(tie) ? this.#changed.get(tie) : this.#before(tie);
  }

  /** The reference that this place holds, or `undefined`. */
  tie(contents: Contents, index: number): Tie | undefined {
    const value = contents.values[index];
    if (isObject(value) && isPhpReference(value)) return value;
    const { source } = contents;
    const references = source === this.#top.source ? source?.references : undefined;
    const token = tokenAt(contents, index);
    if (references === undefined || token < 0) return undefined;
    if (source!.bytes[token] === 0x52) return references.targets.get(token);
    return references.isTied(token) ? token : undefined;
  }

  #compare(tie: number, step: Step, index: number): void {
    const value = step.contents.values[index];
    if (isSame(value, this.#before(tie))) return;
    if (step.contents.kind === 'list' && !this.#isOnlyChange(step.contents, index)) {
      throw unwritable(
        'ERR_PHP_REFERENCE',
        'A list with PHP references in it was changed in a way that does not tell what became of them; replace it by a copy',
        placesTo(step, index),
      );
    }
    if (this.#changed.has(tie) && !isSame(value, this.#changed.get(tie))) {
      throw unwritable(
        'ERR_PHP_REFERENCE',
        'Two places that share one value by a PHP reference were given different values; give both the same',
        placesTo(step, index),
      );
    }
    this.#changed.set(tie, value);
  }

  /** In a list elements move, so a new value is a change of the reference only where all others are what they were. */
  #isOnlyChange(list: Contents, changed: number): boolean {
    const source = this.#top.source!;
    if (list.keys !== undefined || list.values.length !== list.tokens.length) return false;
    return list.values.every((value, index) => {
      if (index === changed) return true;
      const tie = this.tie(list, index);
      if (typeof tie === 'number') return isSame(value, this.#before(tie));
      const token = source.resolve(tokenAt(list, index));
      return isObject(value) ? isFrom(readObject(value), source, token) : unchangedUntil(source, token, value, 0) >= 0;
    });
  }

  #before(tie: number): unknown {
    const source = this.#top.source!;
    return source.built.has(tie) ? source.built.get(tie) : source.build(tie);
  }
}

/** What is written once: objects are the same if they are one, enums if they have one name. `undefined` for any other value. */
export function identity(value: unknown): unknown {
  if (!isObject(value)) return undefined;
  if (isPhpEnum(value)) return `${value.className}:${value.caseName}`;
  return isPhpObject(value) || isPhpCustom(value) ? value : undefined;
}

/** The value behind a reference of the exact view. */
export function withoutReference(value: unknown): unknown {
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
