/**
 * The script that a started process is started with.
 *
 * It joins the tree before the core is loaded: there lies what others have compiled of it.
 */
import { loadCore, requirePart } from '../load';
import { inheritCore } from '../native/inherited';
import { read } from '../process/command-line';
import type * as Child from './child';

const line = read(process.argv);
if (line.coreFile !== '') {
  const native = inheritCore(line.coreFile);
  native.attach(line.slot, line.generation);
  loadCore(native.codeKept() ?? undefined);
}
(requirePart('./worker/child.js') as typeof Child).begin(line);
