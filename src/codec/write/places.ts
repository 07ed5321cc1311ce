import { PhpSessionError, type PhpSessionErrorCode } from '../../errors.ts';
import { type Entries, keyAt } from './entries.ts';

/** One step on the way from the session to a value in it. */
export interface Place {
  readonly entries: Entries;
  readonly index: number;
  /** Whether it is a property of an object. */
  readonly isObject: boolean;
}

/** So many steps are told; of more, those at both ends. */
const shownSteps = 8;

/**
 * For a value that cannot be written. Its keys are in `path` alone, as keys can be data; the message says the same way by kinds and
 * positions, which tell nothing: `3rd variable > 1st entry > 2nd element`. They are counted in the order in which they are written.
 *
 * @param property of the value, if that is what is meant
 */
export function writeError(
  code: PhpSessionErrorCode,
  message: string,
  places: readonly Place[],
  property?: string,
): PhpSessionError {
  const path = places.map(({ entries, index }) => String(keyAt(entries, index)));
  if (property !== undefined) path.push(property);
  const way = describePlaces(places.map((place) => `${ordinal(place.index + 1)} ${kindOf(place)}`));
  return new PhpSessionError(code, message + way, { path });
}

/** @param steps outermost first */
export function describePlaces(steps: readonly string[]): string {
  if (steps.length === 0) return '';
  const left = steps.length - shownSteps;
  const shown =
    left > 0 ? [...steps.slice(0, shownSteps / 2), `${left} more levels`, ...steps.slice(-shownSteps / 2)] : steps;
  return ` (at: ${shown.join(' > ')})`;
}

function kindOf({ entries: { kind }, isObject }: Place): string {
  if (kind === 'session') return 'variable';
  if (isObject) return 'property';
  return kind === 'list' ? 'element' : 'entry';
}

export function ordinal(n: number): string {
  const isTeen = n % 100 > 10 && n % 100 < 14;
  return `${n}${(isTeen ? undefined : ['th', 'st', 'nd', 'rd'][n % 10]) ?? 'th'}`;
}
