'use server';

import { redirect } from 'next/navigation';
import { actionSession } from '../lib/session';

export async function login(form) {
  await using session = await actionSession();
  // Check the password here.
  await session.regenerate(); // a new id: the old one is worth nothing now
  session.data.user = { name: String(form.get('name')) };
  await session.commit();
  redirect('/');
}

export async function logout() {
  await using session = await actionSession();
  await session.destroy(); // for PHP too
  await session.commit();
  redirect('/');
}
