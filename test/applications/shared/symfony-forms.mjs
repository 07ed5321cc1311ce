import { isDeepStrictEqual } from 'node:util';
import { same } from '../../drop-in/steps.mjs';

const OBJECT = 'O:8:"stdClass":1:{s:1:"a";i:1;}';

/** @param {string} [version] of Symfony; default: today's @returns {import('./forms.mjs').Forms} */
export const symfonyForms = (version) => ({
  page: 'symfony-forms.php',
  node: {
    flash: (ctx) => symfonyOf(ctx, version).addFlash(ctx.query.type, ctx.query.text),
    flashes: (ctx) => symfonyOf(ctx, version).allFlashes(),
    token: (ctx) => symfonyOf(ctx, version).token(ctx.query.id),
    check: (ctx) => symfonyOf(ctx, version).isTokenValid(ctx.query.id, ctx.request.body?._csrf_token),
    wanted: (ctx) => ctx.state.forms.setTargetPath(ctx.session, 'main', 'http://127.0.0.1/account?a=1'),
    back: (ctx) => symfonyOf(ctx, version).targetPath('main'),
    who: (ctx) => ctx.session._sf2_attributes?._security_main,
    logout: (ctx) => ctx.phpSession.destroy(),
  },
  steps: {
    flash: async ({ php, node }) => {
      for (const { from, to } of [
        { from: node, to: php },
        { from: php, to: node },
        { from: node, to: node },
      ]) {
        await from('flash', { query: { type: 'notice', text: 'Saved.' } });
        await from('flash', { query: { type: 'notice', text: OBJECT } });
        await from('flash', { query: { type: '__proto__', text: 'x' } });
        const { json } = await to('flashes');
        equal(json.notice, ['Saved.', OBJECT]);
        equal(Object.keys(json).sort(), ['__proto__', 'notice']);
        equal(Object.values((await php('flashes')).json), []);
        equal(Object.values((await node('flashes')).json), []);
      }
    },
    CSRF: async ({ php, node, other }) => {
      const id = 'authenticate';
      const isShown = version !== undefined; // that of before 5.3
      const ask = async (
        /** @type {import('./forms.mjs').Side} */ side,
        /** @type {string} */ token,
        name = '_csrf_token',
      ) => (await side('check', { query: { id }, form: { [name]: token } })).json;
      const tokenOf = async (/** @type {import('./forms.mjs').Side} */ side, of = id) =>
        (await side('token', { query: { id: of } })).json;
      const first = await tokenOf(node);
      const second = await tokenOf(php);
      same(first === second, isShown); // or each page has the token in another form
      for (const token of [first, second]) for (const side of [node, php]) same(await ask(side, token), true);
      const [padding, key, hidden] = first.split('.');
      const strange = await tokenOf(other().php);
      const others = [
        strange,
        await tokenOf(node, 'delete'),
        '',
        '.',
        '..',
        'a.b.c',
        `${padding}..${hidden}`,
        `${padding}.${hidden}.${key}x`,
      ];
      for (const token of others) for (const side of [node, php]) same(await ask(side, token), false);
      same(await ask(node, first, '_csrf_token[]'), false);
      same(await ask(other().node, first), false); // no token in that session
      if (isShown) return;
      same(await ask(node, `${'x'.repeat(20)}.${key}.${hidden}`), true); // Symfony takes any padding
      same(await ask(php, `${'x'.repeat(20)}.${key}.${hidden}`), true);
    },
    'wanted, login': async ({ php, node }) => {
      await node('wanted');
      same((await php('login')).json, 'http://127.0.0.1/account?a=1');
      same((await node('who')).json, 'alice');
      same((await node('back')).json, null);
      await php('guest');
      same((await node('back')).json, 'http://127.0.0.1/account?a=1');
      await node('logout');
      same((await php('who')).json, null);
    },
  },
});

/** @param {any} ctx @param {string | undefined} version */
function symfonyOf(ctx, version) {
  return ctx.state.forms.symfonySession(ctx.session, { secure: ctx.secure, ...(version !== undefined && { version }) });
}

/** @param {unknown} is @param {unknown} shall */
function equal(is, shall) {
  if (!isDeepStrictEqual(is, shall)) throw new Error(`${JSON.stringify(shall)} expected, ${JSON.stringify(is)} found`);
}
