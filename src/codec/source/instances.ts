import { type Classes, type ClassMapping, inherits } from '../classes.ts';
import { isCommon, isObject, isPhpObject, type PhpKey, PhpObject } from '../values.ts';
import { Overlay, tagOrigin } from './origins.ts';
import { originOf, type Source } from './source.ts';

/**
 * Links an instance and the object that it was made from, in private fields of both: with WeakMaps a mapped object takes seven times as
 * long.
 */
class Link extends Overlay {
  readonly #instance: object;
  readonly #object: PhpObject;
  constructor(value: object, instance: object, object: PhpObject) {
    super(value);
    this.#instance = instance;
    this.#object = object;
  }
  /** The object that an instance was made from. */
  static object(value: object): PhpObject | undefined {
    return #object in value ? value.#object : frozen.get(value);
  }
  /** The instance that was made from an object. */
  static instance(value: object): object | undefined {
    return #instance in value ? value.#instance : undefined;
  }
}

/** The objects of instances that are not extensible: JavaScript will forbid new private fields on them. */
const frozen: WeakMap<object, PhpObject> = new WeakMap();

function link(instance: object, object: PhpObject): void {
  if (Object.isExtensible(instance)) new Link(instance, instance, object);
  else frozen.set(instance, object);
  new Link(object, instance, object);
}

/** The object that an instance was made from. Any other value is itself. */
export function originalObject(value: object): object {
  return Link.object(value) ?? value;
}

/** Whether both are the same value. An instance is the same as the object that it was made from. */
export function isSame(one: unknown, other: unknown): boolean {
  return Object.is(one, other) || (isObject(one) && isObject(other) && originalObject(one) === originalObject(other));
}

/** An object whose class is mapped, and whose properties are still being built. */
interface Unfinished {
  readonly mapping: ClassMapping;
  /** The places inside it that contain it. */
  readonly places: Place[];
}

interface Place {
  readonly container: unknown[] | Record<string, unknown> | PhpObject;
  readonly key: PhpKey;
}

/** Makes instances of the objects in one value, while that value is built. */
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

  /** Remembers a place whose reference means an object around that place. */
  refer(value: unknown, container: unknown, key: PhpKey): void {
    this.#open.get(value)?.places.push({ container: container as Place['container'], key });
  }

  /**
   * Makes the instance of a complete object.
   *
   * @param at the token of the object
   * @returns the value to use for the object from now on
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
    // An instance of two objects could not be written: it would be unclear which object it is.
    if (Link.object(instance) !== undefined)
      throw new TypeError(`fromPhp of ${className} must return a new instance each time`);
    link(instance, object);
    if (this.#source.shared.has(at)) this.#source.shared.set(at, instance);
    for (const { container, key } of places) replace(container, key, object, instance);
    return instance;
  }
}

function replace(container: Place['container'], key: PhpKey, object: PhpObject, instance: object): void {
  // `fromPhp` may have changed the place.
  const holder = container as Record<PropertyKey, unknown>;
  if (isPhpObject(container)) {
    if (container.properties.get(key) === object) container.properties.set(key, instance);
  } else if (holder[String(key)] === object) {
    holder[String(key)] = instance;
  }
}

/** The objects for instances, while a session is written. Each instance is one object, in however many places. */
export class InstanceWriter {
  readonly #classes: Classes;
  readonly #objects: Map<object, PhpObject> = new Map();

  constructor(classes: Classes) {
    this.#classes = classes;
  }

  /** The object to write for an instance. Any other value is itself. */
  object(value: object): object {
    if (isCommon(value)) return value;
    // The application may have kept the object that `fromPhp` got.
    const instance = Link.instance(value) ?? value;
    const made = this.#objects.get(instance);
    if (made !== undefined) return made;
    const read = Link.object(instance);
    const mapping =
      read === undefined
        ? this.#classes.byPrototype(Object.getPrototypeOf(instance))
        : this.#classes.byName(read.className);
    if (mapping === undefined) return value;
    const object = new PhpObject(read?.className ?? mapping.className, read?.properties);
    const from = read && originOf(read);
    if (from !== undefined) tagOrigin(object, from.source, from.at);
    const returned: unknown = mapping.toPhp(instance, object);
    if (returned !== undefined && returned !== object) {
      throw new TypeError(`toPhp of ${mapping.className} must set the properties of the object that it gets`);
    }
    this.#objects.set(instance, object);
    return object;
  }
}
