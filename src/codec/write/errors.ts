import { PhpSessionError, type PhpSessionErrorCode } from '../../errors.ts';
import type { PhpKey } from '../values.ts';
import { type Entries, keyAt } from './entries.ts';

export const unrepresentable: PhpSessionErrorCode = 'ERR_PHP_UNREPRESENTABLE';

/** One step on the way from the session to a value in it. */
export interface Place {
  readonly entries: Entries;
  readonly index: number;
  /** Whether it is a property of an object. */
  readonly isObject: boolean;
}

/** The most steps that a message shows. Of a longer way it shows both ends. */
const shownSteps = 8;

/**
 * For a value that cannot be written. Keys may be data, so they stand only in `path`. The message shows the same way by kinds and
 * positions: `3rd variable > 1st entry > 2nd element`. Positions count in the order of writing.
 *
 * @param places outermost first
 * @param property a property of the value, if that is the wrong one
 */
export function writeError(
  code: PhpSessionErrorCode,
  message: string,
  places: readonly Place[],
  property?: string,
): PhpSessionError {
  const path = places.map(({ entries, index }) => String(keyAt(entries, index)));
  if (property !== undefined) path.push(property);
  const steps = places.map((place) => `${ordinal(place.index + 1)} ${kindOf(place)}`);
  return new PhpSessionError(code, message + showSteps(steps), { path });
}

/** For a key of `$_SESSION` that PHP would drop, or that would make it lose the session. */
export function keyError(format: string, key: PhpKey, index: number, what: string): PhpSessionError {
  const message = `The format ${format} cannot write ${what} at the top level of a session: PHP would lose data; nothing was written`;
  const path = [String(key)];
  return new PhpSessionError('ERR_PHP_KEY', message + showSteps([`${ordinal(index + 1)} variable`]), { path });
}

/** The start of a message about a value for which PHP has no type. */
export function describeValue(value: object): string {
  if (Array.isArray(value)) return 'A list with named properties';
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name === 'string'
    ? `An instance of ${name}, for which the option \`classes\` has no mapping,`
    : 'An object of this kind';
}

function showSteps(steps: readonly string[]): string {
  if (steps.length === 0) return '';
  const hidden = steps.length - shownSteps;
  const half = shownSteps / 2;
  const shown = hidden > 0 ? [...steps.slice(0, half), `${hidden} more levels`, ...steps.slice(-half)] : steps;
  return ` (at: ${shown.join(' > ')})`;
}

function kindOf({ entries: { kind }, isObject }: Place): string {
  if (kind === 'session') return 'variable';
  if (isObject) return 'property';
  return kind === 'list' ? 'element' : 'entry';
}

function ordinal(n: number): string {
  const isTeen = n % 100 > 10 && n % 100 < 14;
  return `${n}${(isTeen ? undefined : ['th', 'st', 'nd', 'rd'][n % 10]) ?? 'th'}`;
}
