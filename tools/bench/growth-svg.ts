import type { Growth } from './rows/fleet.ts';
import { short } from './kit/figures.ts';

interface Panel {
  readonly title: string;
  readonly valueOf: (growth: Growth) => number;
}

const PANELS: readonly Panel[] = [
  { title: 'unchanged report (ms)', valueOf: ({ reportMs }) => reportMs },
  { title: 'changed report, committed (ms)', valueOf: ({ changeMs }) => changeMs },
  { title: 'memory (MiB)', valueOf: ({ memoryMib }) => memoryMib },
  { title: 'start (s)', valueOf: ({ startSeconds }) => startSeconds },
];

const WIDTH = 320;
const HEIGHT = 200;
const MARGIN = { left: 16, right: 16, top: 36, bottom: 30 };

/** Four curves over the number of containers; both axes are logarithmic. */
export function growthSvg(growth: readonly Growth[]): string {
  const panels = PANELS.map((panel, i) => {
    const [x, y] = [(i % 2) * WIDTH, Math.floor(i / 2) * HEIGHT];
    return `<g transform="translate(${x} ${y})">${panelSvg(panel, growth)}</g>`;
  });
  const size = `width="${WIDTH * 2}" height="${HEIGHT * 2}" viewBox="0 0 ${WIDTH * 2} ${HEIGHT * 2}"`;
  const style = 'text{font:11px sans-serif;fill:#333}.title{font-weight:bold}';
  const background = `<rect width="100%" height="100%" fill="#fff"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}><style>${style}</style>${background}${panels.join('')}</svg>\n`;
}

function panelSvg({ title, valueOf }: Panel, growth: readonly Growth[]): string {
  const values = growth.map(valueOf);
  // A decade at least, so that what does not grow looks as if it does not.
  const middle = Math.sqrt(Math.min(...values) * Math.max(...values));
  const reach = Math.max(Math.sqrt(Math.max(...values) / Math.min(...values)), Math.sqrt(10)) * 1.2;
  const counts = growth.map(({ containersCount }) => containersCount);
  const x = scale(Math.min(...counts), Math.max(...counts), MARGIN.left + 20, WIDTH - MARGIN.right - 20);
  const y = scale(middle / reach, middle * reach, HEIGHT - MARGIN.bottom, MARGIN.top);
  const points = growth.map((each) => [x(each.containersCount), y(valueOf(each))] as const);
  const line = `<polyline fill="none" stroke="#1f6feb" stroke-width="2" points="${points.map(([a, b]) => `${a.toFixed(1)},${b.toFixed(1)}`).join(' ')}"/>`;
  const marks = points.map(
    ([a, b], i) =>
      `<circle cx="${a.toFixed(1)}" cy="${b.toFixed(1)}" r="3" fill="#1f6feb"/>` +
      text(a, b - 8, short(values[i] as number)) +
      text(a, HEIGHT - MARGIN.bottom + 16, nameOf(counts[i] as number)),
  );
  return text(WIDTH / 2, 18, title, 'title') + line + marks.join('');
}

function scale(least: number, most: number, from: number, to: number): (value: number) => number {
  const span = Math.log(most) - Math.log(least);
  return (value) => from + ((Math.log(value) - Math.log(least)) / span) * (to - from);
}

function text(x: number, y: number, content: string, kind = 'mark'): string {
  return `<text class="${kind}" text-anchor="middle" x="${x.toFixed(1)}" y="${y.toFixed(1)}">${content}</text>`;
}

function nameOf(count: number): string {
  return count >= 1_000_000 ? `${count / 1_000_000} M` : `${count / 1000} k`;
}
