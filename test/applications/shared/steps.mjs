import { each, incrementAtOnce, same, steps } from '../../drop-in/steps.mjs';

/** Begins the outcome that nobody can help who writes beside such a handler. It is no failure. */
export const NO_LOCK = 'it takes no lock';

/**
 * The steps of an application with its own handler, and more: whom Node sees, and a session that Node has made.
 *
 * @param {object} application
 * @param {string} application.who whom Node shall see
 * @param {boolean} application.makesAll whether it alone makes its sessions
 * @param {RegExp} [application.stays] the names of cookies that stay after a logout
 * @param {boolean} application.locks whether its handler takes a lock
 * @returns {typeof steps}
 */
export function stepsOf({ who, makesAll, stays, locks }) {
  return {
    ...steps,
    who: async ({ node }) => same(String(await node('who')), who),
    ...(!locks && {
      parallel: async (sides) => {
        const lost = 2 * each - (await incrementAtOnce(sides));
        if (lost > 0) throw new Error(`${NO_LOCK}: ${lost} of ${2 * each} are lost`);
      },
    }),
    'logout Node': async (sides) => {
      await steps['logout Node']?.(sides);
      // None is left by which PHP would log in again.
      same([...(sides.browser.others ?? new Map()).keys()].filter((name) => !stays?.test(name)).join(), '');
    },
    'who after logout': async ({ php, node }) => {
      await php('login');
      same(String(await node('who')), who);
      await php('logout'); // It may leave the session, with another id.
      same(await node('who'), null);
    },
    'new by Node': async ({ php, node, browser }) => {
      browser.id = undefined;
      if (makesAll) {
        const refusal = await node('set', { key: 'colour', value: 'grün' }).catch((error) => error.message);
        same(refusal.slice(0, 10), 'status 500');
        same(browser.id, undefined);
        return;
      }
      await node('set', { key: 'colour', value: 'grün' });
      same(browser.id !== undefined, true);
      same(await php('get', { key: 'colour' }), 'grün');
      await php('login');
      same(String(await node('who')), who);
      same(await node('get', { key: 'colour' }), 'grün');
    },
  };
}
