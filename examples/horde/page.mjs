const goods = ['Apples', 'Bread', 'Coffee'];

/**
 * The page, for a user who is logged in. What is unread it asks IMP, from the browser and with the token of the session, as IMP's own page does. So
 * the user's password stays where it is.
 *
 * @param {{ user: string, cart: string[], token: string }} visitor
 */
export function page({ user, cart, token }) {
  const hidden = `<input type="hidden" name="token" value="${escaped(token)}">`;
  const logout = `/horde/login.php?${new URLSearchParams({ logout_reason: '4', horde_logout_token: token })}`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>A page of Node beside Horde</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
  header { display: flex; justify-content: space-between; border-bottom: 1px solid #ccc; }
  section { background: #f4f6f8; border-radius: 8px; padding: .5rem 1rem 1rem; margin: 1rem 0; }
  h1, h2 { font-weight: 600; } h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; }
  header a { align-self: center; }
  button { font: inherit; padding: .2rem .7rem; }
</style>
<header><h1>Hello ${escaped(user)}</h1><a id="logout" href="${escaped(logout)}">Log out</a></header>
<p>This page is made by Node. You have logged in to Horde.</p>
<section><h2>Mail</h2>
  <p><span id="unread">…</span> unread in the <a href="/horde/imp/">inbox</a></p></section>
<section><h2>Your cart</h2>
  <ul>${cart.map((item) => `<li>${escaped(item)}</li>`).join('')}</ul>
  <form method="post">${hidden}
    ${goods.map((name) => `<button name="add" value="${name}">${name}</button>`).join(' ')}
    <button name="empty" value="1">Empty it</button></form></section>
<script>
  const inbox = btoa('INBOX').replaceAll('=', ''); // as IMP names mailboxes
  const body = new URLSearchParams({ token: ${JSON.stringify(token).replaceAll('<', '\\u003c')}, poll: JSON.stringify([inbox]) });
  fetch('/horde/services/ajax.php/imp/poll', { method: 'POST', body })
    .then((answer) => answer.text())
    .then((text) => {
      const { tasks } = JSON.parse(text.replace(/^\\/\\*-secure-|\\*\\/$/g, '')); // so that no other site can run it
      document.querySelector('#unread').textContent = tasks['imp:poll'][inbox];
    })
    .catch(() => { document.querySelector('#unread').textContent = '?'; });
</script>
`;
}

/** @param {string} text */
function escaped(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
