import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import Koa from 'koa';
import { Browser } from './browser.mjs';
import { withPhp } from './run.mjs';

/**
 * Forms at the border of PHP and Node.
 *
 * @typedef {object} Forms
 * @property {string} page of test/drop-in/pages
 * @property {Record<string, (ctx: any) => unknown>} node what pages of Node do; `around` is in `ctx.state`
 * @property {Record<string, (sides: Sides) => Promise<unknown>>} steps each in a browser of its own; what one returns can be recorded
 *
 * @typedef {(action: string, more?: { query?: Record<string, string>, form?: Record<string, string>, headers?: Record<string, string> }) =>
 *   Promise<import('./browser.mjs').Answer>} Side
 *
 * @typedef {object} Sides
 * @property {Side} php
 * @property {Side} node
 * @property {Browser} browser
 * @property {() => Sides} other the sides in another browser
 */

/**
 * @param {import('./run.mjs').Application & { forms: Forms }} application
 * @param {import('./run.mjs').Around & { forms: object }} around
 * @returns {Promise<{ outcomes: Record<string, import('../../drop-in/steps.mjs').Outcome>, results: unknown[], log: string }>}
 */
export function runForms(application, around) {
  const { page, node: actions, steps } = application.forms;
  const { mysqlStore, phpSession } = around;
  return withPhp({ ...application, page }, around, async ({ url, preset, connection, log }) => {
    const store = mysqlStore({ connection, ...preset.store });
    const app = new Koa();
    app.silent = true;
    app.use(async (ctx, next) => {
      ctx.state.forms = around.forms;
      if (ctx.method === 'POST') /** @type {any} */ (ctx.request).body = formOf(await text(ctx.req));
      await next();
    });
    app.use(phpSession({ store, ...preset.session }));
    app.use(async (ctx) => {
      const result = await actions[String(ctx.query.do)]?.(ctx);
      if (ctx.status === 404) ctx.body = JSON.stringify(result ?? null);
    });
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    const sidesOf = (/** @type {Browser} */ browser) => {
      const side =
        (/** @type {string} */ base) =>
        (/** @type {string} */ action, /** @type {any} */ { query = {}, ...more } = {}) =>
          browser.ask(`${base}?${new URLSearchParams({ do: action, ...query })}`, more);
      /** @type {Sides} */
      const sides = {
        php: side(url),
        node: side(`http://127.0.0.1:${port}/`),
        browser,
        other: () => sidesOf(new Browser()),
      };
      return sides;
    };
    /** @type {Record<string, import('../../drop-in/steps.mjs').Outcome>} */
    const outcomes = {};
    /** @type {unknown[]} */
    const results = [];
    try {
      for (const [title, step] of Object.entries(steps)) {
        outcomes[title] = await step(sidesOf(new Browser())).then(
          (result) => {
            if (result !== undefined) results.push(result);
            return true;
          },
          (error) => String(error.message),
        );
      }
    } finally {
      server.close();
      server.closeAllConnections();
      await store.close();
    }
    return { outcomes, results, log: log() };
  });
}

/** As qs and `parse_str()`: `a[]=1` makes a list. @param {string} body */
function formOf(body) {
  /** @type {Record<string, string | string[]>} */
  const form = {};
  for (const [name, value] of new URLSearchParams(body)) {
    if (name.endsWith('[]')) form[name.slice(0, -2)] = [...(form[name.slice(0, -2)] ?? []), value];
    else form[name] = value;
  }
  return form;
}
