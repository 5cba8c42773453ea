/** How a child is started: one order, one way for each start method. */
import type { StartMethod } from '../types';
import { launch, type Child, type Order } from './launch';
import { launchThread } from './thread';

const WAYS: Readonly<Record<StartMethod, (order: Order) => Child>> = { spawn: launch, thread: launchThread };

/** Starts a child. @throws what the start method's own function throws; nothing was started then. */
export function startChild(method: StartMethod, order: Order): Child {
  return WAYS[method](order);
}
