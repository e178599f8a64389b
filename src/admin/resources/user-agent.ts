/** What the name that a browser gives itself says: enough for a person to recognise their own. */
import type { Values } from '../resource.ts';

const BROWSERS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\bEdg(?:e|A|iOS)?\/(\d+)(?:\.(\d+))?(?:\.(\d+))?/, 'Edge'],
  [/\b(?:Firefox|FxiOS)\/(\d+)(?:\.(\d+))?(?:\.(\d+))?/, 'Firefox'],
  [/\b(?:Chrome|CriOS|HeadlessChrome)\/(\d+)(?:\.(\d+))?(?:\.(\d+))?/, 'Chrome'],
  [/\bVersion\/(\d+)(?:\.(\d+))?(?:\.(\d+))?.*Safari\//, 'Safari'],
];
const SYSTEMS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/Windows/, 'Windows'],
  [/Android/, 'Android'],
  [/iPhone|iPad|iOS/, 'iOS'],
  [/Mac OS X|Macintosh/, 'Mac OS X'],
  [/CrOS/, 'Chrome OS'],
  [/Linux/, 'Linux'],
];

export function userAgentView(text: string): Values {
  const browser = BROWSERS.map(([pattern, name]) => ({ name, match: pattern.exec(text) })).find((each) => each.match);
  const system = SYSTEMS.find(([pattern]) => pattern.test(text))?.[1] ?? 'Other';
  return {
    device: { brand: null, family: 'Other', model: null },
    os: { family: system, major: null, minor: null, patch: null, patch_minor: null },
    user_agent: {
      family: browser?.name ?? 'Other',
      major: browser?.match?.[1] ?? '',
      minor: browser?.match?.[2] ?? '',
      patch: browser?.match?.[3] ?? '',
    },
    string: text,
  };
}
