import { Visitor } from './visitor.mjs';

/**
 * Uses the farm as visitors do, and says what it found.
 *
 * @param {import('./farm.mjs').Farm} farm
 * @returns {Promise<{ name: string, passed: boolean, detail: string }[]>}
 */
export async function checkFarm(farm) {
  const { 'php-1': php, 'php-2': _, ...nodes } = farm.servers;
  const checks = [await counter(farm)];
  for (const node of Object.values(nodes)) {
    const { language } = await new Visitor(farm.url).get('/', { at: node.url });
    const there = language.replace(/^Node \S+ /, '');
    checks.push(...(await oneLogin(farm, 'PHP', php.url, there, node.url)));
    checks.push(...(await oneLogin(farm, there, node.url, 'PHP', php.url)));
  }
  return checks;
}

/** @param {import('./farm.mjs').Farm} farm */
async function counter(farm) {
  const visitor = new Visitor(farm.url);
  /** @type {Record<string, number>} */
  const answered = {};
  const names = Object.keys(farm.servers);
  const requests = 10 * names.length;
  for (let i = 0; i < requests; i++) {
    const { status, server } = await visitor.get('/count');
    if (status === 200 && server) answered[server] = (answered[server] ?? 0) + 1;
  }
  const { count } = await visitor.get('/');
  const shares = names.map((name) => `${name} ${answered[name] ?? 0}`);
  return {
    name: `${requests} requests with one cookie, at least 8 by each server, count to ${requests}`,
    passed: count === requests && names.every((name) => (answered[name] ?? 0) >= 8),
    detail: `counter ${count}; ${shares.join(', ')}`,
  };
}

/**
 * @param {import('./farm.mjs').Farm} farm
 * @param {string} here @param {string} hereUrl
 * @param {string} there @param {string} thereUrl
 */
async function oneLogin(farm, here, hereUrl, there, thereUrl) {
  const visitor = new Visitor(farm.url);
  await visitor.get('/count', { at: thereUrl });
  const before = visitor.cookie;
  await visitor.post('/login', { user: `Zoë of ${here}` }, { at: hereUrl });
  const seen = await visitor.get('/', { at: thereUrl });

  // The stranger has the old id, from before the login; the twin has the same as the visitor.
  const stranger = new Visitor(farm.url);
  stranger.cookie = before;
  const strange = [await stranger.get('/', { at: hereUrl }), await stranger.get('/', { at: thereUrl })];
  const twin = new Visitor(farm.url);
  twin.cookie = visitor.cookie;
  await visitor.post('/logout', {}, { at: hereUrl });
  const afterwards = [await twin.get('/', { at: thereUrl }), await twin.get('/', { at: hereUrl })];
  return [
    {
      name: `a login made in ${here} is seen in ${there}`,
      passed: seen.user === `Zoë of ${here}` && seen.count === 1,
      detail: `user ${seen.user}, counter ${seen.count}`,
    },
    {
      name: `the id from before the login in ${here} is worth nothing`,
      passed:
        before !== '' && before !== twin.cookie && strange.every((answer) => answer.status === 200 && !answer.user),
      detail: `users ${strange.map((answer) => answer.user)}`,
    },
    {
      name: `a logout in ${here} logs out in ${here} and in ${there}`,
      passed: afterwards.every((answer) => answer.status === 200 && answer.user === null),
      detail: `users ${afterwards.map((answer) => answer.user)}`,
    },
  ];
}
