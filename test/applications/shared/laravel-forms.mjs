import { isDeepStrictEqual } from 'node:util';
import { same } from '../../drop-in/steps.mjs';
import { comparable, randomCases, runInNode } from './laravel-store.mjs';

/** Text that would be an object, if somebody unserialized it. */
const OBJECT = 'O:8:"stdClass":1:{s:1:"a";i:1;}';
const typed = { email: '<a@b>', password: 'geheim', password_confirmation: 'geheim', note: OBJECT };
const messages = {
  default: { email: ['Not an <address>.', 'Too short.'] },
  login: { code: ['Wrong code.'] },
};

/**
 * @param {{ key: string }} keys
 * @param {{ serialization?: 'php' | 'json', dots?: boolean }} options of `config/session.php`, and of `randomCases()`
 * @returns {import('./forms.mjs').Forms}
 */
export function laravelForms(keys, { serialization = 'php', dots = true }) {
  /** @type {any} */
  let codec;
  /** What each page of Node begins with. @param {any} ctx */
  const laravelOf = (ctx) => ctx.state.forms.laravelSession(ctx.session, { serialization });
  return {
    page: 'laravel-forms.php',
    node: {
      page(ctx) {
        const laravel = laravelOf(ctx);
        const [status, errors, old, token] = [laravel.get('status'), laravel.errors(), laravel.old(), laravel.token()];
        laravel.ageFlashData();
        return { status, errors, old, token };
      },
      submit(ctx) {
        const laravel = laravelOf(ctx);
        ctx.assert(laravel.tokensMatch(ctx.request, keys), 403);
        laravel.flashInput(ctx.request.body);
        laravel.withErrors({ email: ['Not an <address>.', 'Too short.', 'Too short.'] });
        laravel.withErrors({ code: 'Wrong code.' }, 'login');
        laravel.ageFlashData();
        ctx.redirect('/?do=page');
      },
      save(ctx) {
        const laravel = laravelOf(ctx);
        laravel.flash('status', String(ctx.query.text ?? 'Saved.'));
        laravel.ageFlashData();
        ctx.redirect('/?do=page');
      },
      check(ctx) {
        ctx.assert(laravelOf(ctx).tokensMatch(ctx.request, keys), 403);
        ctx.status = 204;
      },
      xsrf: (ctx) => laravelOf(ctx).xsrfCookie(keys),
      codec(ctx) {
        codec = ctx.state.forms;
      },
      begin(ctx) {
        ctx.session.cart = 1;
      },
      wanted: (ctx) => ctx.state.forms.setIntendedUrl(ctx.session, 'http://127.0.0.1/account?a=1'),
      back: (ctx) => laravelOf(ctx).pullIntendedUrl(),
      who: (ctx) => ctx.session.login_web_59ba36addc2b2f9401580f014c7f58ea4e30989d,
      logout: (ctx) => ctx.phpSession.destroy(),
    },
    steps: {
      'errors of Node': async ({ php, node }) => {
        const _token = await bladeToken(php);
        same((await node('submit', { form: { ...typed, _token } })).status, 302);
        const { text } = await php('page');
        for (const part of [
          '<input name="email" value="&lt;a@b&gt;">',
          '<input name="password" value="">',
          '<i>Not an &lt;address&gt;.</i>',
          '<b>Wrong code.</b>',
          '<u>Not an &lt;address&gt;.|Too short.</u>',
        ])
          if (!text.includes(part)) throw new Error(`no ${part} in ${text}`);
        await withoutErrors(php);
        await withoutErrors(php);
      },
      'errors of PHP': async ({ php, node }) => {
        const _token = await bladeToken(php);
        same((await php('submit', { form: { ...typed, _token } })).status, 302);
        const { json } = await node('page');
        equal(json.errors, messages);
        equal(json.old, { email: typed.email, note: OBJECT, _token, do: 'submit' });
        equal((await node('page')).json, { status: null, errors: {}, old: {}, token: _token });
        await withoutErrors(php);
      },
      flash: async ({ php, node }) => {
        const _token = await bladeToken(php);
        const isShown = async () => (await php('page')).text.includes('<p>');
        await node('save'); // Node, then Blade
        same(await isShown(), true);
        same(await isShown(), false);
        await php('save', { form: { _token } }); // Laravel, then Node
        same((await node('page')).json.status, 'Saved.');
        same((await node('page')).json.status, null);
        same(await isShown(), false);
        await node('save'); // Node, then Node
        same((await node('page')).json.status, 'Saved.');
        same(await isShown(), false);
        await node('save', { query: { text: OBJECT } });
        same((await php('json')).json.session.status, OBJECT);
      },
      CSRF: async ({ php, node, other }) => {
        const token = await bladeToken(php);
        const own = decodeURIComponent((await node('xsrf')).json);
        const theirs = await xsrfOf(php);
        const wrong = [
          {},
          { form: { _token: '' } },
          { form: { '_token[]': token } },
          { form: { _token: token.toLowerCase() } },
          { form: { _token: `${token} ` } },
          { form: { _token: await bladeToken(other().php) } },
          { headers: { 'x-csrf-token': 'x' } },
          { headers: { 'x-xsrf-token': damaged(own) } },
          { headers: { 'x-xsrf-token': await xsrfOf(other().php) } },
          { form: { _token: 'x' }, headers: { 'x-csrf-token': token } },
        ];
        const right = [
          { form: { _token: token } },
          { headers: { 'x-csrf-token': token } },
          { headers: { 'x-xsrf-token': own } },
          { headers: { 'x-xsrf-token': theirs } },
        ];
        for (const [questions, [inNode, inPhp]] of /** @type {const} */ ([
          [wrong, [403, 419]],
          [right, [204, 302]],
        ])) {
          for (const [i, question] of questions.entries()) {
            const { status } = await node('check', { form: {}, ...question });
            if (status !== inNode) throw new Error(`Node: ${status} for ${inNode}, question ${i}`);
            const answer = await php('save', { form: {}, ...question });
            if (answer.status !== inPhp) throw new Error(`PHP: ${answer.status} for ${inPhp}, question ${i}`);
          }
        }
        const { node: begun } = other();
        await begun('begin'); // a session without a token
        same((await begun('check', { form: { _token: '' } })).status, 403);
        const made = (await begun('page')).json.token;
        same((await begun('check', { form: { _token: made } })).status, 204);
      },
      store: async ({ php, node }) => {
        await node('codec');
        const _token = await bladeToken(php);
        const cases = randomCases(1, 400, serialization, codec, { dots });
        const { json, text } = await php('store', { form: { _token, cases: JSON.stringify(cases) } });
        if (json === undefined) throw new Error(text);
        for (const [i, one] of cases.entries()) {
          const [theirs, ours] = [json[i], runInNode(one, codec)].map((it) => comparable(it, serialization, codec));
          if (!isDeepStrictEqual(ours, theirs))
            throw new Error(`${JSON.stringify({ calls: one.calls, theirs, ours })}`);
        }
        return cases.slice(0, 50).map((one, i) => ({ ...one, result: json[i] }));
      },
      'wanted, login': async ({ php, node }) => {
        await node('wanted');
        same((await php('login')).location, 'http://127.0.0.1/account?a=1');
        same((await node('who')).json, 42);
        same((await php('intended')).location?.endsWith('/home'), true);
        await php('guest');
        same(new URL((await node('back')).json).search, '?do=guest');
        same((await node('back')).json, null);
        await node('logout');
        same((await php('who')).json, null);
      },
    },
  };
}

/** @param {import('./forms.mjs').Side} php */
async function bladeToken(php) {
  const { text } = await php('page');
  const token = /name="_token" value="(\w{40})"/.exec(text)?.[1];
  if (token === undefined) throw new Error(`no token in ${text}`);
  return token;
}

/** What Axios sends: the cookie, decoded. @param {import('./forms.mjs').Side} php */
async function xsrfOf(php) {
  const { cookies } = await php('page');
  return decodeURIComponent(cookies.get('XSRF-TOKEN') ?? '');
}

/** Another digit of the MAC. @param {string} payload */
function damaged(payload) {
  const envelope = JSON.parse(Buffer.from(payload, 'base64').toString());
  envelope.mac = envelope.mac.replace(/^./, (/** @type {string} */ digit) => (digit === '0' ? '1' : '0'));
  return Buffer.from(JSON.stringify(envelope)).toString('base64');
}

/** @param {import('./forms.mjs').Side} php */
async function withoutErrors(php) {
  const { text } = await php('page');
  if (!text.includes('<u>none</u>') || /<i>|<b>|@/.test(text)) throw new Error(`shown twice: ${text}`);
}

/** @param {unknown} is @param {unknown} shall */
function equal(is, shall) {
  if (!isDeepStrictEqual(is, shall)) throw new Error(`${JSON.stringify(shall)} expected, ${JSON.stringify(is)} found`);
}
