/**
 * The form in which names and mail addresses are compared: Unicode NFKC, case folded, outer blanks removed. Upper
 * case first and lower case then is how JavaScript folds: `straße` and `STRASSE` become one name.
 * Two people can never differ by case or by look-alike width alone.
 */
export function normalisedKey(name: string): string {
  return name.normalize('NFKC').trim().toUpperCase().toLowerCase().normalize('NFKC');
}
