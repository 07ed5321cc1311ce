import { readSession } from '../lib/session';
import { login, logout } from './actions';

export default async function Page() {
  const { user, count = 0 } = await readSession();
  return (
    <main>
      <p>{`Visit ${count} of ${user?.name ?? 'somebody'}`}</p>
      {user === undefined ? (
        <form action={login}>
          <input name="name" aria-label="Name" />
          <button type="submit">Log in</button>
        </form>
      ) : (
        <form action={logout}>
          <button type="submit">Log out</button>
        </form>
      )}
    </main>
  );
}
