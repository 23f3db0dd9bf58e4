import { Code, ConnectError } from '@connectrpc/connect';
import type { Fleet } from '@statemanager/state-machine';
import type { Picture } from '../read/picture.ts';
import type { ReadModel } from '../read/read-model.ts';

/** The present. Throws UNAVAILABLE until the view is loaded. */
export function presentOf(model: ReadModel): Picture {
  const picture = model.present;
  if (picture === undefined)
    throw new ConnectError('this StateManager has not loaded its view yet; try again', Code.Unavailable);
  return picture;
}

/** What is decided with. Throws UNAVAILABLE until the view is loaded. */
export function viewOf(model: ReadModel): Fleet {
  presentOf(model);
  return model.view as Fleet;
}
