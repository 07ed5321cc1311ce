import { usePhpSession } from 'php-session-bridge/h3';

export default async (event) => {
  const form = await event.req.formData(); // before the session: no slow client holds the lock
  // Check the password here.
  const session = await usePhpSession(event);
  await session.regenerate(); // a new id: the old one is worth nothing now
  await session.update({ user: { name: String(form.get('name')) } });
  return 'Welcome';
};
