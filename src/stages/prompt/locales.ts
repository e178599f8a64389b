import type { PromptField } from './prompt.wire.ts';

/** Languages that a person may prefer (BCP 47). Applications are told, whether or not these pages speak them. */
const locales =
  'ar cs-CZ da-DK de-DE el-GR en es-ES fi-FI fr-FR he-IL hu-HU it-IT ja-JP ko-KR nl-NL no-NO pl-PL pt-BR pt-PT ro-RO ru-RU sv-SE tr-TR uk-UA zh-Hans zh-Hant';

/** The languages, each named in itself. */
export function localeChoices(): NonNullable<PromptField['choices']> {
  return locales.split(' ').map((value) => ({
    value,
    label: new Intl.DisplayNames([value], { type: 'language', languageDisplay: 'standard' }).of(value) ?? value,
  }));
}
