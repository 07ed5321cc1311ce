import { openSession } from '../../../lib/session';

export async function POST(request) {
  await using session = await openSession(request);
  session.data.count = (session.data.count ?? 0) + 1;
  return Response.json({ count: session.data.count }, { headers: await session.commit() });
}
