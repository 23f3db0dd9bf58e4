import type { ReadKind } from './entries.ts';
import { trustInModel, trustInPackage, type Picture } from './picture.ts';

/** What a filter looks at. */
export interface Facts {
  readonly kind: ReadKind;
  readonly name: string;
  /** Empty: none. */
  readonly state: string;
  readonly stale: boolean;
  /** The packages it belongs to: itself, those that name it, or the one it targets. */
  readonly packages: readonly string[];
}

/** What is to be said of one thing; undefined if it is not there. */
export function factsOf(picture: Picture, kind: ReadKind, name: string): Facts | undefined {
  const { entries, presence } = picture;
  switch (kind) {
    case 'scenario': {
      const record = entries.scenario.get(name)?.record;
      if (record === undefined) return undefined;
      const { target = '' } = record.definition ?? {};
      return { kind, name, state: record.state ?? '', stale: false, packages: target === '' ? [] : [target] };
    }
    case 'package': {
      const entry = entries.package.get(name);
      if (entry === undefined) return undefined;
      const { stale } = trustInPackage(picture, entry);
      return { kind, name, state: entry.record.state ?? '', stale, packages: [name] };
    }
    case 'model': {
      const entry = entries.model.get(name);
      if (entry === undefined) return undefined;
      const { stale } = trustInModel(picture, name);
      return { kind, name, state: entry.record?.state ?? 'Created', stale, packages: entry.packages };
    }
    case 'node':
      if (entries.node.get(name) === undefined) return undefined;
      return { kind, name, state: '', stale: !presence.isConfirmed(name), packages: [] };
  }
}
