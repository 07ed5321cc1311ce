import { openSession } from './session.server.js';

/** Who is logged in, for each page: without the lock. */
export async function handle({ event, resolve }) {
  const session = await openSession(event.request, { mode: 'readonly' });
  event.setHeaders(Object.fromEntries(await session.commit())); // it was used now, and no cache keeps the page
  event.locals.session = session.data;
  return resolve(event);
}
