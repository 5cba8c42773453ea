import type * as V8 from 'node:v8';

/** Node's module v8. Loaded at the first need: it brings Node's streams along, a tenth of what it takes to boot a process. */
export const v8 = (): typeof V8 => process.getBuiltinModule('node:v8');
