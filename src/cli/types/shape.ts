import { isPhpCustom, isPhpEnum, isPhpObject } from '../../codec/index.ts';
import { isObject } from '../../codec/values.ts';

/** Kinds of values in JavaScript, in the order of a union. */
export type Kind =
  | 'string'
  | 'number'
  | 'bigint'
  | 'boolean'
  | 'null'
  | 'Uint8Array'
  | 'PhpObject'
  | 'PhpEnum'
  | 'PhpCustom';

/** More keys than that in the arrays at one place are data, and are forgotten: memory does not grow with the rows. */
const MOST_KEYS = 500;
/** An array in so many others is `unknown`. */
const DEEPEST = 12;

/** What values at one place of many sessions have in common. It remembers names and kinds, and no value. */
export class Shape {
  readonly kinds: Set<Kind> = new Set();
  /** What the lists there hold. */
  elements: Shape | undefined;
  /** Arrays with keys. */
  map: MapShape | undefined;
  /** An empty array of PHP, which may become either. */
  hasEmpty = false;
  isTooDeep = false;

  /**
   * @param value of the plain view
   * @param session a number of its own for each session
   */
  add(value: unknown, session: number, depth: number): void {
    if (depth > DEEPEST) this.isTooDeep = true;
    else if (Array.isArray(value)) {
      if (value.length === 0) this.hasEmpty = true;
      else this.elements ??= new Shape();
      for (const one of value) this.elements!.add(one, session, depth + 1);
    } else if (isObject(value) && kindOf(value) === undefined) {
      this.map ??= new MapShape();
      this.map.add(value as Record<string, unknown>, session, depth + 1);
    } else this.kinds.add(kindOf(value)!);
  }
}

/** How often something was seen. */
export class Count {
  times = 0;
  /** Many lines of one session are one visitor's. */
  sessions = 0;
  #last = -1;

  add(session: number): void {
    this.times++;
    if (session !== this.#last) this.sessions++;
    this.#last = session;
  }
}

/** Arrays with keys. */
export class MapShape {
  readonly count: Count = new Count();
  readonly names: Map<string, { count: Count; shape: Shape }> = new Map();
  /** What is under keys that were too many to be names. */
  readonly others: Shape = new Shape();
  hasOthers = false;

  add(map: Record<string, unknown>, session: number, depth: number): void {
    this.count.add(session);
    for (const [key, value] of Object.entries(map)) {
      let found = this.names.get(key);
      if (found === undefined && this.names.size >= MOST_KEYS) {
        this.hasOthers = true;
        this.others.add(value, session, depth);
        continue;
      }
      if (found === undefined) {
        found = { count: new Count(), shape: new Shape() };
        this.names.set(key, found);
      }
      found.count.add(session);
      found.shape.add(value, session, depth);
    }
  }
}

/** @returns `undefined` for an array with keys */
function kindOf(value: unknown): Kind | undefined {
  if (value === null) return 'null';
  if (!isObject(value)) return typeof value as Kind;
  if (value instanceof Uint8Array) return 'Uint8Array';
  if (isPhpObject(value)) return 'PhpObject';
  if (isPhpEnum(value)) return 'PhpEnum';
  return isPhpCustom(value) ? 'PhpCustom' : undefined;
}
