import type { RolledUp } from './model.ts';

/** A single change below, and what it would lead to. */
export interface WhatIf {
  /** What changes: any one of these. */
  readonly anyOf: readonly string[];
  /** The state it would have to come into; "any other state" if all give the same. */
  readonly becoming: string;
  /** The state that this would give. */
  readonly gives: string;
  readonly rule: string;
  /** All of this in a sentence. */
  readonly text: string;
}

/** A parent whose state is rolled up from its children's. */
export interface Family<C extends string> {
  readonly children: readonly { readonly name: string; readonly state: C }[];
  /** The states a child may come into. */
  readonly states: readonly C[];
  readonly present: string;
  /** The roll-up with one child moved; undefined if that would change nothing. */
  readonly rollUp: (from: C, to: C) => RolledUp<string> | undefined;
}

/** How many children a sentence names. */
const NAMED_COUNT = 5;

/**
 * Which single changes of a child would give which other state. Roll-ups depend on how many children are in each state,
 * so that children in the same state are interchangeable: one try for each pair of states is complete.
 */
export function whatIf<C extends string>({ children, states, present, rollUp }: Family<C>): readonly WhatIf[] {
  const byState = new Map<C, string[]>();
  for (const { name, state } of children) byState.set(state, [...(byState.get(state) ?? []), name]);
  const found: WhatIf[] = [];
  for (const [from, anyOf] of byState) {
    const others = states.filter((to) => to !== from);
    const results = new Map<string, { rule: string; to: C[] }>();
    for (const to of others) {
      const rolledUp = rollUp(from, to);
      if (rolledUp === undefined || rolledUp.state === present) continue;
      const same = results.get(rolledUp.state);
      if (same === undefined) results.set(rolledUp.state, { rule: rolledUp.rule, to: [to] });
      else same.to.push(to);
    }
    for (const [gives, { rule, to }] of results) {
      const any = to.length === others.length;
      const becoming = any ? 'any other state' : to.join(' or ');
      const verb = any ? `leaving ${from === 'absent' ? 'its absence' : from}` : `becoming ${becoming}`;
      found.push({ anyOf, becoming, gives, rule, text: `${nameThem(anyOf)} ${verb} gives ${gives}` });
    }
  }
  return found;
}

function nameThem(names: readonly string[]): string {
  const [only] = names;
  if (names.length === 1 && only !== undefined) return only;
  const more = names.length - NAMED_COUNT;
  return `any one of ${names.slice(0, NAMED_COUNT).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
