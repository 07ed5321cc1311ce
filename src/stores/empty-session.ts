const emptyArray = Buffer.from('a:0:{}');

/** Whether nothing is stored in a session: PHP writes it as nothing, or in the format php_serialize as an empty array. */
export function isEmptySession(data: Uint8Array): boolean {
  return data.length === 0 || Buffer.compare(data, emptyArray) === 0;
}
