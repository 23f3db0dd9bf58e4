/** What a PromQL expression names. */
export interface Named {
  readonly metrics: readonly string[];
  /** What it selects by, groups by or joins on. */
  readonly labels: readonly string[];
  /** What a metric's label is compared with, without the patterns' parts that are Grafana's variables. */
  readonly values: readonly { readonly metric: string; readonly label: string; readonly values: readonly string[] }[];
}

const KEYWORDS = new Set(['and', 'or', 'unless', 'bool', 'offset', 'ignoring', 'by', 'without', 'on']);
const IDENTIFIER = /[a-zA-Z_:][a-zA-Z0-9_:]*/g;
const MATCHER = /([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*"([^"]*)"/g;

/** Reads the metrics and labels out of an expression; it need not be right otherwise. */
export function namesIn(expression: string): Named {
  const labels = new Set<string>();
  const values: Named['values'][number][] = [];
  const withoutSelectors = expression.replace(
    /([a-zA-Z_:][\w:]*)?\s*\{([^}]*)\}/g,
    (_whole, metric: string | undefined, matchers: string) => {
      for (const [, label = '', , value = ''] of matchers.matchAll(MATCHER)) {
        labels.add(label);
        if (!value.includes('$')) values.push({ metric: metric ?? '', label, values: value.split('|') });
      }
      return ` ${metric ?? ''} `;
    },
  );
  const rest = withoutSelectors
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g, (_whole, _how, list: string) => {
      for (const [label] of list.matchAll(IDENTIFIER)) labels.add(label);
      return ' ';
    })
    .replace(/\[[^\]]*\]/g, ' ')
    .replace(/\$\w+/g, ' ');
  const metrics = [...rest.matchAll(/([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(\(?)/g)]
    .filter(([, name = '', call]) => call === '' && !KEYWORDS.has(name))
    .map(([, name = '']) => name);
  return { metrics: [...new Set(metrics)], labels: [...labels], values };
}
