import { shared } from '../shared.ts';
import { isAscii } from './bytes.ts';
import type { Source } from './source.ts';
import { origin, stamp } from './stamps.ts';
import { isClassName } from './tokens.ts';
import {
  isCommon,
  isObject,
  isPhpObject,
  PhpArray,
  PhpCustom,
  PhpEnum,
  PhpFloat,
  type PhpKey,
  PhpObject,
  PhpReference,
} from './values.ts';

/**
 * How objects of a PHP class become instances of a JavaScript class in the plain view, and are written again. Both directions
 * are functions of the application: nothing is instantiated by a name that stands in the data.
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
  /** The PHP class, as PHP writes it: with its namespace, without a leading backslash. PHP does not tell case, nor does this. */
  className: string;
  /** Instances of exactly this class are written by `toPhp`; one of a subclass needs a mapping of its own. */
  class: { readonly prototype: T };
  /**
   * Makes an instance, a new one each time, or returns the object itself to leave it a `PhpObject`. The object has all its
   * properties; inside a cycle, those that lead back to it hold the `PhpObject` until this has returned.
   *
   * What it throws is thrown where the value is looked at.
   */
  fromPhp(object: PhpObject): T | PhpObject;
  /**
   * Sets the properties that the instance has by now. `object` holds what was read, private properties and order included,
   * so what is not set is written as it was; for a new instance it is empty. Each call gets a copy: writing may need two.
   *
   * What it throws is thrown by the call that writes, and nothing is written.
   */
  toPhp(instance: T, object: PhpObject): void;
}

/** The option `classes`: names that may be written, and mappings, which register their names too. */
export type ClassOption = Iterable<string | ClassMapping>;

/** What has a meaning of its own when it is written. */
const meanings: readonly object[] = [
  ...[Object, Array, Uint8Array],
  ...[PhpArray, PhpObject, PhpFloat, PhpEnum, PhpCustom, PhpReference],
].map(({ prototype }) => prototype);

/** Lists that cannot change any more are read once: an application has one list for all of its sessions. */
const frozen: WeakMap<object, Classes> = new WeakMap();

/** The classes that the application has registered. */
export class Classes implements Iterable<string | ClassMapping> {
  static readonly none: Classes = new Classes([]);
  readonly #entries: readonly (string | ClassMapping)[];
  readonly #byName: Map<string, ClassMapping | undefined> = new Map();
  readonly #byPrototype: Map<object, ClassMapping> = new Map();

  /** @throws TypeError for what is no class, and for two mappings of one PHP class */
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

  /** Whether this class or enum may be written although it was not read. */
  has(className: string): boolean {
    return this.#byName.has(lowerCase(className));
  }

  /** The mapping of a PHP class. */
  byName(className: string): ClassMapping | undefined {
    return this.#byName.get(lowerCase(className));
  }

  /** The mapping that new instances of a JavaScript class are written by: the first one. */
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

interface Links {
  link(instance: object, object: PhpObject): void;
  /** The object that an instance was made from. */
  object(instance: object): PhpObject | undefined;
  /** The instance that was made from an object. */
  instance(object: object): object | undefined;
}

/**
 * Instances and the objects that they were made from, in private fields of both: with WeakMaps a mapped object costs
 * seven times as much. Shared by all copies of the package: an instance may be read by one and written by the other.
 */
const known: Links = shared('instances', () => {
  class Any {
    constructor(value: object) {
      // biome-ignore lint/correctness/noConstructorReturn: this is how private fields get onto an existing object
      return value;
    }
  }
  class Link extends Any {
    #instance: object;
    #object: PhpObject;
    constructor(value: object, instance: object, object: PhpObject) {
      super(value);
      this.#instance = instance;
      this.#object = object;
    }
    static object(value: object): PhpObject | undefined {
      return #object in value ? value.#object : undefined;
    }
    static instance(value: object): object | undefined {
      return #instance in value ? value.#instance : undefined;
    }
  }
  // Private fields on what cannot be extended are to become an error in JavaScript.
  const frozen = new WeakMap<object, PhpObject>();
  return {
    link(instance, object) {
      if (Object.isExtensible(instance)) new Link(instance, instance, object);
      else frozen.set(instance, object);
      new Link(object, instance, object);
    },
    object: (instance) => Link.object(instance) ?? frozen.get(instance),
    instance: Link.instance,
  };
});

/** The object that this instance was made from, or the value itself. */
export function readObject(value: object): object {
  return known.object(value) ?? value;
}

/** Whether both are the same value; an object is the same as the instance that was made from it. */
export function isSame(one: unknown, other: unknown): boolean {
  return Object.is(one, other) || (isObject(one) && isObject(other) && readObject(one) === readObject(other));
}

/** An object that is to become an instance, and is not complete yet. */
interface Unfinished {
  readonly mapping: ClassMapping;
  /** The places inside it that hold it. */
  readonly places: Place[];
}

interface Place {
  readonly container: unknown[] | Record<string, unknown> | PhpObject;
  readonly key: PhpKey;
}

/** Makes instances of the objects of one value, while it is built. */
export class InstanceReader {
  readonly #source: Source;
  readonly #classes: Classes;
  readonly #open: Map<unknown, Unfinished> = new Map();

  constructor(source: Source, classes: Classes) {
    this.#source = source;
    this.#classes = classes;
  }

  begin(object: PhpObject): void {
    const mapping = this.#classes.byName(object.className);
    if (mapping !== undefined) this.#open.set(object, { mapping, places: [] });
  }

  /** Remembers a place where a reference leads to an object around it. */
  refer(value: unknown, container: unknown, key: PhpKey): void {
    this.#open.get(value)?.places.push({ container: container as Place['container'], key });
  }

  /**
   * @param at the token of the object
   * @returns what stands for the object from now on
   */
  end(object: PhpObject, at: number): object {
    const unfinished = this.#open.get(object);
    if (unfinished === undefined) return object;
    this.#open.delete(object);
    const { mapping, places } = unfinished;
    const { className } = mapping;
    const instance: object = mapping.fromPhp(object);
    if (instance === object) return object;
    if (!inherits(instance, mapping.class.prototype)) {
      throw new TypeError(`fromPhp of ${className} must return an instance of its class, or the object itself`);
    }
    // Of one that others have already, it would not be known which object it is.
    if (known.object(instance) !== undefined)
      throw new TypeError(`fromPhp of ${className} must return a new instance each time`);
    known.link(instance, object);
    if (this.#source.built.has(at)) this.#source.built.set(at, instance);
    for (const { container, key } of places) replace(container, key, object, instance);
    return instance;
  }
}

function replace(container: Place['container'], key: PhpKey, object: PhpObject, instance: object): void {
  // `fromPhp` may have changed what was there.
  const holder = container as Record<PropertyKey, unknown>;
  if (isPhpObject(container)) {
    if (container.properties.get(key) === object) container.properties.set(key, instance);
  } else if (holder[String(key)] === object) {
    holder[String(key)] = instance;
  }
}

/** What instances are in PHP, while a session is written: one object each, however many places have it. */
export class InstanceWriter {
  readonly #classes: Classes;
  readonly #objects: Map<object, PhpObject> = new Map();

  constructor(classes: Classes) {
    this.#classes = classes;
  }

  /** The object to be written for an instance; any other value is itself. */
  object(value: object): object {
    if (isCommon(value)) return value;
    // Somebody may have kept the object, as `fromPhp` saw it.
    const instance = known.instance(value) ?? value;
    const made = this.#objects.get(instance);
    if (made !== undefined) return made;
    const read = known.object(instance);
    const mapping =
      read === undefined
        ? this.#classes.byPrototype(Object.getPrototypeOf(instance))
        : this.#classes.byName(read.className);
    if (mapping === undefined) return value;
    const object = new PhpObject(read?.className ?? mapping.className, read?.properties);
    const from = read && origin(read);
    if (from !== undefined) stamp(object, from.source, from.at);
    const returned: unknown = mapping.toPhp(instance, object);
    if (returned !== undefined && returned !== object) {
      throw new TypeError(`toPhp of ${mapping.className} must set the properties of the object that it gets`);
    }
    this.#objects.set(instance, object);
    return object;
  }
}

function inherits(value: unknown, prototype: object): boolean {
  return Object.prototype.isPrototypeOf.call(prototype, value as object);
}

/** As PHP compares names of classes (`zend_str_tolower`): ASCII only. */
function lowerCase(name: string): string {
  return isAscii(name) ? name.toLowerCase() : name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
