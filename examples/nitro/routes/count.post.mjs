import { usePhpSession } from 'php-session-bridge/h3';

export default async (event) => {
  const { data } = await usePhpSession(event);
  data.count = (data.count ?? 0) + 1;
  return `Visit ${data.count}`;
};
