import { isPlainObject } from '../codec/source/origins.ts';
import type { SessionOptions } from '../session/options.ts';

type OnConflict = Extract<SessionOptions['onConflict'], (...args: never[]) => unknown>;

/**
 * Decides where two requests at once have changed the same part of Laravel's session (`onConflict`). `_flash.old` and `_flash.new` are lists
 * of names, and a message whose name is in neither never goes away. So each name counts that one of them has added, and none that one of
 * them has removed. Of anything else this request's value counts, as by default.
 */
export const mergeMessages: OnConflict = ({ path, base, mine, theirs }) => {
  const isList = path.length === 2 && path[0] === '_flash' && (path[1] === 'old' || path[1] === 'new');
  const [ours, others] = [namesIn(mine), namesIn(theirs)];
  if (!isList || ours === undefined || others === undefined) return mine;
  const before = namesIn(base) ?? [];
  const isKept = (name: unknown) => (ours.includes(name) && others.includes(name)) || !before.includes(name);
  return [...new Set([...others, ...ours])].filter(isKept);
};

/** PHP leaves gaps in such a list, and then it is an object here. */
function namesIn(list: unknown): unknown[] | undefined {
  const isArray = typeof list === 'object' && list !== null && (Array.isArray(list) || isPlainObject(list));
  return isArray ? Object.values(list) : undefined;
}
