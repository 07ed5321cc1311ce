import { usePhpSession } from 'php-session-bridge/h3';

export default defineEventHandler(async (event) => {
  const { data } = await usePhpSession(event);
  data.count = (data.count ?? 0) + 1;
  return sendRedirect(event, '/', 303);
});
