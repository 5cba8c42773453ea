/**
 * The script that a started thread is started with.
 *
 * It joins the tree before anything else is loaded: from then on its end is told by the core, whatever ends it. Where it
 * was ended meanwhile it does nothing.
 */
import { loadCore, requirePart } from '../load';
import { inheritCore } from '../native/inherited';
import { readThread } from '../process/command-line';
import type * as Thread from './thread';

const { coreFile, id } = readThread(process.argv);
const thread = () => requirePart('./worker/thread.js') as typeof Thread;
if (coreFile === '') {
  thread().enter(id);
} else {
  const native = inheritCore(coreFile);
  const order = native.threadEnter(id);
  if (order != null) {
    loadCore(native.codeKept() ?? undefined);
    thread().begin(order);
  }
}
