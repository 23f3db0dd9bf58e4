import { isDeepStrictEqual } from 'node:util';
import { fromBinary } from '@bufbuild/protobuf';
import { monitoringserver } from '@statemanager/proto';
import { describe, expect, it } from 'vitest';
import { chanceOf, SEED } from '../../test/faults/seed.ts';
import { MAX_CONTAINERS_COUNT, MessageGenerator } from '../../test/hot-path/report-messages.ts';
import { readReport, type ReadReport } from './read-report.ts';
import { skimReport } from './skim-report.ts';

const MESSAGES_COUNT = 100_000;

/** What the generated decoder and `readReport` give; undefined if either refuses the message. */
function reference(message: Buffer): ReadReport | undefined {
  try {
    return readReport(fromBinary(monitoringserver.ContainerListSchema, message), MAX_CONTAINERS_COUNT);
  } catch {
    return undefined;
  }
}

describe('skimReport', () => {
  it(`gives what the generated decoder gives, or nothing, for ${MESSAGES_COUNT} messages`, () => {
    console.log(`skim: STATEMANAGER_SEED=${SEED}`);
    const chance = chanceOf('skim');
    const counts = { skimmed: 0, refused: 0, ordinary: 0, ordinarySkimmed: 0 };
    for (let i = 0; i < MESSAGES_COUNT; i += 1) {
      const generator = new MessageGenerator(chance);
      const message = generator.message();
      const expected = reference(message);
      const skimmed = skimReport(message, MAX_CONTAINERS_COUNT);
      if (expected === undefined) counts.refused += 1;
      if (!generator.isOdd) counts.ordinary += 1;
      if (skimmed === undefined) continue;
      counts.skimmed += 1;
      if (!generator.isOdd) counts.ordinarySkimmed += 1;
      if (!isDeepStrictEqual(skimmed, expected)) {
        expect(skimmed, `message ${i}: ${message.toString('hex')}`).toEqual(expected ?? 'a refusal');
      }
    }
    console.log(`skim: ${JSON.stringify(counts)}`);
    // All that real NodeAgents send is read here; what is refused has its error from Connect.
    expect(counts.ordinarySkimmed).toBe(counts.ordinary);
    expect(counts.ordinary).toBeGreaterThan(MESSAGES_COUNT / 10);
    expect(counts.refused).toBeGreaterThan(MESSAGES_COUNT / 10);
    expect(counts.skimmed).toBeGreaterThan(MESSAGES_COUNT / 4);
  }, 120_000);
});
