/** A byte string: each character is one byte. */
export const latin1Bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

export const latin1Text = (data: Uint8Array): string => Buffer.from(data).toString('latin1');
