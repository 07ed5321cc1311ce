/** What PHP gives out as ids: `session.sid_length` and `session.sid_bits_per_character`. */
export interface IdForm {
  readonly sidLength: number;
  readonly sidBitsPerCharacter: 4 | 5 | 6;
}

/**
 * The form that most ids have.
 *
 * @param ids any number of them
 * @returns `undefined` where they have several lengths
 */
export function formOf(ids: readonly string[]): IdForm | undefined {
  const counts = new Map<number, number>();
  for (const { length } of ids) counts.set(length, (counts.get(length) ?? 0) + 1);
  const [sidLength, count] = [...counts].sort(([, a], [, b]) => b - a)[0] ?? [0, 0];
  if (count === 0 || count < 0.8 * ids.length) return undefined;
  const characters = ids.filter(({ length }) => length === sidLength).join('');
  // An id has 22 characters at least: that none of them is above `f`, if there are 32 or 64 of them, is as good as impossible.
  const sidBitsPerCharacter = /^[0-9a-f]*$/.test(characters) ? 4 : /^[0-9a-v]*$/.test(characters) ? 5 : 6;
  return { sidLength, sidBitsPerCharacter };
}
