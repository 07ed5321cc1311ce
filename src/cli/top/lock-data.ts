/**
 * The key of the row that a lock is on. InnoDB shows columns of the index as SQL would have them: `'abc'` for text, `0x616263` for bytes.
 *
 * @param data `LOCK_DATA` of MySQL, `lock_data` of MariaDB
 * @returns as `ScannedRow.key`; `undefined` for what is no row, such as the end of an index
 */
export function keyOfLock(data: string | null): string | undefined {
  const hex = /^0x\s*([0-9a-f ]+)/i.exec(data ?? '')?.[1];
  if (hex !== undefined) return Buffer.from(hex.replaceAll(' ', ''), 'hex').toString('latin1');
  // CHAR is filled with spaces, which no id ends with.
  return textOf(data ?? undefined)?.trimEnd();
}

/** What a literal of SQL says that a text begins with. */
export function textOf(sql: string | undefined): string | undefined {
  const text = /^'((?:[^'\\]|''|\\[\s\S])*)'/.exec(sql ?? '')?.[1];
  return text?.replace(/''|\\([\s\S])/g, (_, char?: string) => char ?? "'");
}
