/** @typedef {{ status: number, text: string, json: any, location: string | null, cookies: Map<string, string> }} Answer */

/** A browser with all of its cookies, which goes to the sites of both sides. */
export class Browser {
  /** @type {Map<string, string>} as they are sent */
  cookies = new Map();

  /**
   * @param {string} url
   * @param {{ form?: Record<string, string>, headers?: Record<string, string> }} [more] a form is sent by POST
   * @returns {Promise<Answer>}
   */
  async ask(url, { form, headers = {} } = {}) {
    const cookie = [...this.cookies].map((pair) => pair.join('=')).join('; ');
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { ...(cookie !== '' && { cookie }), ...headers },
      ...(form !== undefined && { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split('; ');
      const [name = '', value = ''] = pair.split(/=(.*)/);
      if (value === 'deleted' || attributes.includes('Max-Age=0')) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    const text = await response.text();
    let json;
    try {
      json = JSON.parse(text);
    } catch {
      json = undefined;
    }
    return { status: response.status, text, json, location: response.headers.get('location'), cookies: this.cookies };
  }
}
