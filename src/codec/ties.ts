import { PhpSessionError } from '../errors.ts';
import { build } from './build.ts';
import { contentsOf, type Place, tokenAt } from './contents.ts';
import type { Source } from './source.ts';
import { isPhpReference, type PhpReference } from './values.ts';

/** What names a PHP reference: in the exact view the reference itself, else the token of what it shares. */
export type Tie = PhpReference | number;

/** A place on the way through all values, and the one that it is in. */
interface Step {
  readonly place: Place;
  readonly outer: Step | undefined;
}

/**
 * The PHP references (`R:`) among values that are written. A reference belongs to places, not to a value: all places that
 * shared a value when it was read share one again. In the plain view a change of an array reaches the other places by
 * itself, as they hold the same object; a scalar does not. So it is decided here: where one place has a new value, all
 * get it.
 *
 * As in PHP, a reference that only one element or property holds is none; a variable of the session stays one (php-src:
 * `php_var_serialize_nested_data`).
 */
export class Ties {
  readonly #source: Source | undefined;
  /** New values, by the token that names the reference. */
  readonly #changed: Map<number, unknown> = new Map();
  readonly #holders: Map<Tie, number> = new Map();

  /**
   * @param places all top-level values
   * @throws PhpSessionError `ERR_PHP_REFERENCE` where places that share a value were changed to different ones
   */
  constructor(source: Source | undefined, places: readonly Place[]) {
    this.#source = source;
    const seen = new Set<object>();
    const rest: Step[] = places.map((place) => ({ place, outer: undefined }));
    for (let step = rest.pop(); step !== undefined; step = rest.pop()) {
      const { place } = step;
      const tie = this.#tie(place);
      if (tie !== undefined) this.#holders.set(tie, (this.#holders.get(tie) ?? 0) + 1);
      if (typeof tie === 'number') this.#compare(tie, step);
      let { value } = place;
      while (isObject(value) && isPhpReference(value)) value = value.value;
      if (!isObject(value) || seen.has(value)) continue;
      seen.add(value);
      for (const inner of contentsOf(value, place) ?? []) rest.push({ place: inner, outer: step });
    }
  }

  /** The reference that this place holds, or `undefined`. */
  tie(place: Place): Tie | undefined {
    const tie = this.#tie(place);
    return tie !== undefined && (place.isVariable || this.#holders.get(tie)! > 1) ? tie : undefined;
  }

  /** What the places of this reference hold now. */
  value(tie: Tie): unknown {
    if (typeof tie !== 'number') return tie.value;
    return this.#changed.has(tie) ? this.#changed.get(tie) : this.#before(tie);
  }

  #tie(place: Place): Tie | undefined {
    const { value, source, at } = place;
    if (isObject(value) && isPhpReference(value)) return value;
    const references = source === this.#source && at >= 0 ? source?.references : undefined;
    if (references === undefined) return undefined;
    if (tokenAt(source!, at) === 'R') return references.targets.get(at);
    return references.tied.has(at) ? at : undefined;
  }

  #compare(tie: number, step: Step): void {
    const { value } = step.place;
    if (Object.is(value, this.#before(tie))) return;
    if (this.#changed.has(tie) && !Object.is(value, this.#changed.get(tie))) {
      throw new PhpSessionError(
        'ERR_PHP_REFERENCE',
        'Two places that share one value by a PHP reference were given different values; give both the same',
        { path: pathTo(step) },
      );
    }
    this.#changed.set(tie, value);
  }

  #before(tie: number): unknown {
    const { built } = this.#source!;
    return built.has(tie) ? built.get(tie) : build(this.#source!, tie, 'plain');
  }
}

function pathTo(step: Step): string[] {
  const path: string[] = [];
  for (let at: Step | undefined = step; at !== undefined; at = at.outer) path.unshift(String(at.place.key));
  return path;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
