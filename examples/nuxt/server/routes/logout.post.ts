import { usePhpSession } from 'php-session-bridge/h3';

export default defineEventHandler(async (event) => {
  const session = await usePhpSession(event);
  await session.clear(); // for PHP too
  return sendRedirect(event, '/', 303);
});
