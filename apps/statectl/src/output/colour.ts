/** The colours that say something: how well a thing is. */
export type Colour = 'good' | 'bad' | 'warn' | 'busy' | 'dim' | 'bold';

const SGR: Readonly<Record<Colour, string>> = { good: '32', bad: '31', warn: '33', busy: '36', dim: '2', bold: '1' };

/** Colours a text for a terminal, or leaves it alone. */
export type Paint = (text: string, colour: Colour | undefined) => string;

/** Paints with ANSI sequences, or not at all. */
export function painter(enabled: boolean): Paint {
  return (text, colour) => (enabled && colour !== undefined ? `\u001B[${SGR[colour]}m${text}\u001B[0m` : text);
}

/** Whether to colour: only on a terminal that can, and only if nobody said no. */
export function wantsColour(isTerminal: boolean, flag: boolean | undefined, env: NodeJS.ProcessEnv): boolean {
  const refused = flag === false || (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  return isTerminal && !refused;
}

const STATE_COLOURS: ReadonlyMap<string, Colour> = new Map<string, Colour>([
  ['Running', 'good'],
  ['Completed', 'good'],
  ['Allowed', 'good'],
  ['Dead', 'bad'],
  ['Error', 'bad'],
  ['Denied', 'bad'],
  ['Degraded', 'warn'],
  ['Unknown', 'warn'],
  ['Paused', 'warn'],
  ['Waiting', 'busy'],
  ['Satisfied', 'busy'],
]);

/** The colour of a state; those that call for nothing are dim. */
export function colourOf(state: string): Colour {
  return STATE_COLOURS.get(state) ?? 'dim';
}
