import type { Timestamp } from '@bufbuild/protobuf/wkt';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** Milliseconds since 1970; undefined if there is no time. */
export function msOf(time: Timestamp | undefined): number | undefined {
  return time === undefined ? undefined : Number(time.seconds) * 1000 + Math.floor(time.nanos / 1e6);
}

/**
 * A span of milliseconds as kubectl prints ages: two units where the smaller one still says something (`5m30s`, `3h5m`,
 * `2d5h`), one where it does not (`119s`, `59m`, `300d`). Clocks that differ by little give `0s`.
 */
export function formatAge(ms: number): string {
  if (ms < -SECOND) return '<future>';
  if (ms < 2 * MINUTE) return `${Math.max(0, Math.floor(ms / SECOND))}s`;
  if (ms < 10 * MINUTE) return pair(ms, MINUTE, 'm', SECOND, 's');
  if (ms < 3 * HOUR) return `${Math.floor(ms / MINUTE)}m`;
  if (ms < 8 * HOUR) return pair(ms, HOUR, 'h', MINUTE, 'm');
  if (ms < 2 * DAY) return `${Math.floor(ms / HOUR)}h`;
  if (ms < 8 * DAY) return pair(ms, DAY, 'd', HOUR, 'h');
  if (ms < 2 * YEAR) return `${Math.floor(ms / DAY)}d`;
  if (ms < 8 * YEAR) return pair(ms, YEAR, 'y', DAY, 'd');
  return `${Math.floor(ms / YEAR)}y`;
}

function pair(ms: number, big: number, bigUnit: string, small: number, smallUnit: string): string {
  const rest = Math.floor((ms % big) / small);
  return `${Math.floor(ms / big)}${bigUnit}${rest === 0 ? '' : `${rest}${smallUnit}`}`;
}

/** How long ago that was, or `<unknown>`. */
export function ageOf(time: Timestamp | undefined, nowMs: number, unknown = '<unknown>'): string {
  const ms = msOf(time);
  return ms === undefined ? unknown : formatAge(nowMs - ms);
}

/** How long it is until then: `in 5s`, or `now`. */
export function untilOf(time: Timestamp | undefined, nowMs: number): string {
  const ms = msOf(time);
  if (ms === undefined) return '-';
  return ms - nowMs < SECOND ? 'now' : `in ${formatAge(ms - nowMs)}`;
}

/** The moment itself, to the millisecond, in UTC. */
export function timeOf(time: Timestamp | undefined): string {
  const ms = msOf(time);
  return ms === undefined ? '-' : new Date(ms).toISOString();
}
