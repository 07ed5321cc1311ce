import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import express from 'express';
import { decodeSession } from '../../../src/codec/index.ts';
import { laravelClasses, laravelSession } from '../../../src/forms/laravel.ts';
import { symfonySession } from '../../../src/forms/symfony.ts';
import { phpSession } from '../../../src/middleware/express.ts';
import { type MemorySession, memoryStore } from '../../../src/stores/memory.ts';

// In Express the session is a view of what is there: `req.session` stays the same object.

test.each(['exclusive', 'merge'] as const)(
  'mode %s: a form, the page after it, and the one after that',
  async (mode) => {
    const sessions = new Map<string, MemorySession>();
    const app = express();
    app.use(express.urlencoded({ extended: true }));
    app.use(
      phpSession({
        store: memoryStore({ sessions }),
        serializeHandler: 'php_serialize',
        classes: laravelClasses,
        mode,
      }) as express.RequestHandler,
    );
    app.get('/', (req, res) => {
      const session = laravelSession((req as never as { session: object }).session);
      const seen = {
        errors: session.errors(),
        old: session.old(),
        proto: session.get('__proto__'),
        token: session.token(),
      };
      session.ageFlashData();
      session.ageFlashData();
      res.json(seen);
    });
    app.post('/', (req, res) => {
      const { session: data } = req as never as { session: object };
      const session = laravelSession(data);
      if (!session.tokensMatch(req)) return void res.sendStatus(403);
      session.ageFlashData();
      session.flashInput(req.body);
      session.withErrors({ name: 'Wrong.' });
      session.flash('__proto__', { x: 1 });
      symfonySession(data).addFlash('__proto__', 'y');
      res.redirect('/');
    });
    const server = app.listen(0, '127.0.0.1');
    try {
      await once(server, 'listening');
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const first = await fetch(url);
      const cookie = first.headers.getSetCookie()[0]!.split(';')[0]!;
      const { token } = (await first.json()) as { token: string };
      const post = (_token: string) =>
        fetch(url, {
          method: 'POST',
          headers: { cookie },
          redirect: 'manual',
          body: new URLSearchParams({ _token, name: '<b>', password: 'geheim' }),
        });
      expect((await post('x')).status).toBe(403);
      expect((await post(token)).status).toBe(302);
      const stored = decodeSession<Record<string, unknown>>([...sessions.values()][0]!.data!, {
        format: 'php_serialize',
      });
      expect(Object.keys(stored).sort()).toEqual(
        ['__proto__', '_flash', '_old_input', '_symfony_flashes', '_token', 'errors'].sort(),
      );
      const seen = await (await fetch(url, { headers: { cookie } })).json();
      expect(seen).toEqual({
        errors: { default: { name: ['Wrong.'] } },
        old: { _token: token, name: '<b>' },
        proto: { x: 1 },
        token,
      });
      expect(await (await fetch(url, { headers: { cookie } })).json()).toEqual({
        errors: {},
        old: {},
        proto: null,
        token,
      });
      expect(({} as { x?: number }).x).toBeUndefined();
    } finally {
      server.close();
      server.closeAllConnections();
    }
  },
);
