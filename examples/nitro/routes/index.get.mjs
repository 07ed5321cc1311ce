import { usePhpSession } from 'php-session-bridge/h3';

export default async (event) => {
  const { user, count = 0 } = (await usePhpSession(event)).data;
  return `Visit ${count} of ${user?.name ?? 'somebody'}`;
};
