import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

let delivered = 0;

/**
 * Puts a message into a mailbox, as a mail server does.
 *
 * @param {string} mailbox a Maildir; it is there once its user has logged in
 * @param {string} subject ASCII
 */
export function deliver(mailbox, subject) {
  delivered++;
  const name = `${Math.floor(Date.now() / 1000)}.M${delivered}P${process.pid}.lab`;
  const lines = [
    'Return-Path: <bob@example.org>',
    'From: Bob <bob@example.org>',
    'To: alice@example.org',
    `Subject: ${subject}`,
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${name}@example.org>`,
    'Content-Type: text/plain; charset=utf-8',
    '',
    'A message of the lab.',
    '',
  ];
  const file = join(mailbox, 'new', name);
  writeFileSync(file, lines.join('\n'));
  chmodSync(file, 0o666); // The mail server runs as another user.
}

/**
 * How many messages of the inbox are unread, as its administrator sees it: without the user's password.
 *
 * @param {string} mailbox a Maildir
 */
export function unread(mailbox) {
  const names = (/** @type {string} */ folder) => {
    try {
      return readdirSync(join(mailbox, folder));
    } catch {
      return []; // Nobody has logged in yet.
    }
  };
  // Flags stand after ":2,", and S is for seen.
  return names('new').length + names('cur').filter((name) => !/:2,[A-Z]*S/.test(name)).length;
}
