/** What a row is told. */
export interface RunOptions {
  /** Fewer and shorter rounds, and smaller fleets: for a look, not for the record. */
  readonly quick: boolean;
  /** Says what is being measured, for whoever waits. */
  readonly say: (what: string) => void;
}

/** One figure against its goal. */
export interface Figure {
  readonly row: string;
  readonly title: string;
  readonly value: number;
  readonly unit: string;
  readonly goal: number;
  readonly better: 'more' | 'less';
  /** What was measured to get there, in words. */
  readonly detail: string;
}

/** A group of figures that come from the same run of the same processes. */
export interface Measurement {
  /** The rows it gives. */
  readonly rows: readonly string[];
  readonly title: string;
  run(options: RunOptions): Promise<readonly Figure[]>;
}

/** Whether a figure is what it should be. */
export function isMet({ value, goal, better }: Figure): boolean {
  return better === 'more' ? value >= goal : value <= goal;
}
