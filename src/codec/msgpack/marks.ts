/**
 * What PHP's extension says in a pair whose key is nil (msgpack-php: `msgpack_serialize_type`). It stands first in its map:
 *
 *     nil => 1                       an array or object in a PHP reference; the class, elements or properties follow
 *     nil => 2, 0 => number          that array again, in its reference
 *     nil => 3, class => data        an object of a class that implements Serializable
 *     nil => 4, 0 => number          that object again
 *     nil => 5, 0 => number          that object again, in its reference
 *     nil => 6, class => case        a case of an enum (since 3.0)
 *     nil => class                   an object; its properties follow
 *     nil => class, nil => array     an object whose class has __serialize()
 *
 * Arrays and objects are numbered in their order. The session is 1.
 */
export const mark = { reference: 1, sameArray: 2, custom: 3, sameObject: 4, sameReference: 5, enum: 6 } as const;

/** The most arrays and objects inside each other that PHP's extension reads (`MSGPACK_EMBED_STACK_SIZE`, without the last one). */
export const deepest = 1023;

/**
 * How PHP's extension writes the objects of a class. It depends on what the class has:
 *
 * - `__serialize`: the method of this name
 * - `Serializable`: the interface of this name, and no such method
 * - `properties`: neither
 */
export type ObjectLayout = 'properties' | '__serialize' | 'Serializable';

/** The layouts of classes. PHP compares names of classes without case. */
export class Layouts {
  readonly #byName: Map<string, ObjectLayout> = new Map();

  get(className: string): ObjectLayout | undefined {
    return this.#byName.get(className.toLowerCase());
  }

  set(className: string, layout: ObjectLayout): void {
    this.#byName.set(className.toLowerCase(), layout);
  }
}

/** Whether objects of this class have nothing but properties. */
export function isPlain(className: string): boolean {
  return className.toLowerCase() === 'stdclass';
}
