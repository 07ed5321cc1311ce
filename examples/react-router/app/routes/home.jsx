import { data, Form, redirect, useLoaderData } from 'react-router';
import { openSession } from '../session.server';

export async function loader({ request }) {
  const session = await openSession(request, { mode: 'readonly' });
  const headers = await session.commit(); // it was used now, and no cache keeps the page
  const { user, count = 0 } = session.data;
  return data({ user, count }, { headers });
}

export const headers = ({ loaderHeaders }) => loaderHeaders;

export async function action({ request }) {
  const form = await request.formData(); // before the session: no slow client holds the lock
  await using session = await openSession(request);
  const { data } = session;
  switch (form.get('do')) {
    case 'count':
      data.count = (data.count ?? 0) + 1;
      break;
    case 'login':
      // Check the password here.
      await session.regenerate(); // a new id: the old one is worth nothing now
      data.user = { name: String(form.get('name')) };
      break;
    case 'logout':
      await session.destroy(); // for PHP too
  }
  return redirect('/', { headers: await session.commit() });
}

export default function Home() {
  const { user, count } = useLoaderData();
  return (
    <main>
      <p>{`Visit ${count} of ${user?.name ?? 'somebody'}`}</p>
      <Form method="post">
        <input name="name" aria-label="Name" />
        {['count', 'login', 'logout'].map((what) => (
          <button key={what} type="submit" name="do" value={what}>
            {what}
          </button>
        ))}
      </Form>
    </main>
  );
}
