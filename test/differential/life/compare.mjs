// One scenario on both sides, and what was expected of each.
import { Model } from './model.mjs';
import { changedDefaults, inNode, normalized, ofPhp } from './outcome.mjs';
import { scenarios } from './scenarios.mjs';

/** What is the same in every php.ini, so that the installed one does not matter. */
const plain = {
  ...changedDefaults,
  'session.save_handler': 'files',
  'session.name': 'PHPSESSID',
  'session.use_only_cookies': 1,
  'session.lazy_write': 1,
  'session.gc_probability': 0,
  'session.gc_maxlifetime': 1440,
  'session.serialize_handler': 'php',
  'session.cookie_lifetime': 0,
  'session.cookie_secure': 0,
  'session.cache_limiter': 'nocache',
  'session.cache_expire': 180,
};

/** @param {string} phpVersion */
export function scenariosFor(phpVersion) {
  return scenarios.filter(({ since = '7.2' }) => since <= phpVersion);
}

/** What PHP gets as the body of its request. @param {import('./scenarios.mjs').Scenario} scenario */
export function question({ rows, ini, validates, steps }) {
  return JSON.stringify({ rows, ini: { ...plain, ...ini }, validates, steps });
}

/**
 * @param {import('./scenarios.mjs').Scenario} scenario
 * @param {any} answer what PHP printed
 * @param {string} phpVersion
 * @param {Parameters<typeof inNode>[0]} parts
 */
export async function compare(scenario, answer, phpVersion, parts) {
  const { cookie, link } = answer;
  const model = (/** @type {boolean} */ isNode) => new Model(scenario, { cookie, link, phpVersion, isNode }).run();
  const [asPhp, asNode] = [model(false), model(true)];
  const node = await inNode(parts, scenario, phpVersion);
  return {
    php: { expected: normalized(asPhp.outcome, scenario), actual: ofPhp(answer, scenario) },
    node: {
      expected: { status: asNode.status, ...normalized(asNode.outcome, scenario) },
      actual: { status: node.status, ...node.outcome },
    },
    used: asNode.used,
  };
}
