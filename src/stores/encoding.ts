/** How PHP's side packs a session before it is stored. */
export interface Encoding {
  /** For messages: `base64`. */
  readonly name: string;
  encode(data: Uint8Array): Uint8Array;
  /** @returns `undefined` for what is not in this encoding; `encode()` of anything else gives what PHP reads as the same session */
  decode(stored: Uint8Array): Uint8Array | undefined;
}
