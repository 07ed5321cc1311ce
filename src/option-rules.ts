/** What the code knows of one option. Its type, and the sentence that docs/options.md has, stand in the interface that has the option. */
export interface OptionRule<Value, Options> {
  /** The setting of php.ini with the same meaning. */
  readonly ini?: string;
  /** The value when none is given. Without one the option has to be given, or means nothing when it is left out. */
  readonly default?: Value;
  /** The same, where it depends on other options. */
  readonly defaultFor?: (given: Options) => Value;
  readonly accepts: (value: Value) => boolean;
  /** Ends the sentence "NAME must be …". */
  readonly mustBe: string;
}

export type OptionRules<Options> = {
  readonly [Name in keyof Options]-?: OptionRule<Exclude<Options[Name], undefined>, Options>;
};

/**
 * Checks options, in the order of their rules, and fills in what was not given. No message shows a value: it may be a secret.
 *
 * @param owner what has these options: `phpSession()`
 * @param where says more of an option that is not one of these
 * @throws TypeError that names the option
 */
export function readByRules<Options extends object>(
  rules: OptionRules<Options>,
  given: Options,
  owner: string,
  where: (name: string) => string = () => '',
): Options {
  if (!isOptions(given)) throw new TypeError(`${owner} needs an object with its options`);
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(rules, name)) continue;
    const similar = Object.keys(rules).find((known) => known.toLowerCase() === name.toLowerCase());
    const hint = similar === undefined ? where(name) : `: it is ${similar}`;
    throw new TypeError(`${name} is not an option of ${owner}${hint}`);
  }
  const values = {} as Options;
  for (const name of Object.keys(rules) as (keyof Options & string)[]) {
    const rule = rules[name] as OptionRule<Options[typeof name], Options>;
    const value = given[name] === undefined ? (rule.defaultFor?.(given) ?? rule.default) : given[name];
    if (!rule.accepts(value as Options[typeof name])) throw new TypeError(`${name} must be ${rule.mustBe}`);
    values[name] = value as Options[typeof name];
  }
  return values;
}

/** Whether it can be an object with options. A Map or an array would be read as one without any. */
export function isOptions(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Map);
}

// What rules have in common. Each is a part of a rule, beside its `ini` and its default.

interface Check<Value> {
  readonly accepts: (value: Value) => boolean;
  readonly mustBe: string;
}

/** What reads the option checks it, with a message of its own. */
export const checkedLater: Check<unknown> = { accepts: () => true, mustBe: '' };

/** For an option that means nothing when it is left out. */
export function optional<Value>(accepts: (value: Value) => boolean, mustBe: string): Check<Value | undefined> {
  return { accepts: (value) => value === undefined || accepts(value), mustBe };
}

export const flag: Check<boolean> = { accepts: (value) => typeof value === 'boolean', mustBe: 'true or false' };

export const anyFunction: Check<(...args: never[]) => unknown> = {
  accepts: (value) => typeof value === 'function',
  mustBe: 'a function',
};

export function wholeNumber(min: number, max: number, unit = ''): Check<number> {
  return {
    accepts: (value) => Number.isInteger(value) && value >= min && value <= max,
    mustBe: `a whole number${unit === '' ? '' : ` of ${unit}`} from ${min} to ${max}`,
  };
}

/** A time in seconds, which need not be a whole number. */
export function seconds(min: number, max: number): Check<number> {
  return {
    accepts: (value) => typeof value === 'number' && value >= min && value <= max,
    mustBe: `a number of seconds from ${min} to ${max}`,
  };
}

export function oneOf<Value extends string | number>(values: readonly Value[], others?: 'a function'): Check<unknown> {
  const list = values.map((value) => (typeof value === 'string' ? `'${value}'` : value));
  if (others !== undefined) list.push(others);
  return {
    accepts: (value) => values.includes(value as Value) || (others !== undefined && typeof value === 'function'),
    mustBe: `${list.slice(0, -1).join(', ')} or ${list.at(-1)}`,
  };
}
