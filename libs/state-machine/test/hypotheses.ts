import fc, { type Arbitrary } from 'fast-check';
import { CONTAINER_STATES, MODEL_STATES, type Hypothesis } from '../src/index.ts';
import { MODELS, NODES, PACKAGES, SCENARIOS } from './inputs.ts';

/** Names as they are known, now and then one that is not, and seldom one that cannot be. */
const node = fc.constantFrom(...NODES, ...NODES, 'n9');
const model = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...MODELS) },
  { weight: 2, arbitrary: fc.constant('f') },
  { weight: 1, arbitrary: fc.constant('-f') },
);

/** Any hypothesis about the small universe of the inputs. */
const hypothesis: Arbitrary<Hypothesis> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('node-lost' as const), node }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('model' as const),
      name: model,
      state: fc.constantFrom(...MODEL_STATES),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('container' as const),
      node,
      model: fc.constantFrom(...MODELS, 'f'),
      name: fc.constantFrom('x', 'y', 'z'),
      state: fc.constantFrom(...CONTAINER_STATES),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('package-defined' as const),
      name: fc.constantFrom(...PACKAGES, 'u'),
      models: fc.array(fc.constantFrom(...MODELS), { maxLength: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('scenario-defined' as const),
      name: fc.constantFrom(...SCENARIOS),
      target: fc.constantFrom('', ...PACKAGES),
      action: fc.constantFrom('launch', 'terminate'),
    }),
  },
);

/** What is supposed to happen together: mostly one thing, up to four. */
export const hypothesisLists: Arbitrary<readonly Hypothesis[]> = fc.oneof(
  fc.tuple(hypothesis),
  fc.array(hypothesis, { minLength: 1, maxLength: 4, size: 'max' }),
);
