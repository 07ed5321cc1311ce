/**
 * The first byte of each value (igbinary: `enum igbinary_type` in src/php7/igbinary.c). Of three that differ in their last digits, the size
 * or number that follows has one, two or four bytes, big endian.
 */
export const tag = {
  null: 0x00,
  /** An array that came before, or a scalar that did so after `reference`. */
  array: 0x01,
  false: 0x04,
  true: 0x05,
  /** A positive int. For a negative one add 1, and its size follows. */
  int8: 0x06,
  int16: 0x08,
  int32: 0x0a,
  float: 0x0c,
  emptyString: 0x0d,
  /** A string that came before. */
  stringId: 0x0e,
  newString: 0x11,
  newArray: 0x14,
  /** An object of a class whose name is new. */
  newClass: 0x17,
  /** An object of a class whose name came before. */
  classId: 0x1a,
  /** After the name of a class: the bytes of an object that serialized itself (`Serializable`). */
  custom: 0x1d,
  int64: 0x20,
  /** An object that came before. */
  object: 0x22,
  /** The place of the value that follows is a PHP reference. */
  reference: 0x25,
  string64: 0x26,
  /** After the name of an enum: the name of a case. */
  enumCase: 0x27,
} as const;

export function isArray(token: number | undefined): token is number {
  return token !== undefined && token >= tag.newArray && token < tag.newClass;
}

export function isObject(token: number): boolean {
  return token >= tag.newClass && token < tag.custom;
}

export function isInt(token: number): boolean {
  return (token >= tag.int8 && token < tag.float) || token === tag.int64 || token === tag.int64 + 1;
}

export function isReference(token: number): boolean {
  return (token >= tag.array && token < tag.false) || (token >= tag.object && token < tag.reference);
}
