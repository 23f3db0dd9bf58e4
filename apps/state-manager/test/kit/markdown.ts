/** The cells of a table's rows, its head left out, between the comments `<!-- name: … -->` and `<!-- end of name -->`. */
export function rowsOf(text: string, name: string): readonly (readonly string[])[] {
  const section = new RegExp(`<!-- ${name}:.*?-->(.*?)<!-- end of ${name} -->`, 's').exec(text)?.[1] ?? '';
  return section
    .trim()
    .split('\n')
    .slice(2)
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('\\|', '|')),
    );
}
