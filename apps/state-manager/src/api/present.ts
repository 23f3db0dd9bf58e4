import { Code, ConnectError } from '@connectrpc/connect';
import type { Fleet } from '@statemanager/state-machine';
import type { Picture } from '../read/picture.ts';
import type { ReadModel } from '../read/read-model.ts';

/** The present. Throws UNAVAILABLE while this process does not lead. */
export function presentOf(model: ReadModel): Picture {
  const picture = model.present;
  if (picture === undefined) throw new ConnectError('this StateManager does not lead; try again', Code.Unavailable);
  return picture;
}

/** What is decided with. Throws UNAVAILABLE while this process does not lead. */
export function viewOf(model: ReadModel): Fleet {
  presentOf(model);
  return model.view as Fleet;
}
