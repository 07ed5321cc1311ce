import type { Preset } from '../presets/index.ts';
import type { PresetName } from '../recognize.ts';

// biome-ignore lint/suspicious/noExplicitAny: each checks its options itself
type Maker = (options: any) => Preset;

/** The presets by their names. They are loaded when they are asked for: most commands find theirs in the configuration. */
export async function loadPresets(): Promise<ReadonlyMap<string, Maker>> {
  const presets = await import('../presets/index.ts');
  const { adodb, cakephp, codeIgniter, drupal, horde, joomla, laminas, laravel, magento } = presets;
  const { matomo, mediaWiki, moodle, openCart, roundcube, symfony, typo3, yii } = presets;
  const makers: Record<PresetName, Maker> = {
    ...{ adodb, cakephp, codeIgniter, drupal, horde, joomla, laminas, laravel, magento },
    ...{ matomo, mediaWiki, moodle, openCart, roundcube, symfony, typo3, yii },
  };
  return new Map(Object.entries(makers));
}
