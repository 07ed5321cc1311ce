/** A browser for whole applications: it keeps cookies, and follows redirects. */
export class Browser {
  /** @type {Map<string, string>} */
  cookies = new Map();

  /**
   * @param {string} url
   * @param {Record<string, string>} [form] sent by POST
   * @returns {Promise<{ status: number, text: string, url: string }>} the page at the end of the redirects
   */
  async open(url, form) {
    const headers = { cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
    const body = form === undefined ? null : new URLSearchParams(form);
    const response = await fetch(url, {
      method: form === undefined ? 'GET' : 'POST',
      body,
      headers,
      redirect: 'manual',
    });
    for (const cookie of response.headers.getSetCookie()) this.#keep(cookie);
    const text = await response.text();
    const location = response.headers.get('location');
    return location === null ? { status: response.status, text, url } : this.open(new URL(location, url).href);
  }

  /** @param {string} cookie a `Set-Cookie` */
  #keep(cookie) {
    const [pair = '', ...attributes] = cookie.split(/; */);
    const [, name = '', value = ''] = /^([^=]*)=(.*)$/.exec(pair) ?? [];
    const expires = attributes.find((attribute) => /^expires=/i.test(attribute))?.slice('expires='.length);
    const isOver =
      value === '' || attributes.some((text) => /^max-age=0$/i.test(text)) || Date.parse(expires ?? '') < Date.now();
    if (isOver) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}

/** What a page has between two texts. @param {string} text @param {RegExp} pattern with one group */
export function found(text, pattern) {
  const value = pattern.exec(text)?.[1];
  if (value === undefined)
    throw new Error(
      `no ${pattern} in the page: ${text.replace(/<(script|style).*?<\/\1>|<[^>]*>|\s+/gs, ' ').slice(0, 300)}`,
    );
  return value.replaceAll('&amp;', '&');
}
