/**
 * The script that a started thread is started with.
 *
 * It joins the tree before anything else is loaded: from then on its end is told by the core, whatever ends it. Where it
 * was ended meanwhile it does nothing.
 */
import { inheritCore } from '../native/inherited';
import type * as Native from '../native';
import { readThread } from '../process/command-line';
import type * as Thread from './thread';

const { coreFile, id } = readThread(process.argv);
if (coreFile !== '') inheritCore(coreFile);
// Not imported: it loads the core.
const order = (require('../native') as typeof Native).native.threadEnter(id);
if (order != null) (require('./thread') as typeof Thread).begin(order);
