import fastify from 'fastify';
import { phpSession } from 'php-session-bridge/fastify';

export const title = 'Fastify';

/** @type {import('../server.mjs').CreateListener} */
export async function createListener(options, visitPage) {
  const app = fastify();
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, async (_, body) =>
    Object.fromEntries(new URLSearchParams(String(body))),
  );
  // biome-ignore lint/nursery/noMisusedPromises: Fastify waits for plugins that return promises
  app.register(phpSession, options);
  app.all('*', async (/** @type {any} */ request, reply) => {
    const { status, headers, body } = await visitPage({
      method: request.method,
      url: new URL(request.url, 'http://farm'),
      accept: request.headers.accept ?? '',
      form: request.body ?? {},
      session: () => request.session,
      phpSession: request.phpSession,
    });
    return reply.code(status).headers(headers).send(body);
  });
  await app.ready();
  return app.routing;
}
