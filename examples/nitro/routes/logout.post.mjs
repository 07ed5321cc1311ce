import { usePhpSession } from 'php-session-bridge/h3';

export default async (event) => {
  const session = await usePhpSession(event);
  await session.clear(); // for PHP too
  return 'Goodbye';
};
