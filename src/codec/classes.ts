import { isClassName } from './php/names.ts';
import { PhpArray, PhpCustom, PhpEnum, PhpFloat, PhpObject, PhpReference } from './values.ts';

/**
 * How objects of a PHP class become instances of a JavaScript class in the plain view, and how they are written again. Functions of
 * the application do both, so no name in the data instantiates anything.
 *
 * @example
 * const cart: ClassMapping<Cart> = {
 *   className: 'App\\Entity\\Cart',
 *   class: Cart,
 *   fromPhp: (object) => new Cart(object.get('items') as Item[]),
 *   toPhp: (cart, object) => object.set('items', cart.items),
 * };
 */
// biome-ignore lint/suspicious/noExplicitAny: mappings of all classes stand in one list
export interface ClassMapping<T extends object = any> {
  /** The PHP class, with its namespace and without a leading backslash. Case does not matter, as in PHP. */
  className: string;
  /** `toPhp` writes instances of exactly this class. A subclass needs a mapping of its own. */
  class: { readonly prototype: T };
  /**
   * Makes a new instance each time, or returns the object itself to leave it a `PhpObject`. The object has all its properties. In a
   * cycle, those that lead back to it hold the `PhpObject` until this function returns.
   *
   * An access to the value throws what this function throws.
   */
  fromPhp(object: PhpObject): T | PhpObject;
  /**
   * Sets the properties that the instance has now. `object` is a copy of what was read, with private properties and in its order. So a
   * property that is not set is written as it was. For a new instance `object` is empty. One call that writes may call it twice.
   *
   * `encodeSession()` or `serialize()` throws what this function throws, and writes nothing.
   */
  toPhp(instance: T, object: PhpObject): void;
}

/** The option `classes`: names that may be written, and mappings. A mapping also allows its name. */
export type ClassOption = Iterable<string | ClassMapping>;

/** Prototypes that the codec itself writes. They cannot be mapped. */
const meanings: readonly object[] = [
  ...[Object, Array, Uint8Array],
  ...[PhpArray, PhpObject, PhpFloat, PhpEnum, PhpCustom, PhpReference],
].map(({ prototype }) => prototype);

/** By frozen list, which cannot change: an application has one list for all of its sessions, and it is read once. */
const frozen: WeakMap<object, Classes> = new WeakMap();

/** The classes that the application has registered. */
export class Classes implements Iterable<string | ClassMapping> {
  static readonly none: Classes = new Classes([]);
  readonly #entries: readonly (string | ClassMapping)[];
  readonly #byName: Map<string, ClassMapping | undefined> = new Map();
  readonly #byPrototype: Map<object, ClassMapping> = new Map();

  /** @throws TypeError for an entry that is no class, and for two mappings of one PHP class */
  constructor(entries: ClassOption) {
    this.#entries = [...entries];
    for (const entry of this.#entries) {
      if (typeof entry === 'string') this.#addName(entry);
      else this.#addMapping(entry);
    }
  }

  /** @throws TypeError */
  static of(option: ClassOption | undefined): Classes {
    if (option === undefined) return Classes.none;
    if (option instanceof Classes) return option;
    const isList = typeof option === 'object' && option !== null && typeof option[Symbol.iterator] === 'function';
    if (!isList) throw new TypeError('classes must be a list of names and mappings');
    const known = frozen.get(option);
    if (known !== undefined) return known;
    const classes = new Classes(option);
    if (Array.isArray(option) && Object.isFrozen(option)) frozen.set(option, classes);
    return classes;
  }

  get hasMappings(): boolean {
    return this.#byPrototype.size > 0;
  }

  /** Whether the application allows this class or enum, so that it may be written although it was not read. */
  has(className: string): boolean {
    return this.#byName.has(lowerCase(className));
  }

  /** The mapping of a PHP class. */
  byName(className: string): ClassMapping | undefined {
    return this.#byName.get(lowerCase(className));
  }

  /** The mapping that writes new instances of a JavaScript class: the first one. */
  byPrototype(prototype: object): ClassMapping | undefined {
    return this.#byPrototype.get(prototype);
  }

  [Symbol.iterator](): Iterator<string | ClassMapping> {
    return this.#entries.values();
  }

  #addName(name: string): void {
    if (!isClassName(name)) throw new TypeError('classes must be names of PHP classes, without a leading backslash');
    const key = lowerCase(name);
    if (!this.#byName.has(key)) this.#byName.set(key, undefined);
  }

  #addMapping(mapping: ClassMapping): void {
    const { className, class: mapped, fromPhp, toPhp } = mapping ?? {};
    if (typeof className !== 'string') throw new TypeError('classes: a mapping needs className, a name');
    this.#addName(className);
    const key = lowerCase(className);
    if (this.#byName.get(key) !== undefined) throw new TypeError('classes: a PHP class has two mappings');
    const prototype: object | undefined = typeof mapped === 'function' ? mapped.prototype : undefined;
    const isPossible =
      prototype !== undefined && !meanings.includes(prototype) && !inherits(prototype, Array.prototype);
    if (!isPossible) {
      throw new TypeError('classes: class must be a class whose instances are no arrays, bytes or values of PHP');
    }
    if (typeof fromPhp !== 'function') throw new TypeError('classes: a mapping needs the function fromPhp');
    if (typeof toPhp !== 'function') throw new TypeError('classes: a mapping needs the function toPhp');
    this.#byName.set(key, mapping);
    if (!this.#byPrototype.has(prototype)) this.#byPrototype.set(prototype, mapping);
  }
}

export function inherits(value: unknown, prototype: object): boolean {
  return Object.prototype.isPrototypeOf.call(prototype, value as object);
}

const nonAscii = /[^\0-\x7f]/;

/** PHP compares names of classes like this (`zend_str_tolower`): ASCII only. */
function lowerCase(name: string): string {
  return nonAscii.test(name) ? name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : name.toLowerCase();
}
