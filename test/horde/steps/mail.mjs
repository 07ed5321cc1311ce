import { deliver } from '../../../tools/horde/mail.mjs';
import { same } from '../step.mjs';

/** @type {import('../step.mjs').Step} */
export const mail = {
  title: 'mail',
  async run({ lab, visitor }) {
    const alice = visitor();
    await alice.login();
    const before = await alice.horde('unread');
    same(await alice.node('unread'), before);
    for (let i = 1; i <= 3; i++) {
      deliver(lab.mailbox('alice'), `Message ${i}`);
      same(await alice.node('unread'), before + i);
      same(await alice.horde('unread'), before + i);
    }
    const { text } = await alice.open('/horde/imp/basic.php?page=mailbox');
    if (!text.includes('Message 3')) throw new Error('IMP does not show the message');
    same(await alice.node('who'), 'alice');
  },
};
