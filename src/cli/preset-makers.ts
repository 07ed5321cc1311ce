import {
  adodb,
  cakephp,
  codeIgniter,
  drupal,
  horde,
  joomla,
  laminas,
  laravel,
  magento,
  matomo,
  mediaWiki,
  moodle,
  openCart,
  type Preset,
  roundcube,
  symfony,
  typo3,
  yii,
} from '../presets/index.ts';
import type { PresetName } from '../recognize.ts';

// biome-ignore lint/suspicious/noExplicitAny: each checks its options itself
type Maker = (options: any) => Preset;

const makers: Record<PresetName, Maker> = {
  ...{ adodb, cakephp, codeIgniter, drupal, horde, joomla, laminas, laravel, magento, matomo, mediaWiki, moodle },
  ...{ openCart, roundcube, symfony, typo3, yii },
};

/** The presets by their names. */
export const presetMakers: ReadonlyMap<string, Maker> = new Map(Object.entries(makers));
