import { openSession } from '../session.server.js';

export const load = ({ locals }) => ({ user: locals.session.user, count: locals.session.count ?? 0 });

export const actions = {
  count: async ({ request, cookies }) => {
    const session = await openSession(request, { cookies });
    session.data.count = (session.data.count ?? 0) + 1;
    await session.commit();
  },
  login: async ({ request, cookies }) => {
    const form = await request.formData(); // before the session: no slow client holds the lock
    // Check the password here.
    const session = await openSession(request, { cookies });
    await session.regenerate(); // a new id: the old one is worth nothing now
    session.data.user = { name: String(form.get('name')) };
    await session.commit();
  },
  logout: async ({ request, cookies }) => {
    const session = await openSession(request, { cookies });
    await session.destroy(); // for PHP too
    await session.commit();
  },
};
