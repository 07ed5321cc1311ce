import type { Signature } from '../signature.ts';
import { adodb } from './adodb.ts';
import { cakephp } from './cakephp.ts';
import { codeIgniter } from './codeigniter.ts';
import { drupal, drupal7 } from './drupal.ts';
import { horde } from './horde.ts';
import { joomla } from './joomla.ts';
import { laminas } from './laminas.ts';
import { laravel } from './laravel.ts';
import { magento, magento1 } from './magento.ts';
import { matomo } from './matomo.ts';
import { mediawiki } from './mediawiki.ts';
import { moodle } from './moodle.ts';
import { openCart } from './open-cart.ts';
import { own } from './own.ts';
import { roundcube, roundcube17 } from './roundcube.ts';
import { symfony } from './symfony.ts';
import { typo3 } from './typo3.ts';
import { yii } from './yii.ts';

/** Each application that is recognized. The first one that fits a table is the answer. */
export const signatures: readonly Signature[] = [
  ...[adodb, cakephp, codeIgniter, drupal, drupal7, horde, joomla, laminas, laravel, magento, magento1, matomo],
  ...[mediawiki, moodle, openCart, roundcube, roundcube17, symfony, typo3, yii, own],
];
