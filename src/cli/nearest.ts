/** The candidate that was probably meant: fewest edits, and few enough for the length; null when none is near. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  if (word.length > 40) return null;
  let best: string | null = null;
  let fewest = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const count = edits(word, candidate);
    if (count < fewest) [best, fewest] = [candidate, count];
  }
  // `--certs`, `--dry`: the beginning of exactly one
  const begun = candidates.filter((candidate) => word.length >= 2 && candidate.startsWith(word));
  return best ?? (begun.length === 1 ? (begun[0] ?? null) : null);
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function edits(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let count = Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (above[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        count = Math.min(count, (before[j - 2] ?? 0) + 1);
      }
      row.push(count);
    }
    [before, above] = [above, row];
  }
  return above[b.length] ?? 0;
}
