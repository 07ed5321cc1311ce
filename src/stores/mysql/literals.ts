/** Characters that mean nothing in a quoted string, in every `sql_mode` and character set: all that is in an id of PHP, and in most others. */
const PLAIN = /^[\w<>,:.-]{0,300}$/;

/** What a statement is about: an id, bytes, a number. */
export type Literal = string | Buffer | number | null;

/**
 * Bytes whose text is sent in place of a bound value. Hex takes two for each, and the server reads them slower than bound bytes: from
 * about this size on, that costs more than the round trip that it saves in a local network.
 */
const MOST_BYTES = 32_768;

/**
 * A statement with its values in its text, so that COMMIT can follow in the same round trip. Nothing is escaped, so nothing can be
 * escaped wrongly, whatever `sql_mode` says: bytes are hex, and so is a text, unless it is of characters that mean nothing in a quoted string.
 *
 * @returns `undefined` where the values have to be bound
 */
export function withLiterals(sql: string, values: readonly Literal[]): string | undefined {
  return asText(sql, values, usualLiteral);
}

/**
 * The same for values of any size: for a server that has no room for one more prepared statement.
 *
 * @returns `undefined` where the values have to be bound
 */
export function withAnyLiterals(sql: string, values: readonly unknown[]): string | undefined {
  return asText(sql, values, literal);
}

function asText<Value>(
  sql: string,
  values: readonly Value[],
  write: (value: Value) => string | undefined,
): string | undefined {
  const parts = sql.split('?');
  // A column may have a question mark in its name.
  if (parts.length !== values.length + 1) return undefined;
  let text = parts[0]!;
  for (const [index, value] of values.entries()) {
    const written = write(value);
    if (written === undefined) return undefined;
    text += written + parts[index + 1]!;
  }
  return text;
}

function usualLiteral(value: Literal): string | undefined {
  return Buffer.isBuffer(value) && value.length > MOST_BYTES ? undefined : literal(value);
}

/** @returns `undefined` for what is no `Literal` */
export function literal(value: unknown): string | undefined {
  if (value === null) return 'NULL';
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined;
  if (typeof value === 'string') return PLAIN.test(value) ? `'${value}'` : `_utf8mb4 ${hex(Buffer.from(value))}`;
  return Buffer.isBuffer(value) ? hex(value) : undefined;
}

function hex(bytes: Buffer): string {
  return `x'${bytes.toString('hex')}'`;
}
