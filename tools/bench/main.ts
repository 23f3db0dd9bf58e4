import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { growthSvg } from './growth-svg.ts';
import { short } from './kit/figures.ts';
import { profileServices } from './kit/service.ts';
import { failover } from './rows/failover.ts';
import { FleetMeasurement } from './rows/fleet.ts';
import { latency } from './rows/latency.ts';
import { quota } from './rows/quota.ts';
import { isMet, type Figure, type Measurement } from './rows/row.ts';
import { soak } from './rows/soak.ts';
import { steady } from './rows/steady.ts';
import { storm } from './rows/storm.ts';
import { watch } from './rows/watch.ts';

const OPTIONS = {
  quick: { type: 'boolean', default: false },
  only: { type: 'string', multiple: true, default: [] as string[] },
  json: { type: 'string' },
  svg: { type: 'string' },
  profile: { type: 'string' },
} as const;

/**
 * Measures what was asked for, prints a table, and returns the exit code: a goal that is not met is no failure, a row
 * that could not be measured is one.
 */
export async function bench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const fleet = new FleetMeasurement();
  const all: readonly Measurement[] = [steady, storm, latency, watch, fleet];
  const known = [...all, failover, quota, soak];
  const chosen = values.only.length === 0 ? all : known.filter((one) => isAskedFor(one, values.only));
  const unknown = values.only.filter((row) => !known.some((one) => isAskedFor(one, [row])));
  if (unknown.length > 0) {
    process.stderr.write(`There is no row ${unknown.join(', ')}; there are 1 to 8, failover, quota and soak.\n`);
    return 2;
  }
  if (values.profile !== undefined) profileServices(values.profile);
  const figures: Figure[] = [];
  const failed: string[] = [];
  for (const measurement of chosen) {
    process.stderr.write(`${measurement.title}\n`);
    const say = (what: string): void => void process.stderr.write(`  ${what}\n`);
    try {
      const measured = await measurement.run({ quick: values.quick, say });
      figures.push(...measured.filter(({ row }) => values.only.length === 0 || isRow(row, values.only)));
    } catch (error) {
      // The others took their time, and are worth as much without this one.
      failed.push(measurement.title);
      process.stderr.write(`  failed: ${(error as Error).stack ?? String(error)}\n`);
    }
  }
  figures.sort((a, b) => a.row.localeCompare(b.row));
  process.stdout.write(`${machine()}\n\n${table(figures)}`);
  if (values.json !== undefined) {
    const rows = figures.map((figure) => ({ ...figure, met: isMet(figure) }));
    const { quick } = values;
    const document = { date: new Date().toISOString(), machine: machine(), quick, rows, growth: fleet.growth };
    writeFileSync(values.json, `${JSON.stringify(document, undefined, 2)}\n`);
  }
  if (values.svg !== undefined && fleet.growth.length > 1) writeFileSync(values.svg, growthSvg(fleet.growth));
  for (const title of failed) process.stderr.write(`Not measured: ${title}\n`);
  return failed.length === 0 ? 0 : 1;
}

function isAskedFor({ rows }: Measurement, only: readonly string[]): boolean {
  return rows.some((row) => isRow(row, only));
}

/** `3` asks for 3-bare as well. */
function isRow(row: string, only: readonly string[]): boolean {
  return only.some((asked) => row === asked || row.startsWith(`${asked}-`));
}

function machine(): string {
  const [first] = cpus();
  const gib = Math.round(totalmem() / 2 ** 30);
  return `${first?.model.trim() ?? 'unknown'}, ${cpus().length} cores, ${gib} GiB, Node ${process.version}`;
}

function table(figures: readonly Figure[]): string {
  const lines = figures.map((figure) => {
    const { row, title, value, unit, goal, better, detail } = figure;
    const sign = better === 'more' ? '≥' : '≤';
    return `| ${row} | ${title} | ${short(value)} ${unit} | ${sign} ${short(goal)} | ${isMet(figure) ? 'yes' : 'no'} | ${detail} |\n`;
  });
  return `| row | what | value | goal | met | measured |\n| --- | --- | --- | --- | --- | --- |\n${lines.join('')}`;
}
