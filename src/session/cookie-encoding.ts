/** How PHP's side packs the id in its cookie: encrypted, or signed. */
export interface CookieEncoding {
  /**
   * @param value of the cookie, percent-decoded. A browser sends it, so it may be anything
   * @param name of the cookie
   * @returns the id; `undefined` for what PHP's side has not made, which is as no cookie
   */
  decode(value: string, name: string): string | undefined;
  /** @returns the value for the cookie of an id; it is percent-encoded afterwards */
  encode(id: string, name: string): string;
}

/** What says how a cookie is packed. */
export interface PackedCookie {
  readonly name: string;
  readonly cookieEncoding?: CookieEncoding | undefined;
}

/** @param value of the cookie, if the browser sent one */
export function idOf({ name, cookieEncoding }: PackedCookie, value: string | undefined): string | undefined {
  return value === undefined || cookieEncoding === undefined ? value : cookieEncoding.decode(value, name);
}

export function cookieValue({ name, cookieEncoding }: PackedCookie, id: string): string {
  return cookieEncoding === undefined ? id : cookieEncoding.encode(id, name);
}
