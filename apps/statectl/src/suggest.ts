/** The known word that was probably meant; undefined if none is near. */
export function suggest(text: string, known: Iterable<string>): string | undefined {
  const typed = text.toLowerCase();
  let best: { word: string; distance: number } | undefined;
  for (const word of known) {
    const distance = distanceOf(typed, word.toLowerCase());
    if (best === undefined || distance < best.distance) best = { word, distance };
  }
  const nearEnough = Math.max(1, Math.floor(text.length / 3));
  return best !== undefined && best.distance <= nearEnough ? best.word : undefined;
}

/** A hint for an error's second line; empty if nothing is near. */
export function didYouMean(text: string, known: Iterable<string>): string[] {
  const word = suggest(text, known);
  return word === undefined ? [] : [`Did you mean ${word}?`];
}

/** How many letters must be put, dropped, changed or swapped with their neighbour to make one word the other. */
function distanceOf(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        at(last, j) + 1,
        at(row, j - 1) + 1,
        at(last, j - 1) + (same ? 0 : 1),
        swapped ? at(beforeLast, j - 2) + 1 : Infinity,
      );
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], i: number): number {
  return row[i] ?? Infinity;
}
