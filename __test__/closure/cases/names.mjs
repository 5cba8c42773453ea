// An import whose name is no identifier, which not every tool reads.
import { 'odd name' as odd } from './lib/module.mjs';
import { finish, same } from '../support/across.cjs';

await same('an import whose name is a string', () => odd);
finish();
