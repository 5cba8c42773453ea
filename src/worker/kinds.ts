/** The classes of handles, loaded when the first handle of their kind arrives: few programs use all. */
import { onUnknownKind } from '../arena/handle';

const MODULES: Readonly<Record<string, () => unknown>> = {
  Lock: () => require('../sync/lock'),
  RLock: () => require('../sync/rlock'),
  RWLock: () => require('../sync/rwlock'),
  Semaphore: () => require('../sync/semaphore'),
  BoundedSemaphore: () => require('../sync/semaphore'),
  Condition: () => require('../sync/condition'),
  Event: () => require('../sync/event'),
  Barrier: () => require('../sync/barrier'),
  Queue: () => require('../queue/queue'),
  SimpleQueue: () => require('../queue/simple-queue'),
  JoinableQueue: () => require('../queue/joinable-queue'),
  Connection: () => require('../queue/connection'),
  Array: () => require('../shared/shared-array'),
  Value: () => require('../shared/value'),
  SynchronizedArray: () => require('../shared/synchronized-array'),
  Shared: () => require('../shared/shared-value'),
};
const all = (): unknown => require('../index');

onUnknownKind((kind) => void (Object.hasOwn(MODULES, kind) ? MODULES[kind] : all)());
