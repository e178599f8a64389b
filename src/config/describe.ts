/** Draws the settings for people: docs/config.md and the `--help` of the command line. */
import { type Setting, settings } from './settings.ts';

const intro = `# Configuration

<!-- Drawn from src/config/settings.ts; a test compares. Do not edit by hand. -->

Ostiary is configured by environment variables. None is needed to start.

- An unknown \`OSTIARY_\` name or a wrong value stops the start; every fault is told at once, with its remedy.
- An empty value counts as not given.
- authentik's names are accepted for the same settings. Where both are given, \`OSTIARY_\` counts. Other
  \`AUTHENTIK_\` names are named once in the log and ignored.
- A secret may be kept in a file: give the path in the name with \`_FILE\` at its end. One line break at the end
  of the file is dropped.
- A value may be \`file:///path\` (the content of a file) or \`env://NAME\` (another variable), each with an optional
  \`?default\`.
`;

/** The text of docs/config.md. */
export function configMarkdown(): string {
  return intro + (Object.values(settings) as Setting[]).map(section).join('');
}

function section(setting: Setting): string {
  const lines = [`\n## OSTIARY_${setting.name}\n`, setting.about, ''];
  lines.push(
    `- Default: ${setting.fallback === undefined ? (setting.otherwise ?? 'none') : `\`${setting.fallback}\``}`,
  );
  if (setting.secret) lines.push(`- Secret; or \`OSTIARY_${setting.name}_FILE\``);
  if (setting.authentikNames.length > 0) {
    lines.push(`- Also: ${setting.authentikNames.map((name) => `\`AUTHENTIK_${name}\``).join(', ')}`);
  }
  return `${lines.join('\n')}\n`;
}

/** The settings as plain text, two lines each, for a terminal. */
export function configHelp(): string {
  return (Object.values(settings) as Setting[])
    .map((setting) => {
      const value = setting.fallback ?? setting.otherwise ?? 'none';
      const twin = setting.secret ? ' (or _FILE)' : '';
      return `  OSTIARY_${setting.name}${twin}  [${value.replaceAll('`', '')}]\n      ${setting.about.replaceAll('`', '')}\n`;
    })
    .join('');
}
