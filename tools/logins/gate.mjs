import { createServer } from 'node:http';

/**
 * Pages wait here until the test lets them continue, so that two requests meet in a given order. A page asks for
 * `/hold/NAME` and gets its answer when the test calls `release(NAME)`. `/tell/NAME` is answered at once.
 */
export class Gate {
  #server = createServer((request, response) => this.#come(request.url ?? '', response));
  /** @type {Map<string, { arrived: Promise<void>, arrive: () => void, answer?: () => void, isOpen?: boolean }>} */
  #points = new Map();

  /** @returns {Promise<string>} its URL */
  async start() {
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', () => resolve(undefined)));
    const { port } = /** @type {import('node:net').AddressInfo} */ (this.#server.address());
    return `http://127.0.0.1:${port}`;
  }

  /** @param {string} name @returns {Promise<void>} until a page is there */
  arrived(name) {
    return this.#point(name).arrived;
  }

  /** Lets the page go on, also if it comes later. @param {string} name */
  release(name) {
    const point = this.#point(name);
    point.isOpen = true;
    point.answer?.();
  }

  /** @param {string} name no longer used */
  forget(name) {
    this.#points.delete(name);
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** @param {string} path @param {import('node:http').ServerResponse} response */
  #come(path, response) {
    const [, kind = '', name = ''] = path.split('/');
    const point = this.#point(name);
    point.answer = () => response.end();
    if (kind === 'tell' || point.isOpen) point.answer();
    point.arrive();
  }

  /** @param {string} name */
  #point(name) {
    let point = this.#points.get(name);
    if (point === undefined) {
      let arrive = () => {};
      const arrived = new Promise((/** @type {(value: void) => void} */ resolve) => {
        arrive = resolve;
      });
      point = { arrived, arrive };
      this.#points.set(name, point);
    }
    return point;
  }
}
