/** What a started process or thread may be. */
import type { Adoption } from '../process/launch';
import type * as PoolMain from './pool-main';
import type * as ProcessMain from './process-main';

/** Loaded when the role is known; a spare loads all of it beforehand. Bundled, `require` of a file of ours runs that file (scripts/bundle.mjs). */
export const ROLES: Readonly<Record<Adoption['role'], () => { main(adoption: Adoption): Promise<void> }>> = {
  process: () => require('./process-main') as typeof ProcessMain,
  worker: () => require('./pool-main') as typeof PoolMain,
};
