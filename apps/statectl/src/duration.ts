import { usageError } from './failure.ts';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** The longest that a timer of Node can wait. */
const MAX_MS = 2_147_483_647;

/** Reads `500ms`, `10s`, `2m`, `1h`, `1m30s` or bare seconds, in milliseconds. Throws a usage error. */
export function readDurationMs(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  const isWhole = parts.length > 0 && parts.map(([part]) => part).join('') === text;
  const isSeconds = /^\d+(\.\d+)?$/.test(text);
  if (!isWhole && !isSeconds) {
    throw usageError(`"${text}" is no duration`, 'Write it as 500ms, 10s, 2m, 1h, or in seconds.');
  }
  const ms = isSeconds
    ? Number(text) * 1000
    : parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNIT_MS[unit ?? ''] ?? 0), 0);
  if (ms <= 0 || ms > MAX_MS) throw usageError(`"${text}" must be more than nothing and at most 24 days`);
  return Math.max(1, Math.round(ms));
}

/** Writes a duration as it would be given: `250ms`, `10s`, `1m30s`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${ms}ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${Number(seconds.toFixed(1))}s`;
  const rest = Math.round(seconds % 60);
  return `${Math.floor(seconds / 60)}m${rest === 0 ? '' : `${rest}s`}`;
}
