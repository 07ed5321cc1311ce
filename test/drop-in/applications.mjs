import { createHash } from 'node:crypto';

/**
 * @typedef {object} Application
 * @property {string} title
 * @property {string} page
 * @property {string} name of the cookie
 * @property {Record<string, string | number>} [ini]
 * @property {string[]} [bag] where its own values are in the session
 * @property {object} [session] options of Node's session
 * @property {boolean} [prepend] php.ini names php/prepend.php
 * @property {string} [needs] a file of the application in the folder of PHP_SESSION_BRIDGE_APPLICATIONS; none: Debian has it
 */

/** The pages of this folder, each with an application's real session classes. @type {Application[]} */
export const applications = [
  {
    title: 'a page of one’s own',
    page: 'own.php',
    name: 'PHPSESSID',
    ini: { 'session.use_strict_mode': 1 },
    prepend: true,
  },
  { title: 'Symfony', page: 'symfony.php', name: 'PHPSESSID', bag: ['_sf2_attributes'] },
  {
    title: 'Laravel',
    page: 'laravel.php',
    name: 'PHPSESSID',
    session: { serializeHandler: 'php_serialize', sidLength: 40, sidBitsPerCharacter: 5 },
  },
  {
    title: 'Yii 2',
    page: 'yii.php',
    name: 'PHPSESSID',
    needs: 'yii2/framework/Yii.php',
    ini: { 'session.use_strict_mode': 1 },
  },
  { title: 'CakePHP', page: 'cakephp.php', name: 'PHPSESSID', needs: 'cakephp/src/Http/Session.php' },
  { title: 'CodeIgniter 4', page: 'codeigniter.php', name: 'ci_session', needs: 'codeigniter4/system/Boot.php' },
  {
    title: 'CodeIgniter 3',
    page: 'codeigniter3.php',
    name: 'ci_session',
    session: { sidLength: 40 },
    needs: 'codeigniter3/system/core/CodeIgniter.php',
  },
  {
    title: 'Drupal',
    page: 'drupal.php',
    name: `SESS${createHash('sha256').update('127.0.0.1').digest('hex').slice(0, 32)}`,
    bag: ['_sf2_attributes'],
    needs: 'drupal/lib/Drupal.php',
  },
];
