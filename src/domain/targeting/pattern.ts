/** Text with wildcards, matched without regular expressions: time is linear in the text whatever the pattern. */
import type { Pattern } from './ast.ts';

export const hasWildcard = (pattern: Pattern): boolean => pattern.length > 1;

/** The text of a pattern without wildcards; with them, as it is written. */
export const plainText = (pattern: Pattern): string => pattern.join('*');

export function matchesPattern(pattern: Pattern, text: string): boolean {
  const first = pattern[0] ?? '';
  if (pattern.length === 1) return text === first;
  const last = pattern[pattern.length - 1] ?? '';
  if (text.length < first.length + last.length) return false;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let at = first.length;
  // The earliest place for each piece leaves the most room for the next ones, so no backtracking is needed.
  for (let i = 1; i < pattern.length - 1; i++) {
    const piece = pattern[i] ?? '';
    const found = text.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}
