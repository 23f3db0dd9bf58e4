import { DEFAULT_RULE_OPTIONS } from '@statemanager/state-machine';
import { expect, it } from 'vitest';
import { readCommand } from './config/config.ts';
import { rulesOf } from './service-parts.ts';

it('the rules of a service without settings are those of the library', () => {
  const command = readCommand([], {});
  expect(command.type === 'run' && rulesOf(command.config)).toEqual(DEFAULT_RULE_OPTIONS);
});
